"""The register of sources: what the redirectors themselves say that they have written.

It is kept apart from what it is held against: beside the journals (`ingest.register`) and in Redis
(`schemas.keys.SOURCES`), and on a bus with the notes of a source. `waymark audit` reads it.
"""

from typing import Literal

import msgspec


class SourceEntry(msgspec.Struct, frozen=True, omit_defaults=True):
    """One source. Everything up to `last_seq` was given out and is on the redirector's disk: `refused` of them are
    counted and written nowhere, `digest` is that of the others. It only grows, and never says more than a power loss
    leaves. `host` and `boot` tell which machine it was, and which of its starts."""

    source: int
    last_seq: int
    digest: int
    refused: int
    state: Literal["open", "closed"]
    at_ms: int
    host: str = ""
    boot: str = ""


_decoder = msgspec.json.Decoder(SourceEntry)


def encode_entry(entry: SourceEntry) -> bytes:
    return msgspec.json.encode(entry)


def decode_entry(raw: bytes) -> SourceEntry:
    """Raises msgspec.DecodeError."""
    return _decoder.decode(raw)
