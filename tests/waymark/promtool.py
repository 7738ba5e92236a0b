"""What `promtool check metrics` says, and what Waymark asks of itself beyond that."""

import re
import subprocess
import urllib.request
from collections.abc import Iterator

from prometheus_client.parser import text_string_to_metric_families

from infra.exposition import WORKER
from infra.metrics import METRICS, Metric

# Units that are not base units, and words that a name must not hold.
NOT_BASE = {
    *("milliseconds", "microseconds", "nanoseconds", "minutes", "hours", "days", "weeks", "ms", "sec", "secs", "msec"),
    *("bits", "kilobytes", "megabytes", "gigabytes", "kib", "mib", "gib", "kb", "mb", "percent", "celsius"),
}
KINDS = {"counter", "gauge", "histogram", "summary", "untyped"}


def complaints_about(metric: Metric) -> Iterator[str]:
    """Of one entry of the catalogue."""
    name, words = metric.name, set(metric.name.split("_"))
    if not re.fullmatch(r"waymark(_[a-z][a-z0-9]*)+", name):
        yield f"{name}: not a name of ours in snake case"
    if not metric.help or not metric.help.endswith("."):
        yield f"{name}: no help text"
    if (metric.kind == "counter") != name.endswith("_total"):
        yield f"{name}: counters end in _total, and nothing else does"
    if words & NOT_BASE:
        yield f"{name}: {words & NOT_BASE} is no base unit"
    if words & KINDS:
        yield f"{name}: says its kind"
    if re.search(r"_(count|sum|bucket|info)$", name):
        yield f"{name}: ends as a series of something else does"
    told = next((unit for unit in ("seconds", "bytes") if name.removesuffix("_total").endswith(f"_{unit}")), "")
    if told != metric.unit or (not told and words & {"seconds", "bytes"}):
        yield f"{name}: its unit is {metric.unit!r}, and the name ends otherwise"
    if (metric.kind == "histogram") != bool(metric.bounds) or list(metric.bounds) != sorted(set(metric.bounds)):
        yield f"{name}: bounds"
    if set(metric.labels) & {"le", "quantile", "job", "instance", WORKER}:
        yield f"{name}: labels"


def complaints(text: str) -> str:
    """What the real one says about the body of a /metrics."""
    done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True, timeout=60)
    return done.stdout + done.stderr


def asked(port: int, path: str = "/metrics") -> str:
    """What a service on this machine answers. Raises for every status but 200."""
    with urllib.request.urlopen(f"http://localhost:{port}{path}", timeout=30) as response:
        body: bytes = response.read()
        return body.decode()


def shown(text: str) -> set[str]:
    """The names of the metrics in the body of a /metrics, once all of it is as the catalogue says."""
    names = set()
    for family in text_string_to_metric_families(text):
        name = family.name + ("_total" if family.type == "counter" else "")
        metric = METRICS[name]
        assert (family.type, family.documentation) == (metric.kind, metric.help), name
        series = {tuple(sorted(sample.labels.items())) for sample in family.samples if "le" not in sample.labels}
        for sample in family.samples:
            assert set(sample.labels) - {"le", WORKER} == set(metric.labels), sample
            assert sample.value >= 0, sample
            assert sample.name in {name, f"{name}_bucket", f"{name}_sum", f"{name}_count"}
        if metric.kind == "histogram":
            for labels in series:
                buckets = [
                    (sample.labels["le"], sample.value)
                    for sample in family.samples
                    if "le" in sample.labels
                    and tuple(sorted((k, v) for k, v in sample.labels.items() if k != "le")) == labels
                ]
                assert [float(bound) for bound, _ in buckets] == [*metric.bounds, float("inf")]
                assert [count for _, count in buckets] == sorted(count for _, count in buckets)
        assert name not in names, f"{name} twice"
        names.add(name)
    return names


def of(*services: str) -> set[str]:
    """What these services must show."""
    return {metric.name for metric in METRICS.values() if metric.service in {*services, "every"}}
