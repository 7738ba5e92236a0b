"""Expose metrics in Prometheus' text format. Counting adds to a plain integer; everything else happens when /metrics is
requested."""

import os
import time
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import accumulate

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.core import Metric as Family
from prometheus_client.registry import Collector

from infra.metrics import METRICS, Metric

_STARTED = time.time()

WORKER = "worker"


class Histogram:
    """A histogram's counts by bucket. For one thread at a time."""

    __slots__ = ("_bounds", "counts", "sum")

    def __init__(self, metric: str) -> None:
        self._bounds = METRICS[metric].bounds
        self.counts = [0] * (len(self._bounds) + 1)
        self.sum = 0.0

    def add(self, value: float) -> None:
        self.counts[bisect_left(self._bounds, value)] += 1
        self.sum += value

    def merge(self, other: "Histogram") -> None:
        """Add the counts of another histogram of the same metric."""
        self.counts = [a + b for a, b in zip(self.counts, other.counts, strict=True)]
        self.sum += other.sum

    def buckets(self) -> list[tuple[str, float]]:
        names = [*map(str, self._bounds), "+Inf"]
        return list(zip(names, accumulate(self.counts), strict=True))


Value = float | Histogram
# A metric without labels has one value; with labels, one for each of their values.
Reading = Value | Mapping[tuple[str, ...], Value]
Read = Callable[[], Mapping[str, Reading]]


class MetricsCollector(Collector):
    """`read` gives readings by the metrics' names. Raises KeyError for a name that the catalogue does not have. With
    `worker`, all have that label: several processes answer at one address, and one series must not be made of two."""

    def __init__(self, read: Read, worker: str = "") -> None:
        self._read = read
        self._worker = worker

    def collect(self) -> Iterator[Family]:
        for name, reading in self._read().items():
            metric = METRICS[name]
            values: Mapping[tuple[str, ...], Value] = reading if isinstance(reading, Mapping) else {(): reading}
            yield _family(metric, values, {WORKER: self._worker} if self._worker else {})


def _family(metric: Metric, values: Mapping[tuple[str, ...], Value], more: Mapping[str, str]) -> Family:
    names = (*metric.labels, *more)
    if metric.kind == "histogram":
        spreads = HistogramMetricFamily(metric.name, metric.help, labels=names)
        for labels, spread in values.items():
            assert isinstance(spread, Histogram)
            spreads.add_metric((*labels, *more.values()), spread.buckets(), spread.sum)
        return spreads
    kind = CounterMetricFamily if metric.kind == "counter" else GaugeMetricFamily
    family = kind(metric.name, metric.help, labels=names)
    for labels, value in values.items():
        assert not isinstance(value, Histogram)
        family.add_metric((*labels, *more.values()), value)
    return family


def process() -> Mapping[str, Reading]:
    """The metrics that every service has about its process."""
    with open("/proc/self/statm") as statm:
        pages = int(statm.read().split()[1])
    return {
        "waymark_start_time_seconds": _STARTED,
        "waymark_cpu_seconds_total": time.process_time(),
        "waymark_memory_bytes": pages * os.sysconf("SC_PAGE_SIZE"),
    }


def registry(*reads: Read, worker: str = "") -> CollectorRegistry:
    """The registry of one process; more collectors may be registered."""
    made = CollectorRegistry()
    for read in (process, *reads):
        made.register(MetricsCollector(read, worker))
    return made


def exposition(made: CollectorRegistry) -> bytes:
    """The body of /metrics."""
    return generate_latest(made)


def merged(bodies: Iterable[bytes]) -> bytes:
    """One body of several, which must not share a series: each metric's lines together, and its head once."""
    families: dict[bytes, list[bytes]] = {}
    for body in bodies:
        name, known = b"", False
        for line in body.splitlines(keepends=True):
            if line.startswith(b"# HELP "):
                name = line.split(b" ", 3)[2]
                known = name in families
            if not (known and line.startswith(b"#")):
                families.setdefault(name, []).append(line)
    return b"".join(line for lines in families.values() for line in lines)
