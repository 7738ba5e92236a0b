"""Until when everything is stored: what an aggregator finds, and publishes to an API in another process."""

import msgspec

# A scan is in its journal, and so can be seen waiting, at most this long after its `ts`. A redirector that had to wait
# longer before it answered takes the time of the answer instead (`redirect.scan_handler`).
IN_FLIGHT_MS = 2_000


class Holder(msgspec.Struct, frozen=True):
    """A source whose scans are stored up to `until_ms` only, and why (`host`: its machine, where that is known)."""

    source: int
    until_ms: int | None
    reason: str
    host: str = ""


class CompleteUntil(msgspec.Struct, frozen=True):
    """Found at `at_ms`: each scan answered before `until_ms` is stored or erased, or was refused and counted. None: it
    is not known. `held_by`: the sources that hold it back for longer than is usual."""

    until_ms: int | None
    at_ms: int
    held_by: tuple[Holder, ...] = ()


UNKNOWN = CompleteUntil(None, 0)

_decoder = msgspec.json.Decoder(CompleteUntil)


def encode(found: CompleteUntil) -> bytes:
    return msgspec.json.encode(found)


def decode(raw: bytes) -> CompleteUntil:
    """Raises msgspec.DecodeError."""
    return _decoder.decode(raw)
