"""Places (host and slug) in Redis: a code and its routes, read together and changed together or not at all.

A code stands at its slug, its aliases beside it: each place has a route of its own, all of one version. Every change is
a comparison: it happens only if all places that it touches are byte for byte what the caller has seen. As a route's
version only grows, what is equal has not been changed and changed back in between. So whoever decides on what it has
read needs no lock, and a process that was asleep for an hour can do no harm.
"""

from collections.abc import Iterable, Sequence
from enum import Enum

import msgspec
from redis.asyncio import Redis

from codes.destinations import location_header
from codes.errors import SlugTaken
from codes.redis_client import Script, command
from codes.scan_options import is_link
from schemas import keys
from schemas.code import Code
from schemas.route import Route, RouteChange, decode_route
from schemas.scan_options import Apps, Content, Rule, Variant

# KEYS: the code and the route of each place, and last the index of the code's id where the code goes elsewhere.
# ARGV: the deadline, the channel, the counter, where the index shall lead ("" for where it leads); and of each place
# the code and the route as they were seen and as they shall be, and the message.
# A change that has a deadline is refused after it by Redis' own clock: what `sweep` has given up stays so.
# The messages go out within the script, so no crash lies between a change and its being made known; they are counted
# there, so that whoever misses one can tell.
_PUT = Script("""
local deadline = tonumber(ARGV[1])
if deadline > 0 then
  local time = redis.call('TIME')
  if time[1] * 1000 + math.floor(time[2] / 1000) > deadline then return 2 end
end
local places = math.floor(#KEYS / 2)
for at = 0, places - 1 do
  local code, route = KEYS[2 * at + 1], KEYS[2 * at + 2]
  if (redis.call('GET', code) or '') ~= ARGV[5 * at + 5] then return 1 end
  if (redis.call('GET', route) or '') ~= ARGV[5 * at + 6] then return 1 end
end
for at = 0, places - 1 do
  local code, route = KEYS[2 * at + 1], KEYS[2 * at + 2]
  if ARGV[5 * at + 7] == '' then redis.call('DEL', code) else redis.call('SET', code, ARGV[5 * at + 7]) end
  if ARGV[5 * at + 8] ~= ARGV[5 * at + 6] then redis.call('SET', route, ARGV[5 * at + 8]) end
  if ARGV[5 * at + 9] ~= '' then
    redis.call('INCR', ARGV[3])
    redis.call('PUBLISH', ARGV[2], ARGV[5 * at + 9])
  end
end
if ARGV[4] ~= '' then redis.call('SET', KEYS[#KEYS], ARGV[4]) end
return 0
""")


class CodeRecord(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is stored beside a route: the code, or the id of the code that this is an alias of."""

    code: Code | None = None
    alias_of: str = ""


class LinkState(msgspec.Struct, frozen=True):
    """What stood at a place when it was read."""

    host: str
    slug: str
    raw_kept: bytes
    raw_route: bytes
    kept: CodeRecord | None
    route: Route | None

    @property
    def code(self) -> Code | None:
        return self.kept.code if self.kept else None

    def is_of(self, id: str) -> bool:
        """Whether the code with this id is here, or an alias of it."""
        return self.kept is not None and id in (self.kept.alias_of, self.kept.code.id if self.kept.code else "")

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


class LinkChange(msgspec.Struct, frozen=True):
    """What a place shall be that was `seen`; its route stays as it is where none is given."""

    seen: LinkState
    kept: CodeRecord | None
    route: Route | None = None


class WriteResult(Enum):
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
        destination=location_header(code.destination),
        status=code.status,
        starts_at_ms=code.starts_at_ms,
        expires_at_ms=code.expires_at_ms,
        expired_destination=location_header(code.expired_destination or ""),
        scan_limit=code.scan_limit,
        password=code.password or "",
        query=code.query,
        variants=tuple(
            Variant(id="", key=one.key, url=location_header(one.url), weight=one.weight)
            for one in code.variants
            if one.active
        ),
        rules=tuple(
            Rule(id="", key=one.key, when=one.when, to=location_header(one.to)) for one in code.rules if one.active
        ),
        sticky=code.sticky,
        apps=Apps(location_header(code.apps.ios), location_header(code.apps.android)) if code.apps else None,
        utm=code.utm,
        content=page,
    )


def tombstone_of(code: Code, version: int) -> Route:
    return Route(version=version, birth=code.birth, workspace=code.workspace, gone=True)


def slugs_of(code: Code) -> list[str]:
    """All under which it can be found, its own first."""
    return [code.slug, *code.aliases]


_decoder = msgspec.json.Decoder(CodeRecord)
_encoder = msgspec.json.Encoder()


def decode_record(raw: bytes) -> CodeRecord:
    return _decoder.decode(raw)


async def read_link(redis: Redis, host: str, slug: str) -> LinkState:
    (place,) = await read_links(redis, [(host, slug)])
    return place


async def read_links(redis: Redis, wanted: Sequence[tuple[str, str]]) -> list[LinkState]:
    """Several, as they all were at one moment."""
    if not wanted:
        return []
    at = [keys.link_key(host, slug) for host, slug in wanted]
    raw = await command(redis, "MGET", *(key for one in at for key in (keys.code(one), keys.route(one))))
    return [
        LinkState(
            host=host,
            slug=slug,
            raw_kept=raw_kept or b"",
            raw_route=raw_route or b"",
            kept=decode_record(raw_kept) if raw_kept else None,
            route=decode_route(raw_route) if raw_route else None,
        )
        for (host, slug), raw_kept, raw_route in zip(wanted, raw[::2], raw[1::2], strict=True)
    ]


async def changes_for(
    redis: Redis, seen: LinkState, new: Code | None, *, now_ms: int, at_least: int = 0
) -> list[LinkChange]:
    """What has to be written at once so that the code that was `seen` becomes `new` (None: is deleted), at its slug, at
    its aliases, and at those that it gives up. Where no code was seen, `new` is made. Raises SlugTaken."""
    old = seen.code
    after = [(new.host, slug) for slug in slugs_of(new)] if new is not None else []
    before = [(old.host, slug) for slug in slugs_of(old)] if old is not None else []
    places = {(seen.host, seen.slug): seen}
    others = [at for at in dict.fromkeys((*after, *before)) if at not in places]
    places.update(zip(others, await read_links(redis, others), strict=True))
    version = max(at_least, *(place.next_version(now_ms) for place in places.values()))
    changes = []
    for number, at in enumerate(after):
        assert new is not None
        if not (old is not None and places[at].is_of(new.id)) and not places[at].is_free_for(new.workspace):
            raise SlugTaken("aliases" if number else "slug", at[1])
        kept = CodeRecord(alias_of=new.id) if number else CodeRecord(code=new)
        changes.append(LinkChange(places[at], kept, route_of(new, version)))
    for at in before:
        assert old is not None
        if at not in after and places[at].is_of(old.id):
            changes.append(LinkChange(places[at], None, tombstone_of(old, version)))
    return changes


async def write(
    redis: Redis,
    changes: Iterable[LinkChange],
    *,
    nonce: str | None = None,
    deadline_ms: int = 0,
    pointer: tuple[str, bytes] | None = None,
) -> WriteResult:
    """Replaces all that was seen, in one step. With a `nonce` the routes are published, whether they are new or not,
    and those who take them in acknowledge that under this name, once they have the last; with an empty one they do not.
    `pointer` is the id of a code that goes to another place, and where its index then leads (`codes.index`)."""
    changes = list(changes)
    names: list[str] = []
    texts: list[bytes] = []
    for number, one in enumerate(changes, 1):
        seen, kept, route = one.seen, one.kept, one.route
        at = keys.link_key(seen.host, seen.slug)
        told = route or seen.route
        message = b""
        if nonce is not None and told is not None:
            acknowledged = nonce if number == len(changes) else ""
            message = _encoder.encode(RouteChange(keys.route(at), told, acknowledged))
        names += [keys.code(at), keys.route(at)]
        texts += [
            seen.raw_kept,
            seen.raw_route,
            _encoder.encode(kept) if kept else b"",
            _encoder.encode(route) if route else seen.raw_route,
            message,
        ]
    leads_to = b""
    if pointer is not None:
        names.append(keys.code_id(pointer[0]))
        leads_to = pointer[1]
    outcome = await _PUT.run(redis, names, deadline_ms, keys.ROUTES, keys.CHANGES, leads_to, *texts)
    return WriteResult(outcome)
