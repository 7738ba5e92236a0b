"""Codes and their routes in Redis, read together and changed together or not at all.

Each link key (host and slug) has a record and a route: a code is stored at its slug, and at each of its aliases a
pointer to it; the routes of one code share a version. Every write is a compare-and-set: it happens only if all link
keys that it touches are byte for byte what the caller has read. A route's version only grows, so equal bytes mean that
nothing changed in between, not even there and back. Callers therefore need no lock, and a process that slept for an
hour can do no harm.
"""

from collections.abc import Iterable, Sequence
from enum import Enum

import msgspec
from redis.asyncio import Redis

from codes import code_events, history
from codes.destinations import location_header
from codes.errors import SlugTaken
from codes.redis_client import Script, command
from codes.scan_options import is_link
from schemas import keys
from schemas.code import Code
from schemas.route import Route, RouteChange, decode_route
from schemas.scan_options import Apps, Content, Rule, Variant

# KEYS: the record and the route of each link key; last, if the code moves, the pointer of its id.
# ARGV: the deadline, the channel, the counter, the new pointer ("" for none), the id of the code ("" if none changes)
# with the stream of changes and how many entries it keeps; then of each link key the record and the route as they were
# read, as they are to be, and the message to publish; last, what is noted of the code, for others and in its history.
# Past the deadline, by Redis' own clock, a write is refused: what `sweep` has given up stays given up.
# The script publishes, so no crash can come between a change and its message; it counts the messages, so a redirector
# can tell that it missed one.
_WRITE = Script(
    """
local deadline = tonumber(ARGV[1])
if deadline > 0 then
  local time = redis.call('TIME')
  if time[1] * 1000 + math.floor(time[2] / 1000) > deadline then return 2 end
end
local links = math.floor(#KEYS / 2)
for at = 0, links - 1 do
  local code, route = KEYS[2 * at + 1], KEYS[2 * at + 2]
  if (redis.call('GET', code) or '') ~= ARGV[5 * at + 8] then return 1 end
  if (redis.call('GET', route) or '') ~= ARGV[5 * at + 9] then return 1 end
end
for at = 0, links - 1 do
  local code, route = KEYS[2 * at + 1], KEYS[2 * at + 2]
  if ARGV[5 * at + 10] == '' then redis.call('DEL', code) else redis.call('SET', code, ARGV[5 * at + 10]) end
  if ARGV[5 * at + 11] ~= ARGV[5 * at + 9] then redis.call('SET', route, ARGV[5 * at + 11]) end
  if ARGV[5 * at + 12] ~= '' then
    redis.call('INCR', ARGV[3])
    redis.call('PUBLISH', ARGV[2], ARGV[5 * at + 12])
  end
end
if ARGV[4] ~= '' then redis.call('SET', KEYS[#KEYS], ARGV[4]) end
if ARGV[5] ~= '' then redis.call('XADD', ARGV[6], 'MAXLEN', '~', ARGV[7], '*', 'id', ARGV[5]) end
"""
    + code_events.NOTE
    + history.NOTE
    + "return 0"
)


# Entries that the stream of a workspace's changes keeps (`codes.code_table` reads it).
CHANGES_KEPT = 10_000


class CodeRecord(msgspec.Struct, frozen=True, omit_defaults=True):
    """Stored beside a route: the code, or the id of the code that this link key is an alias of."""

    code: Code | None = None
    alias_of: str = ""


class LinkState(msgspec.Struct, frozen=True):
    """What was stored under a link key when it was read."""

    host: str
    slug: str
    raw_record: bytes
    raw_route: bytes
    record: CodeRecord | None
    route: Route | None

    @property
    def code(self) -> Code | None:
        return self.record.code if self.record else None

    def is_of(self, id: str) -> bool:
        """Return whether this is the slug or an alias of the code with this id."""
        return self.record is not None and id in (self.record.alias_of, self.record.code.id if self.record.code else "")

    def is_free_for(self, workspace: int) -> bool:
        """Return whether a new code of this workspace may take the slug. A slug that was given up goes only to the
        workspace that gave it up; on a custom domain, to the one that has the domain now."""
        if self.record is not None:
            return False
        return self.route is None or (self.route.gone and (bool(self.host) or self.route.workspace == workspace))

    def next_version(self, now_ms: int) -> int:
        """Return a version above the last one, and above those that Redis forgot in a failover or when a backup was
        restored: no version runs ahead of the clock for long."""
        return max(self.route.version + 1 if self.route else 1, now_ms)


class LinkChange(msgspec.Struct, frozen=True):
    """What a link key becomes, and what it was `before`. Without a route, the route stays."""

    before: LinkState
    record: CodeRecord | None
    route: Route | None = None


class WriteResult(Enum):
    DONE = 0
    CHANGED = 1
    LATE = 2


def route_of(code: Code, version: int) -> Route:
    """Return what a redirector needs of `code`, and no more: ASCII addresses, and active entries only."""
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
    """Return the slug and the aliases of a code."""
    return [code.slug, *code.aliases]


_decoder = msgspec.json.Decoder(CodeRecord)
_encoder = msgspec.json.Encoder()


def decode_record(raw: bytes) -> CodeRecord:
    return _decoder.decode(raw)


async def read_link(redis: Redis, host: str, slug: str) -> LinkState:
    (link,) = await read_links(redis, [(host, slug)])
    return link


async def read_links(redis: Redis, wanted: Sequence[tuple[str, str]]) -> list[LinkState]:
    """Read several link keys, as they were at one moment."""
    if not wanted:
        return []
    at = [keys.link_key(host, slug) for host, slug in wanted]
    raw = await command(redis, "MGET", *(key for one in at for key in (keys.code(one), keys.route(one))))
    return [
        LinkState(
            host=host,
            slug=slug,
            raw_record=raw_record or b"",
            raw_route=raw_route or b"",
            record=decode_record(raw_record) if raw_record else None,
            route=decode_route(raw_route) if raw_route else None,
        )
        for (host, slug), raw_record, raw_route in zip(wanted, raw[::2], raw[1::2], strict=True)
    ]


async def changes_for(
    redis: Redis, seen: LinkState, new: Code | None, *, now_ms: int, at_least: int = 0
) -> list[LinkChange]:
    """Return all changes that turn the code `seen` into `new` (None deletes it): at its slug, at its aliases, and at
    those that it gives up. Where no code was seen, `new` is created. Raises SlugTaken."""
    old = seen.code
    after = [(new.host, slug) for slug in slugs_of(new)] if new is not None else []
    before = [(old.host, slug) for slug in slugs_of(old)] if old is not None else []
    links = {(seen.host, seen.slug): seen}
    others = [at for at in dict.fromkeys((*after, *before)) if at not in links]
    links.update(zip(others, await read_links(redis, others), strict=True))
    version = max(at_least, *(link.next_version(now_ms) for link in links.values()))
    changes = []
    for number, at in enumerate(after):
        assert new is not None
        if not (old is not None and links[at].is_of(new.id)) and not links[at].is_free_for(new.workspace):
            raise SlugTaken("aliases" if number else "slug", at[1])
        record = CodeRecord(alias_of=new.id) if number else CodeRecord(code=new)
        changes.append(LinkChange(links[at], record, route_of(new, version)))
    for at in before:
        assert old is not None
        if at not in after and links[at].is_of(old.id):
            changes.append(LinkChange(links[at], None, tombstone_of(old, version)))
    return changes


async def write(
    redis: Redis,
    changes: Iterable[LinkChange],
    *,
    nonce: str | None = None,
    deadline_ms: int = 0,
    pointer: tuple[str, bytes] | None = None,
    imported: bool = False,
    by: history.Actor | None = None,
) -> WriteResult:
    """Write all changes of one code in one step, and note what happened to it (`codes.code_events`, and with who did it
    in `codes.history`); of a code that is `imported` nobody is told. With a `nonce` the routes are published, new or
    not, and redirectors acknowledge the last of them under that name; with an empty nonce they do not. `pointer` is the
    id of a code that moves, and its new pointer (`codes.index`)."""
    changes = list(changes)
    names: list[str] = []
    texts: list[bytes] = []
    # The code before and after, and which arguments of the script these are.
    old: Code | None = None
    new: Code | None = None
    before_at = after_at = 0
    for number, one in enumerate(changes, 1):
        before, record, route = one.before, one.record, one.route
        if before.code is not None:
            old, before_at = before.code, 5 * number + 3
        if record is not None and record.code is not None:
            new, after_at = record.code, 5 * number + 5
        at = keys.link_key(before.host, before.slug)
        published = route or before.route
        message = b""
        if nonce is not None and published is not None:
            acknowledged = nonce if number == len(changes) else ""
            message = _encoder.encode(RouteChange(keys.route(at), published, acknowledged))
        names += [keys.code(at), keys.route(at)]
        texts += [
            before.raw_record,
            before.raw_route,
            _encoder.encode(record) if record else b"",
            _encoder.encode(route) if route else before.raw_route,
            message,
        ]
    leads_to = b""
    if pointer is not None:
        names.append(keys.code_id(pointer[0]))
        leads_to = pointer[1]
    changed = new or old
    named = (changed.id, keys.workspace_changes(changed.workspace)) if changed else ("", "")
    noted: list[str | bytes | int] = [*code_events.note_arguments(old, new, before_at, after_at, imported)]
    if noted:
        noted += history.note_arguments(old, new, by)
    outcome = await _WRITE.run(
        redis, names, deadline_ms, keys.ROUTES, keys.CHANGES, leads_to, *named, CHANGES_KEPT, *texts, *noted
    )
    return WriteResult(outcome)
