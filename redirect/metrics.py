"""What a redirector counts: plain integers, read only when somebody asks for /metrics."""

from collections.abc import Callable, Mapping

from infra.exposition import Reading, exposition, registry
from ingest.deferred_journal import AnyJournal
from redirect.event_line import piece
from schemas.event import KINDS, OUTCOMES, Kind, Outcome


class Tally:
    """How many scans there were of one kind with one outcome, and how a line says these two."""

    __slots__ = ("n", "piece")

    def __init__(self, kind: Kind, outcome: Outcome) -> None:
        self.n = 0
        self.piece = piece(kind, outcome)


class Counts:
    """One for each process."""

    def __init__(self) -> None:
        self.tallies = {(kind, outcome): Tally(kind, outcome) for kind in KINDS for outcome in OUTCOMES}
        self.lookups = 0
        # Those of the lookups that found a code in Redis.
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


# Fields of Counts that are metrics of the same name.
_COUNTED = (
    *("lookups", "stale", "unavailable", "not_found", "unknown_unrecorded", "other_values", "gate_busy", "refused"),
    *("journal_errors", "changes", "gaps", "unreadable_routes"),
)


class Metrics:
    """`gauges` are read when they are asked for, by the metrics' names without what all of them begin with. `worker`
    tells redirectors apart that share an address."""

    def __init__(
        self, counts: Counts, journal: AnyJournal, gauges: Mapping[str, Callable[[], float]], worker: str = ""
    ) -> None:
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
        # A scan that waits for Redis now is fetched and not recorded yet; a counter never goes back.
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
            "waymark_visits_total": {labels: tally.n for labels, tally in counts.tallies.items()},
            **{f"waymark_redirect_{name}": value for name, value in named.items()},
        }
