"""An entry of the table `stored_batches`, which the aggregator writes (`aggregator.batch_log`) and the feed reads
(`analytics.feed`)."""

import msgspec
from xxhash import xxh3_64_intdigest

COLUMNS = ("bus", "bus_partition", "first", "last", "rows", "oldest", "newest", "replay", "details", "track", "at")


class StoredBatch(msgspec.Struct, frozen=True):
    """A batch whose rows are stored for certain: those of one partition with offsets from `first` to `last`, `rows` of
    them at first (an erasure may take some), scanned between `oldest_ms` and `newest_ms`."""

    bus: str
    bus_partition: int
    first: int
    last: int
    rows: int
    oldest_ms: int
    newest_ms: int
    # Ranges of offsets whose rows are not of this batch: those of dead letters.
    passed: list[tuple[int, int]] = []
    # Counts the replays of dead letters; 0 for a batch from the bus.
    replay: int = 0
    # Source and seq of the rows of a replay.
    replayed: list[tuple[int, int]] = []
    # When it was logged; only grows.
    at_ms: int = 0

    @property
    def track(self) -> int:
        """Batches of one track are logged in their `order`."""
        return xxh3_64_intdigest(f"{self.bus}:{'replay' if self.replay else self.bus_partition}".encode())

    @property
    def order(self) -> int:
        return self.replay or self.last


def encode_details(entry: StoredBatch) -> str:
    """What most entries do not have: "" then."""
    details = entry.replayed if entry.replay else entry.passed
    return msgspec.json.encode(details).decode() if details else ""


def decode_details(details: str) -> list[tuple[int, int]]:
    return msgspec.json.decode(details, type=list[tuple[int, int]]) if details else []
