"""The records of a journal: scan events, and what a source says of its own beginning and end.

A journal is lines of JSON. A scan is an array (it starts with `[`), in the order of the columns
of the table `scans`; `open` and `close` are objects (they start with `{`).
"""

from typing import Annotated, Literal, get_args

import msgspec

Kind = Literal["human", "bot", "preview", "prefetch"]
Outcome = Literal["redirect", "page", "paused", "expired", "early", "limited", "gate", "unknown"]

KINDS: tuple[Kind, ...] = get_args(Kind)
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)

# The outcomes at which a visit reached what the code stands for; only these are in totals.
COUNTED: tuple[Outcome, ...] = ("redirect", "page")


# What the tables can hold. Decoding checks it, so that a row is never refused there for what is in it;
# a visitor's 64 bits are more than msgspec can bound.
Count = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
Instant = Annotated[int, msgspec.Meta(ge=0, lt=2**32 * 1000)]
Degrees = Annotated[float, msgspec.Meta(ge=-180, le=180)]


class ScanEvent(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """One answered visit. Unknown values are empty strings; a place without coordinates is None."""

    source: Count
    seq: Count
    ts_ms: Instant
    code: Count
    workspace: Count
    host: str
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
    variant: str
    visitor: Annotated[int, msgspec.Meta(ge=0)]


class SourceOpened(msgspec.Struct, frozen=True, tag_field="record", tag="open", forbid_unknown_fields=True):
    """The first record of a journal."""

    source: Count
    at_ms: Instant


class SourceClosed(msgspec.Struct, frozen=True, tag_field="record", tag="close", forbid_unknown_fields=True):
    """The last record of a journal: the highest sequence number given out, and the inclusive
    ranges of those whose events were refused (a full journal) and are on no bus."""

    source: Count
    at_ms: Instant
    last_seq: Count
    refused: list[tuple[Count, Count]] = []


class SourceHead(msgspec.Struct, frozen=True, tag_field="record", tag="head", forbid_unknown_fields=True):
    """Not in a journal, only on a bus that leads away from it: the highest sequence number shipped so far, after the
    events up to it, and which of these were refused."""

    source: Count
    at_ms: Instant
    last_seq: Count
    refused: list[tuple[Count, Count]] = []


SourceNote = SourceOpened | SourceClosed | SourceHead

EVENT_COLUMNS: tuple[str, ...] = ScanEvent.__struct_fields__

_event_decoder = msgspec.json.Decoder(ScanEvent)
_note_decoder = msgspec.json.Decoder(SourceNote)
_encoder = msgspec.json.Encoder()


def encode_line(record: ScanEvent | SourceNote) -> bytes:
    """One journal line, with its newline."""
    return _encoder.encode(record) + b"\n"


def decode_event(line: bytes) -> ScanEvent:
    """Raises msgspec.DecodeError (or its ValidationError) when the line is not an event."""
    return _event_decoder.decode(line)


def decode_note(line: bytes) -> SourceNote:
    note: SourceNote = _note_decoder.decode(line)
    return note


def is_note(line: bytes) -> bool:
    return line.startswith(b"{")
