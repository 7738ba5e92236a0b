"""A place (host and slug) in Redis: a code and its route, read together and changed together or not at all.

Every change is a comparison: it happens only if both are byte for byte what the caller has seen. As a
route's version only grows, what is equal has not been changed and changed back in between. So whoever
decides on what it has read needs no lock, and a process that was asleep for an hour can do no harm.
"""

from enum import Enum

import msgspec
from redis.asyncio import Redis

from codes.behaviour import is_link
from codes.connection import Script, ask
from codes.destinations import location
from schemas import keys
from schemas.code import Code
from schemas.route import Route, RouteChange, decode_route
from schemas.scan_options import Apps, Content, Rule, Variant

# A change that has a deadline is refused after it by Redis' own clock: what `sweep` has given up stays so.
# The message goes out within the script, so no crash lies between a change and its being made known; it is counted
# there, so that whoever misses it can tell.
_PUT = Script("""
local deadline = tonumber(ARGV[6])
if deadline > 0 then
  local time = redis.call('TIME')
  if time[1] * 1000 + math.floor(time[2] / 1000) > deadline then return 2 end
end
if (redis.call('GET', KEYS[1]) or '') ~= ARGV[1] or (redis.call('GET', KEYS[2]) or '') ~= ARGV[2] then return 1 end
if ARGV[3] == '' then redis.call('DEL', KEYS[1]) else redis.call('SET', KEYS[1], ARGV[3]) end
if ARGV[4] ~= ARGV[2] then redis.call('SET', KEYS[2], ARGV[4]) end
if ARGV[5] ~= '' then
  redis.call('INCR', ARGV[8])
  redis.call('PUBLISH', ARGV[7], ARGV[5])
end
return 0
""")


class Kept(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is stored beside a route. `move` names a slug change that is under way (see `codes.moving`): at the
    new place alone, to keep it free; at the old one with the code as it will be (`successor`) and the index's
    value as it was (`pointer`)."""

    code: Code | None = None
    successor: Code | None = None
    pointer: str = ""
    move: str = ""


class Place(msgspec.Struct, frozen=True):
    """What stood at a place when it was read."""

    host: str
    slug: str
    raw_kept: bytes
    raw_route: bytes
    kept: Kept | None
    route: Route | None

    @property
    def code(self) -> Code | None:
        return self.kept.code if self.kept else None

    def is_free_for(self, workspace: int) -> bool:
        """A given-up slug can be taken again, but only by whoever gave it up; on a custom domain, by whose the domain
        is now (nobody else may put a code there)."""
        if self.kept is not None or self.route is None:
            return self.kept is None
        return self.route.gone and (bool(self.host) or self.route.workspace == workspace)

    def next_version(self, now_ms: int) -> int:
        """Above the last one, and above those that a failover or an old backup has made Redis forget, because
        no version runs ahead of the clock for long."""
        return max(self.route.version + 1 if self.route else 1, now_ms)


class Put(Enum):
    DONE = 0
    CHANGED = 1
    LATE = 2


def route_of(code: Code, version: int) -> Route:
    """What a redirector needs of `code`, and no more: ASCII addresses, and only what is active."""
    page = None if is_link(code.type) else Content(code.type, code.content, code.page_design)
    return Route(
        version=version,
        birth=code.birth,
        workspace=code.workspace,
        destination=location(code.destination),
        status=code.status,
        starts_at_ms=code.starts_at_ms,
        expires_at_ms=code.expires_at_ms,
        expired_destination=location(code.expired_destination or ""),
        scan_limit=code.scan_limit,
        password=code.password or "",
        query=code.query,
        variants=tuple(
            Variant(id="", key=one.key, url=location(one.url), weight=one.weight) for one in code.variants if one.active
        ),
        rules=tuple(Rule(id="", key=one.key, when=one.when, to=location(one.to)) for one in code.rules if one.active),
        sticky=code.sticky,
        apps=Apps(location(code.apps.ios), location(code.apps.android)) if code.apps else None,
        utm=code.utm,
        content=page,
    )


def tombstone_of(code: Code, version: int) -> Route:
    return Route(version=version, birth=code.birth, workspace=code.workspace, gone=True)


_decoder = msgspec.json.Decoder(Kept)
_encoder = msgspec.json.Encoder()


def decode(raw: bytes) -> Kept:
    return _decoder.decode(raw)


async def look(redis: Redis, host: str, slug: str) -> Place:
    at = keys.link_key(host, slug)
    raw_kept, raw_route = await ask(redis, "MGET", keys.code(at), keys.route(at))
    return Place(
        host=host,
        slug=slug,
        raw_kept=raw_kept or b"",
        raw_route=raw_route or b"",
        kept=decode(raw_kept) if raw_kept else None,
        route=decode_route(raw_route) if raw_route else None,
    )


async def put(
    redis: Redis,
    seen: Place,
    kept: Kept | None,
    route: Route | None = None,
    *,
    nonce: str | None = None,
    deadline_ms: int = 0,
) -> Put:
    """Replaces what was `seen`; the route stays as it is where none is given. With a `nonce` the route is
    published, whether it is new or not, and those who take it in acknowledge it under that name; with an
    empty one they do not."""
    at = keys.link_key(seen.host, seen.slug)
    told = route or seen.route
    message = _encoder.encode(RouteChange(keys.route(at), told, nonce)) if nonce is not None and told else b""
    outcome = await _PUT.run(
        redis,
        [keys.code(at), keys.route(at)],
        seen.raw_kept,
        seen.raw_route,
        _encoder.encode(kept) if kept else b"",
        _encoder.encode(route) if route else seen.raw_route,
        message,
        deadline_ms,
        keys.ROUTES,
        keys.CHANGES,
    )
    return Put(outcome)


async def tell(redis: Redis, host: str, slug: str, nonce: str) -> None:
    """Publishes the route of a place once more, as it is now."""
    while True:
        seen = await look(redis, host, slug)
        if await put(redis, seen, seen.kept, nonce=nonce) is Put.DONE:
            return
