"""The tables of docs/scaling.md, from the figures that were measured last: `python -m bench --write` makes them anew,
and so does `python -m bench.scaling`, which measures nothing.

What has not been measured on this machine yet is taken from the design's own measurements, and marked so.
"""

import json
import math
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

DOCS = Path(__file__).parents[1] / "docs"
BEGIN, END = "<!-- made by python -m bench.scaling -->", "<!-- until here -->"

RATES = (1_000, 100_000, 1_000_000)
# A core is not to be used further than this, and a disk neither.
LOAD = 0.6
DAY_S = 86_400


class Unit(msgspec.Struct, frozen=True):
    """What one of something costs or can do. `bench` and `what`: the figure it is taken from, when there is one."""

    name: str
    says: str
    value: float
    unit: str
    bench: str = ""
    what: str = ""


UNITS = (
    Unit(
        "hot",
        "one hot redirect, of a redirector's core",
        26.0,
        "µs",
        "redirect",
        "waymark: processor time of one answer",
    ),
    Unit(
        "cold",
        "one redirect whose route is read from Redis",
        87.0,
        "µs",
        "cold",
        "cold redirect: processor time of one answer",
    ),
    Unit(
        "store", "scans that one aggregator stores", 100_000.0, "/s", "aggregator", "from a journal to rows and rollups"
    ),
    Unit("insert", "one scan of the warehouse's core, with both rollups", 7.0, "µs"),
    Unit("line", "one scan in the journal and in Kafka", 257.0, "B"),
    Unit("row", "one scan stored, merged", 34.0, "B"),
    Unit("rollup", "the same in the rollups (few codes; the more codes, the more)", 19.0, "B"),
    Unit("redis", "GETs and counters that one Redis answers", 150_000.0, "/s"),
    Unit(
        "memory",
        "a redirector with 100,000 routes",
        200.0,
        "MB",
        "memory",
        "redirect worker with 100,000 routes cached",
    ),
)


def measured(docs: Path = DOCS) -> dict[str, float]:
    """Unit → its figure, where the bench has written one."""
    try:
        benches = json.loads((docs / "performance.json").read_text())
    except FileNotFoundError:
        return {}
    figures = {(one["bench"], one["what"]): one["value"] for bench in benches.values() for one in bench["figures"]}
    return {unit.name: figures[unit.bench, unit.what] for unit in UNITS if (unit.bench, unit.what) in figures}


def units_table(found: Mapping[str, float]) -> Iterator[str]:
    yield "| what | figure | where it is from |"
    yield "|---|---|---|"
    for unit in UNITS:
        origin = f"bench `{unit.bench}`" if unit.bench else "measured by hand, see below"
        if unit.bench and unit.name not in found:
            origin += " (here the design's figure or budget: not measured on this machine yet)"
        yield f"| {unit.says} | {_number(found.get(unit.name, unit.value))} {unit.unit} | {origin} |"


def needs(rate: int, found: Mapping[str, float]) -> dict[str, str]:
    """What so many redirects a second need, all day long."""
    of = {unit.name: found.get(unit.name, unit.value) for unit in UNITS}
    redirectors = math.ceil(rate * of["hot"] / 1e6 / LOAD)
    aggregators = math.ceil(rate / of["store"] / LOAD)
    cores = rate * of["insert"] / 1e6 / LOAD
    stored = rate * DAY_S * (of["row"] + of["rollup"])
    return {
        "redirectors (cores)": str(redirectors),
        "their memory": _bytes(redirectors * of["memory"] * 1e6),
        "Redis, if 1 visit in 100 asks it": f"{rate / 100 / of['redis']:.1%} of one",
        "Redis, if each visit asks it (limits, passwords)": f"{rate / of['redis']:.1f} of one",
        "journal in an hour without Kafka, all machines": _bytes(rate * 3600 * of["line"]),
        "Kafka, in and to each replica": f"{_bytes(rate * of['line'])}/s",
        "Kafka, kept a day, each replica": _bytes(rate * DAY_S * of["line"]),
        "partitions": str(max(3, 3 * aggregators)),
        "aggregators": str(aggregators),
        "warehouse, cores to insert (as many again to merge)": str(math.ceil(cores)),
        "warehouse, disk a day": _bytes(stored),
        "warehouse, disk a year": _bytes(365 * stored),
        "servers for it, of 32 cores and 20 TB, keeping 90 days": str(
            max(1, math.ceil(2 * cores / 32), math.ceil(90 * stored / 20e12 / LOAD))
        ),
    }


def needs_table(found: Mapping[str, float]) -> Iterator[str]:
    columns = [needs(rate, found) for rate in RATES]
    yield f"| needed for | {' | '.join(f'{rate:,}/s' for rate in RATES)} |"
    yield f"|---|{'---|' * len(RATES)}"
    for name in columns[0]:
        yield f"| {name} | {' | '.join(column[name] for column in columns)} |"


def page(text: str, found: Mapping[str, float]) -> str:
    """The page with its tables made anew."""
    before, rest = text.split(BEGIN)
    _, after = rest.split(END)
    tables = "\n".join([BEGIN, "", *units_table(found), "", *needs_table(found), "", END])
    return f"{before}{tables}{after}"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 else f"{value:.1f}"


def _bytes(value: float) -> str:
    for unit in ("B", "KB", "MB", "GB"):
        if value < 1000:
            return f"{value:.3g} {unit}"
        value /= 1000
    return f"{value:,.1f} TB"


def write(docs: Path = DOCS) -> None:
    """Does nothing where there is no such page."""
    path = docs / "scaling.md"
    if path.exists():
        path.write_text(page(path.read_text(), measured(docs)))


if __name__ == "__main__":
    write()
