"""Ask this machine's redirectors which edge headers arrive from whom, and why recent scans have no country."""

from collections import Counter
from collections.abc import Iterator

import msgspec

from waymark.checks import Finding, ok, warning
from waymark.core_client import CoreUnavailable, fetch
from waymark.data_dir import DataDir, held
from waymark.settings import Settings

PATIENCE_S = 2.0


class Edge(msgspec.Struct, frozen=True, rename={"whom": "from"}):
    edge: str
    whom: str
    believed: bool
    visits: int


class Arrivals(msgspec.Struct, frozen=True):
    """What `redirect.arrivals` reports."""

    looked_at: int
    edges: list[Edge]
    unplaced: dict[str, int]


def visitors(settings: Settings) -> Iterator[Finding]:
    folder = DataDir(settings.data)
    if not held(folder):
        yield ok("visitors", "not checked: no redirector is running here")
        return
    found = []
    for worker in range(1, settings.workers + 1):
        try:
            status, body = fetch(folder.redirector_socket(worker), "/arrivals", PATIENCE_S)
        except CoreUnavailable as error:
            yield warning("visitors", f"redirector {worker} does not answer: {error}")
            continue
        if status == 200:
            found.append(msgspec.json.decode(body, type=Arrivals))
    if found:
        yield from _edges(settings, found)
        yield from _unplaced(found)


def _edges(settings: Settings, found: list[Arrivals]) -> Iterator[Finding]:
    looked_at = sum(one.looked_at for one in found)
    seen: Counter[tuple[str, str, bool]] = Counter()
    for edge in (edge for one in found for edge in one.edges):
        seen[edge.edge, edge.whom, edge.believed] += edge.visits
    if not seen:
        yield ok("edge headers", f"none in the last {looked_at:,} scans (WAYMARK_EDGE={settings.edge})")
    for (name, whom, believed), visits in seen.most_common():
        said = f"{name}'s arrive from {whom} ({visits:,} of the last {looked_at:,} scans)"
        if believed:
            yield ok("edge headers", f"{said}, and are trusted")
        else:
            yield warning("edge headers", f"{said}, and are not trusted (docs/proxies.md says when they are)")


def _unplaced(found: list[Arrivals]) -> Iterator[Finding]:
    reasons: Counter[str] = Counter()
    for one in found:
        reasons.update(one.unplaced)
    if not reasons:
        yield ok("countries", "all recent scans have one")
    for reason, visits in reasons.most_common():
        yield warning("countries", f"{visits:,} recent scans without one: {reason}")
