"""What a redirector counts: plain integers, read by Prometheus' collector only when it is asked."""

from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from redirect.line import piece
from schemas.event import KINDS, OUTCOMES, Kind, Outcome


class Tally:
    """How many visits there were of one kind with one outcome, and how a line says these two."""

    __slots__ = ("n", "piece")

    def __init__(self, kind: Kind, outcome: Outcome) -> None:
        self.n = 0
        self.piece = piece(kind, outcome)


class Counts:
    """One for each process."""

    def __init__(self) -> None:
        self.tallies = {(kind, outcome): Tally(kind, outcome) for kind in KINDS for outcome in OUTCOMES}
        self.lookups = 0
        self.stale = 0
        self.unavailable = 0
        self.not_found = 0
        self.unknown_unrecorded = 0
        self.gate_busy = 0
        self.refused = 0
        self.journal_errors = 0
        self.changes = 0
        self.unreadable_routes = 0


_COUNTERS = {
    "lookups": "Visits for which Redis was asked.",
    "stale": "Visits answered from the cache while Redis could not be asked.",
    "unavailable": "Visits answered with 503: not cached, and Redis could not be asked.",
    "not_found": "Visits answered with 404.",
    "unknown_unrecorded": "Visits of unknown slugs above the rate that is recorded.",
    "gate_busy": "Passwords that were not looked at: too many were waiting.",
    "refused": "Events that a full journal refused.",
    "journal_errors": "Events that could not be written.",
    "changes": "Route changes heard from Redis.",
    "unreadable_routes": "Routes and route changes that could not be read.",
}


class _Collector(Collector):
    def __init__(self, counts: Counts, gauges: dict[str, tuple[str, Callable[[], float]]]) -> None:
        self._counts = counts
        self._gauges = gauges

    def collect(self) -> Iterator[Metric]:
        visits = CounterMetricFamily("waymark_visits", "Answered visits of codes.", labels=["kind", "outcome"])
        for labels, tally in self._counts.tallies.items():
            visits.add_metric(labels, tally.n)
        yield visits
        for name, text in _COUNTERS.items():
            yield CounterMetricFamily(f"waymark_redirect_{name}", text, value=getattr(self._counts, name))
        for name, (text, read) in self._gauges.items():
            yield GaugeMetricFamily(f"waymark_redirect_{name}", text, value=read())


def exposition(counts: Counts, gauges: dict[str, tuple[str, Callable[[], float]]]) -> Callable[[], bytes]:
    """What /metrics answers with."""
    registry = CollectorRegistry()
    registry.register(_Collector(counts, gauges))
    return lambda: generate_latest(registry)
