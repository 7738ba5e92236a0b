"""The records of a journal: scan events, and notes about where a source begins and ends.

A journal is lines of JSON. A scan is an array (it starts with `[`), in the order of the columns
of the table `scans`; `open` and `close` are objects (they start with `{`). The last element of either is the
line's check: XXH3-64 of its bytes before the last comma. A source's digest is the sum of the checks of its
events, modulo 2**64, so it can be computed from the lines, or from the rows (`LINE_CHECK`).
"""

from collections.abc import Sequence
from typing import Annotated, Any, Literal, get_args

import msgspec
from xxhash import xxh3_64_intdigest

Kind = Literal["human", "bot", "preview", "prefetch"]
Outcome = Literal["redirect", "page", "paused", "expired", "early", "limited", "gate", "unknown"]

KINDS: tuple[Kind, ...] = get_args(Kind)
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)

# The outcomes that reached what the code stands for; totals count only these.
COUNTED: tuple[Outcome, ...] = ("redirect", "page")


# Bounds of the tables' columns. Decoding checks them, so the warehouse never refuses a row for its values; msgspec
# cannot bound the 64 bits of a visitor.
Count = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
Instant = Annotated[int, msgspec.Meta(ge=0, lt=2**32 * 1000)]
Degrees = Annotated[float, msgspec.Meta(ge=-180, le=180)]
Digest = Annotated[int, msgspec.Meta(ge=0)]


class ScanEvent(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """One answered scan. Unknown values are empty strings, unknown coordinates None."""

    source: Count
    seq: Count
    ts_ms: Instant
    code: Count
    workspace: Count
    host: str
    # Which of the code's slugs was used; empty for unknown ones.
    slug: str
    kind: Kind
    outcome: Outcome
    country: str
    region: str
    city: str
    lat: Degrees | None
    lon: Degrees | None
    device: str
    model: str
    os: str
    browser: str
    client: str
    referrer_host: str
    referrer: str
    language: str
    utm_source: str
    utm_medium: str
    utm_campaign: str
    utm_term: str
    utm_content: str
    variant: str
    # How the scanner came: `qr`, `link`, or what the link's parameter says; and which print of the code it was.
    entry: str
    placement: str
    visitor: Annotated[int, msgspec.Meta(ge=0)]


class WrittenEvent(ScanEvent, frozen=True, array_like=True, forbid_unknown_fields=True):
    """An event with the check that ends its line."""

    check: Digest


class SourceOpened(msgspec.Struct, frozen=True, tag_field="record", tag="open", forbid_unknown_fields=True):
    """The first record of a journal."""

    source: Count
    at_ms: Instant


class SourceClosed(msgspec.Struct, frozen=True, tag_field="record", tag="close", forbid_unknown_fields=True):
    """The last record of a journal: the highest sequence number, the inclusive ranges whose events were refused (a full
    journal) and are on no bus, and the digest of all others. The digest is None if a dead owner's journal was closed
    without all its lines."""

    source: Count
    at_ms: Instant
    last_seq: Count
    refused: list[tuple[Count, Count]] = []
    digest: Digest | None = None


class SourceHead(msgspec.Struct, frozen=True, tag_field="record", tag="head", forbid_unknown_fields=True):
    """Only on a bus, never in a journal: the highest sequence number shipped so far (sent after those events), which of
    these were refused, and the digest of the others."""

    source: Count
    at_ms: Instant
    last_seq: Count
    refused: list[tuple[Count, Count]] = []
    digest: Digest | None = None


SourceNote = SourceOpened | SourceClosed | SourceHead

EVENT_COLUMNS: tuple[str, ...] = ScanEvent.__struct_fields__

_event_decoder = msgspec.json.Decoder(ScanEvent)
_line_decoder = msgspec.json.Decoder(WrittenEvent)
_lines_decoder = msgspec.json.Decoder(
    list[tuple.__class_getitem__(tuple(field.type for field in msgspec.structs.fields(WrittenEvent)))]  # type: ignore[misc]
)
_note_decoder = msgspec.json.Decoder(SourceNote)
_encoder = msgspec.json.Encoder()


class Damaged(msgspec.DecodeError):
    """The line does not match its check."""


def digest_of(checks: int) -> int:
    """The digest of a sum of checks."""
    return checks & (1 << 64) - 1


def encode_line(record: ScanEvent | SourceNote) -> bytes:
    """One journal line with its newline. Whole degrees have no decimals, as in the engine's JSON."""
    if not isinstance(record, ScanEvent):
        body = _encoder.encode(record)[:-1]
        return b'%b,"check":%d}\n' % (body, xxh3_64_intdigest(body))
    record = msgspec.structs.replace(record, lat=_shortest(record.lat), lon=_shortest(record.lon))
    return seal(_encoder.encode(record)[:-1])


def _shortest(degrees: float | None) -> float | None:
    return int(degrees) if degrees is not None and degrees.is_integer() else degrees


def seal(body: bytes) -> bytes:
    """The event line with these bytes before its last comma. (`ingest.journal` writes the same.)"""
    return b"%b,%d]\n" % (body, xxh3_64_intdigest(body))


def body_of(line: bytes) -> bytes:
    """The bytes of an event line (without newline) before its last comma. Raises Damaged."""
    end = line.rfind(b",")
    body = line[:end]
    if line[end:] != b",%d]" % xxh3_64_intdigest(body):
        raise Damaged("the line does not fit its check")
    return body


def check_of(line: bytes) -> int:
    """The check that an event line states. Raises ValueError if there is none."""
    return int(line[line.rfind(b",") + 1 :].rstrip(b"]\n"))


def decode_event(line: bytes) -> ScanEvent:
    """Raises msgspec.DecodeError (or its ValidationError, or Damaged) if the line is not an event."""
    return decode_body(body_of(line.removesuffix(b"\n")))


def read_line(line: bytes) -> tuple[WrittenEvent, bytes]:
    """The event of a line (without newline), and the bytes before its last comma: `body_of` and `decode_event` in
    one pass, for bulk readers. Raises as `decode_event`."""
    event = _line_decoder.decode(line)
    body = line[: line.rfind(b",")]
    if event.check != xxh3_64_intdigest(body) or not line.endswith(b"]"):
        raise Damaged("the line does not fit its check")
    return event, body


def read_lines(lines: Sequence[bytes]) -> list[tuple[Any, ...]]:
    """The fields of some hundred event lines (without newlines), the check last. Raises as `decode_event` if any line
    is unreadable, without saying which; `read_line` does."""
    rows: list[tuple[Any, ...]] = _lines_decoder.decode(b"[%b]" % b",".join(lines))
    if len(rows) != len(lines):
        raise Damaged("a line holds more or less than one event")
    for row, line in zip(rows, lines, strict=True):
        if row[-1] != xxh3_64_intdigest(line[: line.rfind(b",")]) or line[-1] != 0x5D:
            raise Damaged("the line does not fit its check")
    return rows


def decode_body(body: bytes) -> ScanEvent:
    """The event of a line whose check has been verified. Raises as `decode_event`."""
    return _event_decoder.decode(body + b"]")


def decode_note(line: bytes) -> SourceNote:
    """Raises as `decode_event`."""
    line = line.removesuffix(b"\n")
    end = line.rfind(b",")
    body = line[:end]
    if line[end:] != b',"check":%d}' % xxh3_64_intdigest(body):
        raise Damaged("the note does not fit its check")
    note: SourceNote = _note_decoder.decode(body + b"}")
    return note


def is_note(line: bytes) -> bool:
    return line.startswith(b"{")


# The check of a line, computed by the warehouse from the columns of its row. This works because the redirectors write
# lines as the engine's own JSON of the row: whole degrees without decimals, and no character that JSON can write in two
# ways (`redirect.request_fields`).

_VALUES = ", ".join("toUnixTimestamp64Milli(ts)" if name == "ts_ms" else name for name in EVENT_COLUMNS)

# An expression over the columns of `scans`; send the settings with the query. The bytes before the last comma of the
# line are the row's array without its closing bracket.
LINE_CHECK = f"xxh3(trimRight(toJSONString(tuple({_VALUES})), ']'))"

# A source's digest: `sum` wraps around at 2**64, as a digest does.
DIGEST = f"sum({LINE_CHECK})"

LINE_CHECK_SETTINGS: dict[str, object] = {
    "output_format_json_quote_64bit_integers": 0,
    "output_format_json_quote_denormals": 0,
    "output_format_json_escape_forward_slashes": 0,
    "output_format_json_named_tuples_as_objects": 0,
    "enable_named_columns_in_function_tuple": 0,
}
