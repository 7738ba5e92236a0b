"""What was changed of a code, when and by whom: a bounded list beside the code, written in the same step as the change,
and gone with the code.

An edit that happened is in the list, and one that is in the list happened. A password is never in it, nor its hash:
only whether there was one.
"""

import re
from collections.abc import Sequence
from typing import Any

import msgspec
from redis.asyncio import Redis

from codes.redis_client import command, raises_unavailable
from schemas import keys
from schemas.code import Code

# Entries of one code; the oldest leave.
KEPT = 200
# Values of one entry, as JSON: those beyond are not kept, only that they were changed.
MAX_BYTES = 8 * 1024
# Fields of a code that somebody changes; the others follow from these, or never change.
FIELDS = (
    "destination",
    "label",
    "slug",
    "host",
    "aliases",
    "status",
    "tags",
    "folder_id",
    "type",
    "content",
    "page_design",
    "style",
    "design",
    "image_format",
    "starts_at_ms",
    "expires_at_ms",
    "expired_destination",
    "scan_limit",
    "password",
    "locked",
    "query",
    "variants",
    "rules",
    "sticky",
    "apps",
    "utm",
)

# Part of the script that writes codes, after `codes.code_events.NOTE` and its arguments: the name of the list, and the
# entry ("" for none, "-" to delete the list).
NOTE = f"""
if ARGV[t] then
  if ARGV[t + 17] == '-' then
    redis.call('DEL', ARGV[t + 16])
  elseif ARGV[t + 17] ~= '' then
    redis.call('XADD', ARGV[t + 16], 'MAXLEN', {KEPT}, '*', 'entry', ARGV[t + 17])
  end
end
"""
_position = re.compile(r"[0-9]{1,15}-[0-9]{1,9}", re.ASCII)


class Actor(msgspec.Struct, frozen=True, omit_defaults=True):
    """Who changes a code: a key by its id and its name of then; `session`: somebody who is signed in by it."""

    key: str
    name: str
    session: bool = False


class Change(msgspec.Struct, frozen=True, omit_defaults=True):
    """One field, as it was and as it is. `kept` is false where the values are too large to keep."""

    field: str
    old: Any = None
    new: Any = None
    kept: bool = True


class Entry(msgspec.Struct, frozen=True, omit_defaults=True):
    """One edit. Nobody (`by`) is the service itself."""

    at_ms: int
    changes: tuple[Change, ...]
    by: Actor | None = None


class Listed(msgspec.Struct, frozen=True):
    """An entry, and its position in the list."""

    position: str
    entry: Entry


_decoder = msgspec.json.Decoder(Entry)
_encoder = msgspec.json.Encoder()


def is_position(text: str) -> bool:
    return _position.fullmatch(text) is not None


def note_arguments(old: Code | None, new: Code | None, by: Actor | None) -> list[str | bytes]:
    """The arguments of NOTE for a write that turns the code `old` into `new`."""
    code = new or old
    assert code is not None
    if new is None:
        return [keys.history(code.birth), "-"]
    changes = () if old is None else changes_between(old, new)
    return [keys.history(code.birth), _encoder.encode(Entry(new.updated_at_ms, changes, by)) if changes else ""]


def changes_between(old: Code, new: Code) -> tuple[Change, ...]:
    """What an edit changed, in the order of FIELDS."""
    room = MAX_BYTES
    found = []
    for name in FIELDS:
        before, after = getattr(old, name), getattr(new, name)
        if before == after:
            continue
        if name == "password":
            before, after = before is not None, after is not None
        one = Change(name, msgspec.to_builtins(before), msgspec.to_builtins(after))
        size = len(_encoder.encode(one))
        if size > room:
            one = Change(name, kept=False)
        else:
            room -= size
        found.append(one)
    return tuple(found)


@raises_unavailable
async def read(redis: Redis, code: Code, limit: int, before: str | None = None) -> list[Listed]:
    """At most `limit` entries before this position, the latest first."""
    end = f"({before}" if before else "+"
    rows = await command(redis, "XREVRANGE", keys.history(code.birth), end, "-", "COUNT", limit)
    return [Listed(position.decode(), _decoder.decode(_entry(fields))) for position, fields in rows]


@raises_unavailable
async def restore(redis: Redis, code: Code, entries: Sequence[Entry]) -> None:
    """Put the history of a code that is imported in the place of what an earlier try has left."""
    pipeline = redis.pipeline(transaction=True)
    pipeline.delete(keys.history(code.birth))
    for entry in entries[-KEPT:]:
        pipeline.xadd(keys.history(code.birth), {"entry": _encoder.encode(entry)})
    await pipeline.execute()


def _entry(fields: Any) -> bytes:
    raw: bytes = fields[b"entry"] if isinstance(fields, dict) else fields[1]
    return raw
