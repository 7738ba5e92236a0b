"""Record a scan: assemble a journal line from pieces that are already encoded.

All of this runs for every scan. Each piece comes from a bounded cache keyed by the raw header, which leaves a few
dictionary look-ups, one hash and one join; `tests/redirect` checks that the line equals the plain encoding of the same
event.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import msgspec

from redirect.arrivals import Arrivals
from redirect.bounded_cache import BoundedCache
from redirect.cardinality import OTHER, Cardinality
from redirect.client_ip import NO_ADDRESS, Forwarded, edges_of, forwarded, packed, trusts
from redirect.event_line import Observation, piece
from redirect.geo import NO_EDGE, UNKNOWN_LOCATION, Edge, Location, location_of_headers
from redirect.metrics import Counts
from redirect.request_fields import NO_UTM, labels, language, referrer, utm
from redirect.route_cache import CachedRoute
from redirect.user_agent import PREFETCH_HEADERS, Agent, is_prefetch
from redirect.visitor_hash import MS_OF_DAY, Salts
from schemas.event import Kind, Outcome
from schemas.short_links import QR_PATH

# User agents vary most and cost most (a tenth of a millisecond to parse, a kilobyte to keep).
AGENTS = 10_000
OTHERS = 4_096
# Pairs of scanner and code that may be recorded unchanged.
ADMITTED = 200_000


def _location_piece(location: Location) -> bytes:
    return piece(location.country, location.region, location.city, location.lat, location.lon)


_NO_CAMPAIGN = piece(*msgspec.structs.astuple(NO_UTM))


class _Client:
    """What headers say of a scanner: the pieces of a line from device to campaign (which they do not name), once as a
    person's and once as any other kind's (whose client is always Bot). `admitted` are the codes for which they may be
    recorded unchanged."""

    __slots__ = ("admitted", "as_other", "as_said", "digest", "kind")

    def __init__(self, agent: Agent, rest: bytes) -> None:
        self.kind = agent.kind
        self.digest = agent.digest
        self.admitted: set[bytes] = set()
        self.as_said = piece(agent.device, agent.model, agent.os, agent.browser, agent.client) + rest
        self.as_other = piece(agent.device, agent.model, agent.os, agent.browser, "Bot") + rest


class _Query:
    """What the query says of a scan: the campaign, and the piece with entry and placement, at a picture's path and at
    any other. `admitted` as in `_Client`. They are apart, because a campaign's prints are scanned by all kinds of
    scanners: the pairs would be too many to remember."""

    __slots__ = ("admitted", "by_link", "by_qr", "campaign")

    def __init__(self, query: bytes) -> None:
        said = labels(query)
        self.campaign = piece(*msgspec.structs.astuple(utm(query)))
        self.by_qr = piece(said.entry or "qr", said.placement)
        self.by_link = piece(said.entry or "link", said.placement)
        self.admitted: set[bytes] = set()


# An ASGI scope.
Scope = Mapping[str, Any]


class Recorder(NamedTuple):
    """`look(workspace, scope)` reads a request; `write(cached, seen, outcome, variant)` records the scan's outcome.
    `variant` is the key of the variant or rule taken, as JSON. Neither raises for anything in a request."""

    look: Callable[[bytes, Scope], Observation]
    write: Callable[[CachedRoute, Observation, Outcome, bytes], None]


def recorder(
    add: Callable[[bytes], None],
    *,
    read_agent: Callable[[bytes], Agent],
    salts: Salts,
    trusted_proxies: tuple[str, ...],
    edge: Edge,
    location_of_address: Callable[[bytes], Location] | None,
    now_ms: Callable[[], int],
    counts: Counts,
    distinct_values: int = 1_000,
    arrivals: Arrivals | None = None,
) -> Recorder:
    """Make the recorder. `add` takes each event (`redirect.group_commit`).

    Edge headers count only from a trusted proxy. If the trusted proxies name the edge, they count only on requests that
    came through one of its networks: others who reach the same proxy cannot forge them.
    """
    trusted = trusts(trusted_proxies)
    named_edges = edges_of(trusted_proxies)
    is_edge = trusts(named_edges) if named_edges else trusted
    agents: BoundedCache[bytes, Agent] = BoundedCache(AGENTS, read_agent)
    cardinality = Cardinality(distinct_values)

    def location_of(values: tuple[bytes | None, ...]) -> bytes:
        location = location_of_headers(values)
        if not cardinality.admits_location(location):
            location = Location(location.country, OTHER, OTHER)
        return _location_piece(location)

    locations: BoundedCache[tuple[bytes | None, ...], bytes] = BoundedCache(OTHERS, location_of)
    referrers: BoundedCache[bytes, bytes] = BoundedCache(
        OTHERS, lambda raw: piece(*msgspec.structs.astuple(referrer(raw)))
    )
    languages: BoundedCache[bytes, bytes] = BoundedCache(OTHERS, lambda raw: piece(language(raw)))
    queries: BoundedCache[bytes, _Query] = BoundedCache(OTHERS, _Query)
    by_qr, by_link = _Query(b"").by_qr, _Query(b"").by_link

    def client_of(said: tuple[bytes | None, ...]) -> _Client:
        agent, source, spoken = said
        return _Client(agents[agent or b""], referrers[source or b""] + languages[spoken or b""] + _NO_CAMPAIGN)

    # Most scanners of an hour differ only in their address.
    clients: BoundedCache[tuple[bytes | None, ...], _Client] = BoundedCache(AGENTS, client_of)

    edge_headers = edge != NO_EDGE
    arrived = arrivals or Arrivals(edge, database=location_of_address is not None)

    def peer_of(host: str) -> tuple[bytes, bool, bool]:
        address = packed(host) or NO_ADDRESS
        return address, trusted(address), edge_headers and is_edge(address)

    def forwarded_by(raw: bytes) -> tuple[Forwarded, bool]:
        found = forwarded(raw, trusted)
        return found, found.outermost is not None and edge_headers and is_edge(found.outermost)

    peers: BoundedCache[str, tuple[bytes, bool, bool]] = BoundedCache(OTHERS, peer_of)
    forwarders: BoundedCache[bytes, tuple[Forwarded, bool]] = BoundedCache(OTHERS, forwarded_by)
    by_address: BoundedCache[bytes, bytes] | None = None
    if location_of_address is not None:
        look_up = location_of_address
        by_address = BoundedCache(OTHERS, lambda address: _location_piece(look_up(address)))

    nowhere = _location_piece(UNKNOWN_LOCATION)
    country_header, region_header, city_header, lat_header, lon_header = edge.names
    address_header = edge.address
    sec_purpose, purpose, x_purpose, x_moz = PREFETCH_HEADERS
    tallies = counts.tallies
    # `redirect.visitor_hash.visitor_hash`, inlined.
    int_of = int.from_bytes

    pairs, today = 0, -1

    def forget() -> None:
        nonlocal pairs
        pairs = 0
        cardinality.forget()
        clients.clear()
        queries.clear()
        locations.clear()

    def bounded(
        code: bytes, said: bytes, entry: bytes, admitted: set[bytes], by_query: set[bytes]
    ) -> tuple[bytes, bytes]:
        nonlocal pairs
        recorded = cardinality.bounded(code, said, entry)
        if recorded[0] is not said:
            counts.other_values += 1
            return recorded
        if pairs >= ADMITTED:
            pairs = 0
            for client in clients.values():
                client.admitted.clear()
            for asked in queries.values():
                asked.admitted.clear()
        pairs += 1
        admitted.add(code)
        by_query.add(code)
        return recorded

    def look(workspace: bytes, scope: Scope) -> Observation:
        nonlocal today
        # The fast path has made the dict already; an ASGI call only has a list.
        headers: dict[bytes, bytes] = scope.get("fields") or dict(scope["headers"])
        header = headers.get

        ts_ms = now_ms()
        day = ts_ms // MS_OF_DAY
        if day != salts.day:
            salts.begin(day)
        if day != today:
            today = day
            forget()

        kind: Kind
        client = clients[header(b"user-agent"), header(b"referer"), header(b"accept-language")]
        if (sec_purpose in headers or purpose in headers or x_purpose in headers or x_moz in headers) and is_prefetch(
            headers
        ):
            kind, said = "prefetch", client.as_other
        elif scope["method"] == "HEAD":
            kind, said = "bot", client.as_other
        else:
            kind, said = client.kind, client.as_said

        peer = scope["client"]
        address, is_proxy, by_edge = peers[peer[0] if peer else "127.0.0.1"]
        where = nowhere
        if is_proxy:
            chain = header(b"x-forwarded-for")
            if chain is not None:
                (scanner, outermost), outermost_is_edge = forwarders[chain]
                address = scanner or address
                if outermost is not None:
                    by_edge = outermost_is_edge
            if by_edge:
                chain = header(address_header)
                if chain is not None:
                    address = forwarders[chain][0].scanner or address
                country = header(country_header)
                if country is not None:
                    where = locations[
                        country, header(region_header), header(city_header), header(lat_header), header(lon_header)
                    ]
        if where is nowhere and by_address is not None:
            where = by_address[address]

        if ts_ms >= arrived.next_ms:
            arrived.look(
                ts_ms,
                peer[0] if peer else "127.0.0.1",
                address,
                headers,
                is_proxy=is_proxy,
                by_edge=by_edge,
                located=where != nowhere,
            )

        own = salts.current.copy()
        own.update(address + client.digest + workspace)
        visitor = int_of(own.digest(), "little") >> 1
        admitted, is_qr = client.admitted, scope["path"].startswith(QR_PATH)
        query = scope["query_string"]
        if not query:
            entry = by_qr if is_qr else by_link
            return ts_ms, kind, address, where, said, entry, visitor, headers, admitted, admitted
        asked = queries[query]
        entry = asked.by_qr if is_qr else asked.by_link
        if asked.campaign != _NO_CAMPAIGN:
            said = said[: -len(_NO_CAMPAIGN)] + asked.campaign
        return ts_ms, kind, address, where, said, entry, visitor, headers, admitted, asked.admitted

    def write(cached: CachedRoute, seen: Observation, outcome: Outcome, variant: bytes) -> None:
        ts_ms, kind, _, where, said, entry, visitor, _, admitted, by_query = seen
        code = cached.code
        if code not in admitted or code not in by_query:
            said, entry = bounded(code, said, entry, admitted, by_query)
        tally = tallies[kind, outcome]
        tally.n += 1
        add(b"%d%b%b%b%b,%b%b,%d" % (ts_ms, cached.event, tally.piece, where, said, variant, entry, visitor))

    return Recorder(look, write)
