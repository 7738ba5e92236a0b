"""The records of the change log, and which keys of Redis they are of.

A record says what an element is at a moment: what stands at a link key (the code and its route, read together), a
string, or one field of a hash. It is a state and no step, so the last record of an element is all that counts, and a
record that is written twice does no harm. Indexes, counters, sessions, jobs and quotas are no elements: they are
derived (`codes.change_log.restore`), or end by themselves. Nor are secrets: what the log has of keys and passwords are
hashes, as Redis has.
"""

import re
import zlib
from collections.abc import Iterable, Sequence
from typing import Any, Literal

import msgspec
from redis.asyncio import Redis

from schemas import keys

# Entries of a code's history that each of its records has; a restore puts those of all records together.
HISTORY = 10

_PREFIX = re.escape(keys.PREFIX)
_LINK = re.compile(rf"{_PREFIX}\{{([^{{}}]*/[^{{}}]*)\}}:(?:code|route)")
_STRING = re.compile(rf"{_PREFIX}(?:key:[0-9a-f]+|\{{ws:\d+\}}:(?:workspace|remains:.+)|\{{scans:\d+\}}:used)")
_NAMES = "folders|exports|export-progress|reports|styles|shared-views|files|statics"
_ALONE = "|".join(map(re.escape, (keys.DOMAINS, keys.BRANDINGS, keys.WEBHOOKS, keys.ERASURES)))
_HASH = re.compile(rf"{_PREFIX}\{{ws:\d+\}}:(?:{_NAMES})|{_ALONE}")

Kind = Literal["link", "string", "hash"]
Word = str | bytes | float


class Record(msgspec.Struct, frozen=True, omit_defaults=True):
    """`element` is `link HOST/SLUG`, `string KEY` or `field KEY FIELD`; `value` is None for what is gone. Of a link key
    it is the code's record, and there are the route and the latest entries of the history, each with its position.

    A record of `note` is of the log itself: `begun` and `complete` are the ends of a snapshot of everything, and name
    it; what is before the beginning of the last complete one does not count. `kept` is when the superseded records that
    are kept begin.
    """

    at_ms: int
    element: str
    value: str | None = None
    route: str = ""
    history: tuple[tuple[str, str], ...] = ()

    def says_the_same(self, other: "Record") -> bool:
        return (self.value, self.route) == (other.value, other.route)


class UnreadableRecord(Exception):
    """A line that is not what was written."""


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Record)


def encode(record: Record) -> bytes:
    """Return a line: a check sum of eight digits, and the record as JSON."""
    text = _encoder.encode(record)
    return b"%08x %b\n" % (zlib.crc32(text), text)


def decode(line: bytes) -> Record:
    """Raises UnreadableRecord."""
    text = line[9:].removesuffix(b"\n")
    if line[:9] != b"%08x " % zlib.crc32(text):
        raise UnreadableRecord(f"its check sum is wrong: {line[:60]!r}")
    try:
        return _decoder.decode(text)
    except msgspec.MsgspecError as error:
        raise UnreadableRecord(str(error)) from error


def note(what: Literal["begun", "complete"], snapshot: str, at_ms: int) -> Record:
    return Record(at_ms, f"note {what} {snapshot}", "")


def is_note(record: Record) -> bool:
    return record.element.startswith("note ")


def kind_of(key: str) -> Kind | None:
    """How the log takes up a key of Redis; None for one that is no element."""
    if _LINK.fullmatch(key):
        return "link"
    if _STRING.fullmatch(key):
        return "string"
    return "hash" if _HASH.fullmatch(key) else None


def written(words: Sequence[Word]) -> list[str]:
    """Return the elements that a command may change. A script that changes a field of a hash has the hash among its
    keys, and the field as its first argument."""
    verb = words[0]
    if verb in ("SET", "DEL", "UNLINK", "PEXPIRE"):
        return _elements([words[1]] if verb in ("SET", "PEXPIRE") else words[1:], ())
    if verb in ("HSET", "HSETNX", "HDEL"):
        return _elements(words[1:2], words[2:] if verb == "HDEL" else words[2:3])
    if verb in ("EVALSHA", "EVAL"):
        count = int(words[2])
        return _elements(words[3 : 3 + count], words[3 + count : 4 + count])
    return []


def _elements(at: Iterable[Word], fields: Sequence[Word]) -> list[str]:
    found: dict[str, None] = {}
    for key in map(_text, at):
        kind = kind_of(key)
        if kind == "hash":
            found.update((f"field {key} {_text(field)}", None) for field in fields)
        elif kind is not None:
            found[element_of(key, kind)] = None
    return list(found)


def element_of(key: str, kind: Kind) -> str:
    """The element of a key that is no hash."""
    match = _LINK.fullmatch(key)
    return f"link {match[1]}" if match and kind == "link" else f"string {key}"


def _text(word: Word) -> str:
    return word.decode() if isinstance(word, bytes) else str(word)


class _Times(msgspec.Struct, frozen=True):
    birth: int
    created_at_ms: int
    updated_at_ms: int


class _HasTimes(msgspec.Struct, frozen=True):
    code: _Times | None = None


_times = msgspec.json.Decoder(_HasTimes)


async def read(redis: Redis, elements: Sequence[str], at_ms: int) -> list[Record]:
    """Read what the elements are now, in two round trips."""
    pipe = redis.pipeline(transaction=False)
    for element in elements:
        kind, _, rest = element.partition(" ")
        if kind == "link":
            pipe.mget(keys.code(rest), keys.route(rest))
        elif kind == "string":
            pipe.get(rest)
        else:
            pipe.hget(*rest.split(" ", 1))
    answers = await pipe.execute()
    pipe, edited = redis.pipeline(transaction=False), []
    for element, answer in zip(elements, answers, strict=True):
        code = _times.decode(answer[0]).code if element.startswith("link ") and answer[0] else None
        if code is not None and code.updated_at_ms != code.created_at_ms:
            pipe.xrevrange(keys.history(code.birth), count=HISTORY)
            edited.append(element)
    histories: dict[str, Any] = dict(zip(edited, await pipe.execute(), strict=True)) if edited else {}
    return [
        _record(element, answer, histories.get(element, ()), at_ms)
        for element, answer in zip(elements, answers, strict=True)
    ]


def _record(element: str, answer: Any, history: Sequence[Any], at_ms: int) -> Record:
    if not element.startswith("link "):
        return Record(at_ms, element, None if answer is None else answer.decode())
    code, route = answer
    entries = tuple((position.decode(), fields[b"entry"].decode()) for position, fields in reversed(history))
    return Record(at_ms, element, None if code is None else code.decode(), (route or b"").decode(), entries)
