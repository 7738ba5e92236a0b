"""Make an empty Redis whole from a change log: every element as it was last, or at a moment; then what is derived from
them: indexes, sizes, counters.

A workspace is what a used Redis has, and is written last: so a Redis that is half restored is still refused by whoever
would start on it, and restored from the beginning by the next try. Versions of routes go on from the clock, so that no
redirector keeps what it has cached from before; numbers go on from the highest that any record has.
"""

from collections import Counter
from collections.abc import Callable, Set
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
from redis.asyncio import Redis

from codes import history, numbers, workspaces
from codes.change_log.derived import AT_ONCE, Derived
from codes.change_log.file import read_records
from codes.change_log.keeper import elements
from codes.change_log.records import Record, is_note
from codes.redis_client import command, raises_unavailable
from schemas import keys
from schemas.code import Workspace
from schemas.route import decode_route

# Called with what is being done, how much of it is done, and of how much.
Progress = Callable[[str, int, int], None]


class CannotRestore(Exception):
    """The Redis is in use, or the log does not have what is asked for. Nothing was changed."""


class Span(msgspec.Struct, frozen=True):
    """Which records count: those that begin at `start` or after it, up to a moment. Without a `complete` snapshot the
    log lacks what was not written since it began. `newest_ms`: when the last of them was written."""

    start: int
    end: int
    newest_ms: int
    complete: bool
    numbers: tuple[int, int, int]


class _Numbered(msgspec.Struct, frozen=True):
    number: int = 0
    code: "_Numbered | None" = None


_numbered = msgspec.json.Decoder(_Numbered)
_encoder = msgspec.json.Encoder()


def span_of(path: Path, at_ms: int | None, progress: Progress = lambda what, done, of: None) -> Span:
    """Read the whole log. Raises UnreadableRecord, and CannotRestore for a moment that it does not go back to."""
    size = path.stat().st_size
    start, complete, begun, before = 0, False, dict[str, int](), 0
    highest, newest_ms, first_ms = [0, 0, 0], 0, None
    for count, (end, record) in enumerate(read_records(path)):
        if count % 10_000 == 0:
            progress("reading", end, size)
        first_ms = record.at_ms if first_ms is None else first_ms
        if record.element.startswith("note kept ") and at_ms is not None and at_ms < record.at_ms:
            raise _too_early(record.at_ms)
        _count(record, highest)
        if at_ms is None or record.at_ms <= at_ms:
            newest_ms = max(newest_ms, record.at_ms)
            if is_note(record):
                _, what, snapshot = record.element.split(" ")
                if what == "begun":
                    begun[snapshot] = before
                elif what == "complete" and snapshot in begun:
                    start, complete = begun[snapshot], True
        before = end
    if first_ms is None:
        raise CannotRestore("the change log is empty")
    if at_ms is not None and at_ms < first_ms:
        raise _too_early(first_ms)
    return Span(start, before, newest_ms, complete, (highest[0], highest[1], highest[2]))


def _too_early(first_ms: int) -> CannotRestore:
    return CannotRestore(
        f"the change log goes back to {datetime.fromtimestamp(first_ms / 1000, UTC):%Y-%m-%dT%H:%M:%SZ}"
    )


def _count(record: Record, highest: list[int]) -> None:
    """Of everything that was ever written: no number is given out again, also when a restore goes back."""
    element, value = record.element, record.value
    if not value:
        return
    if element.startswith("link "):
        code = _numbered.decode(value).code
        highest[0] = max(highest[0], code.number if code else 0)
    elif element.startswith("field ") and ":statics " in element:
        highest[0] = max(highest[0], _numbered.decode(value).number)
    elif element.endswith(":workspace"):
        highest[1] = max(highest[1], _numbered.decode(value).number)
    elif element.startswith(f"field {keys.DOMAINS} "):
        highest[2] = max(highest[2], _numbered.decode(value).number)


@raises_unavailable
async def is_interrupted(redis: Redis) -> bool:
    """Whether a restore was interrupted, or is not done yet."""
    return bool(await command(redis, "EXISTS", keys.RESTORING))


@raises_unavailable
async def check_empty(redis: Redis) -> None:
    """Raises CannotRestore."""
    if found := await workspaces.all_workspaces(redis):
        names = ", ".join(repr(one.name) for one in found[:3])
        raise CannotRestore(f"this Redis is in use (workspaces: {names}): only an empty one can be restored")


@raises_unavailable
async def restore(
    redis: Redis,
    path: Path,
    span: Span,
    *,
    at_ms: int | None = None,
    now_ms: int,
    progress: Progress = lambda what, done, of: None,
) -> Counter[str]:
    """Return how much of each kind there is now. Raises CannotRestore, Unavailable and UnreadableRecord."""
    await check_empty(redis)
    if await is_interrupted(redis):
        await _clear(redis)
    await command(redis, "SET", keys.RESTORING, now_ms)
    done = _Elements(redis, now_ms)
    derived = Derived(redis, now_ms)
    total = span.end - span.start
    some: list[Record] = []
    for end, record in read_records(path):
        if end <= span.start or is_note(record) or (at_ms is not None and record.at_ms > at_ms):
            continue
        some.append(record)
        if len(some) >= AT_ONCE:
            await done.apply(some)
            progress("restoring", end - span.start, total)
            some = []
    await done.apply(some)
    progress("restoring", total, total)
    await derived.index_codes(lambda count: progress("indexing", count, max(count, done.links)))
    await done.drop_histories(derived.births)
    for workspace in done.workspaces.values():
        await derived.derive_workspace(workspace)
    await derived.derive_shared()
    counters = (keys.NUMBERS, keys.WORKSPACE_NUMBERS, keys.DOMAIN_NUMBERS)
    for counter, highest in zip(counters, span.numbers, strict=True):
        if highest:
            await numbers.raise_counter(redis, counter, highest)
    for workspace in sorted(done.workspaces.values(), key=lambda one: one.number):
        await command(redis, "SET", keys.workspace(workspace.number), _encoder.encode(workspace))
        await command(redis, "HSET", keys.WORKSPACES, workspace.name, workspace.number)
    await command(redis, "DEL", keys.RESTORING)
    return +derived.counts


async def _clear(redis: Redis) -> None:
    """Take away what an interrupted restore has left."""
    async for element in elements(redis):
        kind, _, rest = element.partition(" ")
        at = [keys.code(rest), keys.route(rest)] if kind == "link" else [rest.split(" ")[0]]
        for key in at:
            await command(redis, "DEL", key)
    derived = ("{history:*", "id:*", "{ws:*", "shared-view:*", "{domains}:*", "{webhooks}:*", "exports-due")
    for pattern in derived:
        async for key in redis.scan_iter(match=keys.PREFIX + pattern, count=1000):
            await command(redis, "UNLINK", key)


class _Elements:
    """Writes elements. Workspaces are held back."""

    def __init__(self, redis: Redis, now_ms: int) -> None:
        self._redis = redis
        self._now_ms = now_ms
        self.workspaces: dict[str, Workspace] = {}
        self.links = 0
        # Birth → position of the last entry of the history.
        self._histories: dict[int, tuple[int, int]] = {}

    async def apply(self, some: list[Record]) -> None:
        """Write elements as these records say, in their order."""
        pipe = self._redis.pipeline(transaction=False)
        for record in some:
            kind, _, rest = record.element.partition(" ")
            value = record.value
            if kind == "link":
                self._link(pipe, rest, record)
            elif kind == "field":
                key, field = rest.split(" ", 1)
                pipe.hdel(key, field) if value is None else pipe.hset(key, field, value)
            elif rest.endswith(":workspace"):
                if value is not None:
                    self.workspaces[rest] = msgspec.json.decode(value, type=Workspace)
            elif value is None:
                pipe.delete(rest)
            else:
                pipe.set(rest, value)
        if len(pipe):
            await pipe.execute()

    def _link(self, pipe: Any, at: str, record: Record) -> None:
        self.links += 1
        pipe.delete(keys.code(at)) if record.value is None else pipe.set(keys.code(at), record.value)
        if not record.route:
            pipe.delete(keys.route(at))
            return
        route = decode_route(record.route.encode())
        route = msgspec.structs.replace(route, version=max(route.version + 1, self._now_ms))
        pipe.set(keys.route(at), _encoder.encode(route))
        for position, entry in record.history:
            first, _, second = position.partition("-")
            number = int(first), int(second)
            if number > self._histories.get(route.birth, (0, 0)):
                self._histories[route.birth] = number
                at_most = {"maxlen": history.KEPT, "approximate": False}
                pipe.xadd(keys.history(route.birth), {"entry": entry}, id=position, **at_most)

    async def drop_histories(self, births: Set[int]) -> None:
        """Those of codes that are gone."""
        for birth in self._histories.keys() - births:
            await command(self._redis, "UNLINK", keys.history(birth))
