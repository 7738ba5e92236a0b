"""Log every batch once it is stored for certain, in the table `stored_batches`: the order of storing, for the feed.

An entry is written after the batch's rows and sums are known to be there, and before the bus is told that the batch is
done with. So a batch in doubt has no entry; a kill in between leaves its intent, and whoever settles it logs it. An
entry may be there twice: its partition and offsets tell.

An insert costs some milliseconds whatever it holds, so entries wait for each other: `flush` writes those of all
partitions. (docs/decisions/0408)
"""

import math
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import UTC, datetime

import msgspec
from clickhouse_connect.driver.client import Client

from aggregator.batch import Batch
from aggregator.bus import PartitionId
from aggregator.decoding import Key
from aggregator.disk_space import DiskSpace
from infra import clock
from infra.warehouse import put
from schemas.stored_batch import COLUMNS, StoredBatch, encode_details

# An entry that waits for this long is looked for before it is written: another process may have written it.
OLD_S = 60.0


class _Pending(msgspec.Struct, frozen=True):
    entry: StoredBatch
    since_s: float


class BatchLog:
    """Of one aggregator. `add` and `holds` are called in the event loop, `flush` and `add_replayed` in the warehouse's
    thread."""

    def __init__(
        self,
        now_ms: Callable[[], int] = clock.now_ms,
        elapsed: Callable[[], float] = time.monotonic,
        *,
        space: DiskSpace | None = None,
    ) -> None:
        self._space = space or DiskSpace(0)
        self._now_ms = now_ms
        self._elapsed = elapsed
        self._pending: dict[str, _Pending] = {}

    def __bool__(self) -> bool:
        return bool(self._pending)

    def holds(self, partition_id: PartitionId) -> bool:
        """Whether a batch of the partition waits to be logged."""
        entries = [pending.entry for pending in self._pending.values()]
        return any((one.bus, one.bus_partition) == (partition_id.bus, partition_id.number) for one in entries)

    def add(self, batch: Batch, *, settled: bool = False) -> None:
        """A batch that is stored; one that was `settled` may have been logged before. Until it is flushed, the bus must
        not be told that it is done with."""
        if not batch.lines:
            return
        oldest_ms, newest_ms = batch.span
        entry = StoredBatch(
            bus=batch.partition_id.bus,
            bus_partition=batch.partition_id.number,
            first=batch.first,
            last=batch.last,
            rows=len(batch.lines),
            oldest_ms=oldest_ms,
            newest_ms=newest_ms,
            passed=batch.passed,
        )
        self._pending[batch.token] = _Pending(entry, -math.inf if settled else self._elapsed())

    def flush(self, client: Client) -> None:
        """Raises NoRoom and what the client raises; then call it again."""
        pending = list(self._pending.items())
        if not pending:
            return
        self._space.require(client)
        # Readers forget tracks that are silent for long, so an old batch must not be logged again.
        old_s = self._elapsed() - OLD_S
        entries = [one.entry for _, one in pending if one.since_s > old_s or not _is_logged(client, one.entry)]
        if entries:
            _insert(client, entries, self._now_ms())
        for token, _ in pending:
            self._pending.pop(token, None)

    def add_replayed(self, client: Client, letter: Batch, keys: Collection[Key]) -> None:
        """Log those rows of a dead letter that no earlier replay has logged. They bear the offset of the letter, and
        readers are past that; so replays have an order of their own. Call it while nothing else is inserted."""
        place = letter.partition_id
        where = f"bus = '{place.bus}' AND replay > 0"
        query = f"SELECT details FROM stored_batches WHERE {where} AND bus_partition = {place.number}"  # noqa: S608
        known: set[Key] = set()
        for (details,) in client.query(f"{query} AND first = {letter.first}").result_rows:
            known.update(msgspec.json.decode(details, type=list[Key]))
        new = sorted(set(keys) - known)
        if not new:
            return
        last = client.query(f"SELECT max(replay) FROM stored_batches WHERE {where}").result_rows[0][0]  # noqa: S608
        oldest_ms, newest_ms = letter.span
        entry = StoredBatch(
            bus=place.bus,
            bus_partition=place.number,
            first=letter.first,
            last=letter.last,
            rows=len(new),
            oldest_ms=oldest_ms,
            newest_ms=newest_ms,
            replay=last + 1,
            replayed=new,
        )
        _insert(client, [entry], self._now_ms())


def _is_logged(client: Client, entry: StoredBatch) -> bool:
    query = f"SELECT count() FROM stored_batches WHERE track = {entry.track} AND last = {entry.last}"  # noqa: S608
    return bool(client.query(query).result_rows[0][0])


def _insert(client: Client, entries: Iterable[StoredBatch], now_ms: int) -> None:
    """`at` never falls behind what the log holds already, whatever this machine's clock says."""
    highest = client.query("SELECT toUnixTimestamp64Milli(max(at)) FROM stored_batches").result_rows[0][0]
    rows = [_row(entry, max(now_ms, highest + 1) + place) for place, entry in enumerate(entries)]
    put(client, "stored_batches", COLUMNS, rows)


def _row(entry: StoredBatch, at_ms: int) -> Sequence[object]:
    return [
        entry.bus,
        entry.bus_partition,
        entry.first,
        entry.last,
        entry.rows,
        _moment(entry.oldest_ms),
        _moment(entry.newest_ms),
        entry.replay,
        encode_details(entry),
        entry.track,
        _moment(at_ms),
    ]


def _moment(at_ms: int) -> str:
    return f"{datetime.fromtimestamp(at_ms // 1000, UTC):%Y-%m-%d %H:%M:%S}.{at_ms % 1000:03d}"
