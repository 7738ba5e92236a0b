"""The redirector's counters: plain integers, formatted only when /metrics is read."""

from collections.abc import Callable, Mapping
from pathlib import Path

from infra import disks
from infra.exposition import Reading, exposition, registry
from ingest.deferred_journal import AnyJournal
from redirect import latency
from redirect.event_line import piece
from schemas.event import KINDS, OUTCOMES, Kind, Outcome


class Tally:
    """The number of scans of one kind and outcome, and how a line encodes these two."""

    __slots__ = ("n", "piece")

    def __init__(self, kind: Kind, outcome: Outcome) -> None:
        self.n = 0
        self.piece = piece(kind, outcome)


class Counts:
    """The counters of one process."""

    def __init__(self) -> None:
        self.tallies = {(kind, outcome): Tally(kind, outcome) for kind in KINDS for outcome in OUTCOMES}
        self.lookups = 0
        # Lookups that found a code in Redis.
        self.fetched = 0
        self.stale = 0
        self.unavailable = 0
        self.not_found = 0
        self.unknown_unrecorded = 0
        self.other_values = 0
        self.gate_busy = 0
        self.refused = 0
        self.journal_errors = 0
        self.changes = 0
        self.gaps = 0
        self.unreadable_routes = 0
        self.latency = latency.Latency()


# Fields of Counts that are exported as metrics of the same name.
_COUNTED = (
    *("lookups", "stale", "unavailable", "not_found", "unknown_unrecorded", "other_values", "gate_busy", "refused"),
    *("journal_errors", "changes", "gaps", "unreadable_routes"),
)


class Metrics:
    """Format the metrics. `gauges` map names, without the common prefix, to functions that are called at each read.
    `worker` is a label that tells redirectors behind one address apart. `folder` has the journals."""

    def __init__(
        self,
        counts: Counts,
        journal: AnyJournal,
        gauges: Mapping[str, Callable[[], float]],
        folder: Path,
        worker: str = "",
    ) -> None:
        self._folder = folder
        self._counts = counts
        self._journal = journal
        self._gauges = gauges
        self._hits = 0
        self._registry = registry(self._read, worker=worker)

    def __call__(self) -> bytes:
        """The body of /metrics."""
        return exposition(self._registry)

    def _read(self) -> Mapping[str, Reading]:
        counts, journal = self._counts, self._journal
        recorded = sum(tally.n for (_, outcome), tally in counts.tallies.items() if outcome != "unknown")
        # A scan that waits for Redis is fetched but not recorded yet; a counter must never decrease.
        self._hits = max(self._hits, recorded - counts.fetched)
        named: dict[str, float] = {
            "cache_hits_total": self._hits,
            "journal_events_total": journal.seq,
            "journal_sync_failures_total": journal.sync_failures,
            "journal_unsynced_bytes": journal.unsynced,
            "journal_refusing": journal.refusing,
        }
        named |= {f"{name}_total": getattr(counts, name) for name in _COUNTED}
        named |= {name: read() for name, read in self._gauges.items()}
        return {
            latency.METRIC: counts.latency.spread(),
            "waymark_engine_up": {("redis",): self._gauges["trusted"]()},
            **disks.readings(disks.room({"journal": self._folder})),
            "waymark_visits_total": {labels: tally.n for labels, tally in counts.tallies.items()},
            **{f"waymark_redirect_{name}": value for name, value in named.items()},
        }
