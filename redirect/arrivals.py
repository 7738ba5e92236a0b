"""Report to the operator which edge headers arrive, from whom, and why recent visits have no country.

`waymark check` reads the report at the redirector's status socket. It lives in memory and holds no addresses: a sender
is this machine, a private network, an edge's networks, or the public. One visit in EVERY_MS is examined, so the cost
does not grow with traffic.
"""

from collections import Counter, deque
from collections.abc import Mapping
from ipaddress import ip_address, ip_network
from typing import Any

from redirect.client_ip import packed, trusts, unpacked
from redirect.geo import EDGES, NO_EDGE, Edge

EVERY_MS = 100
KEPT = 100
# Bound on the kinds of senders, since each private network counts as one.
SENDERS = 100

_is_cloudflare = trusts(["cloudflare"])


def sender(address: bytes) -> str:
    """Describe the sender without giving its address."""
    ip = ip_address(unpacked(address))
    if ip.is_loopback:
        return "this machine"
    if _is_cloudflare(address):
        return "Cloudflare's networks"
    if ip.is_private:
        return f"the private network {ip_network((ip, 16 if ip.version == 4 else 48), strict=False)}"
    return "public addresses"


class Arrivals:
    """Counts of what arrives. The first visit at or after `next_ms` is examined. Used in the event loop only."""

    __slots__ = ("_database", "_edge", "_edges", "_looked_at", "_unplaced", "next_ms")

    def __init__(self, edge: Edge, *, database: bool) -> None:
        self.next_ms = 0
        self._edge = edge
        self._database = database
        self._looked_at = 0
        self._edges: Counter[tuple[str, str, bool]] = Counter()
        self._unplaced: deque[str] = deque(maxlen=KEPT)

    def look(
        self,
        ts_ms: int,
        peer: str,
        scanner: bytes,
        headers: Mapping[bytes, bytes],
        *,
        is_proxy: bool,
        by_edge: bool,
        located: bool,
    ) -> None:
        self._looked_at += 1
        self.next_ms = ts_ms + EVERY_MS
        whom = sender(packed(peer) or bytes(16))
        found = {name: one for name, one in EDGES.items() if one.country in headers or one.address in headers}
        if self._edge != NO_EDGE and self._edge not in EDGES.values() and self._edge.country in headers:
            found["the edge of WAYMARK_EDGE"] = self._edge
        for name, one in found.items():
            key = (name, whom, by_edge and one == self._edge)
            if key in self._edges or len(self._edges) < SENDERS:
                self._edges[key] += 1
        if not located:
            self._unplaced.append(self._why(whom, scanner, headers, [*found], is_proxy=is_proxy, by_edge=by_edge))

    def _why(
        self,
        whom: str,
        scanner: bytes,
        headers: Mapping[bytes, bytes],
        edges: list[str],
        *,
        is_proxy: bool,
        by_edge: bool,
    ) -> str:
        country = self._edge.country.decode("latin-1")
        if self._edge == NO_EDGE and edges:
            return f"headers of {edges[0]} arrive from {whom}, and WAYMARK_EDGE names no edge"
        if self._edge != NO_EDGE and edges and not by_edge:
            return f"edge headers arrive from {whom}, which WAYMARK_TRUSTED_PROXIES does not take for the edge"
        if self._edge != NO_EDGE and edges:
            return f"the edge's header {country} is missing, or names no country"
        if not ip_address(unpacked(scanner)).is_global:
            if not is_proxy and b"x-forwarded-for" in headers:
                return f"{whom} forwards addresses, and is not among WAYMARK_TRUSTED_PROXIES"
            return f"the visitor's address is that of {sender(scanner)}: what stands in front forwards none"
        if not self._database:
            return "there is no database of countries (WAYMARK_GEO_DATABASE), and no edge says one"
        return "the database of countries has none for the address"

    def told(self) -> dict[str, Any]:
        return {
            "looked_at": self._looked_at,
            "edges": [
                {"edge": edge, "from": whom, "believed": believed, "visits": visits}
                for (edge, whom, believed), visits in self._edges.most_common()
            ],
            "unplaced": dict(Counter(self._unplaced).most_common()),
        }
