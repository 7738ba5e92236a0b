"""A recorder with a salt, a clock and a database of its own, and what it writes."""

from collections.abc import Callable
from typing import Any

from decisions.response import NO_VARIANT
from redirect.client_ip import packed
from redirect.event_recorder import Recorder, recorder
from redirect.geo import EDGES, UNKNOWN_LOCATION, Edge, Location
from redirect.metrics import Counts
from redirect.route_cache import CachedRoute, RouteCache, Trust
from redirect.settings import LOOPBACK
from redirect.user_agent import agent_reader
from redirect.visitor_hash import MS_OF_DAY, Salts
from schemas.event import seal
from schemas.route import Route

READ_AGENT = agent_reader()
SALT = b"s" * 16
SOURCE, SEQ, TS = 2**63 - 1, 12, 1_790_000_000_123
SLUG = "intro/one"
EDGE = EDGES["cloudflare"]


def database(address: bytes) -> Location:
    return Location("NZ") if address == packed("198.51.100.4") else UNKNOWN_LOCATION


def cached_route(route: Route, host: str) -> CachedRoute:
    return RouteCache(1, Trust(), host, lambda _: b"https://x.example/").prepare(f"/{SLUG}", route, 0)


LINES: list[bytes] = []
COUNTS = Counts()


def keep(rest: bytes) -> None:
    LINES.append(seal(b"[%d,%d," % (SOURCE, SEQ) + rest))


def recording(
    add: Callable[[bytes], None] = keep,
    now_ms: int = TS,
    proxies: tuple[str, ...] = LOOPBACK,
    edge: Edge = EDGE,
    **more: Any,
) -> Callable[[CachedRoute, dict[str, Any]], None]:
    salts = Salts(lambda n: b"r" * n)
    salts.put(now_ms // MS_OF_DAY, SALT)
    return record_with(
        recorder(
            add,
            read_agent=READ_AGENT,
            salts=salts,
            trusted_proxies=proxies,
            edge=edge,
            location_of_address=database,
            now_ms=lambda: now_ms,
            counts=COUNTS,
            **more,
        )
    )


def record_with(recorder: Recorder) -> Callable[[CachedRoute, dict[str, Any]], None]:
    """Both steps, as a plain redirect takes them."""
    return lambda cached, scope: recorder.write(
        cached, recorder.look(cached.workspace, scope), cached.outcome, NO_VARIANT
    )


def request_of(**more: Any) -> dict[str, Any]:
    return {"headers": [], "method": "GET", "client": ("127.0.0.1", 1), "path": f"/{SLUG}", "query_string": b"", **more}


ROUTE = Route(version=1, birth=7, workspace=1, destination="https://example.com/")
