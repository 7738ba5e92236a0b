"""The bodies of messages: `{"type", "timestamp", "data"}`, as the Standard Webhooks specification recommends."""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from codes.code_events import CodeEvent
from codes.code_store import decode_record
from schemas.code import Code
from schemas.scan_record import ScanRecord, moment
from schemas.webhook import EventType
from webhooks.deliveries import Message
from webhooks.signing import SigningKeys

# A code as the API shows it.
ShowCode = Callable[[Code], msgspec.Struct]

_encoder = msgspec.json.Encoder()


class Envelope(msgspec.Struct, frozen=True):
    type: EventType
    timestamp: str
    data: Any


class CodeData(msgspec.Struct, frozen=True, omit_defaults=True):
    """The code as it was after the event, or when it was deleted; of an edit, which of its fields have changed."""

    code: msgspec.Struct
    changed: tuple[str, ...] = ()


class ScanData(msgspec.Struct, frozen=True):
    """A scan, and the id by which it can be told from all others."""

    id: str
    scan: ScanRecord


class Batch(msgspec.Struct, frozen=True):
    scans: Sequence[ScanData]


def message(id: str, type: EventType, at_ms: int, data: Any) -> Message:
    return Message(id, type, _encoder.encode(Envelope(type, moment(at_ms), data)))


def at_ms(event: CodeEvent) -> int:
    """When it happened: the entries of a stream begin with that."""
    return int(event.position.partition("-")[0])


def codes_of(event: CodeEvent) -> tuple[Code | None, Code]:
    """The code before, if there was one, and the code that is shown. Raises ValueError."""
    before = decode_record(event.before).code if event.before else None
    after = decode_record(event.after).code if event.after else None
    shown = after or before
    if shown is None:
        raise ValueError(f"event {event.position} is of no code")
    return before, shown


def of_code(event: CodeEvent, show: ShowCode, signing: SigningKeys) -> Message:
    """Raises ValueError (also msgspec's) for an event that cannot be read."""
    before, code = codes_of(event)
    shown = show(code)
    changed: list[str] = []
    if event.type == "code.updated" and before is not None:
        was = show(before)
        names = shown.__struct_fields__
        changed = [name for name in names if getattr(was, name) != getattr(shown, name) and name != "updated_at"]
    id = signing.id("evt", event.position, event.type, code.id)
    return message(id, event.type, at_ms(event), CodeData(shown, tuple(changed)))


def of_scans(scans: Sequence[ScanData], signing: SigningKeys, now_ms: int) -> Message:
    """A batch. Of one scan it has that scan's id, else one that follows from theirs."""
    ids = [scan.id for scan in scans]
    id = ids[0] if len(ids) == 1 else signing.id("batch", *ids)
    return message(id, "scan", now_ms, Batch(scans))


def of_test(type: EventType, id: str, now_ms: int) -> Message:
    return message(id, type, now_ms, {"test": True})
