"""The register of sources: what redirectors report to have written. `waymark audit` reads it.

It is stored apart from the scans that it is compared with: beside the journals (`ingest.register`), in Redis
(`schemas.keys.SOURCES`), and on a bus with the notes of a source.
"""

from typing import Literal

import msgspec


class SourceEntry(msgspec.Struct, frozen=True, omit_defaults=True):
    """One source. Everything up to `last_seq` is on the redirector's disk: `refused` of them are counted and written
    nowhere, `digest` is that of the others. It only grows, and never claims more than a power loss leaves. `host` and
    `boot` identify the machine and its boot."""

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


class Heartbeat(msgspec.Struct, frozen=True):
    """A live redirector had given out 1 to `seq` at `at_ms` (and had refused some after it, perhaps): what it writes
    later has a later number."""

    source: int
    at_ms: int
    seq: int
    host: str = ""


_heartbeat = msgspec.json.Decoder(Heartbeat)


def encode_heartbeat(heartbeat: Heartbeat) -> bytes:
    return msgspec.json.encode(heartbeat)


def decode_heartbeat(raw: bytes) -> Heartbeat:
    """Raises msgspec.DecodeError."""
    return _heartbeat.decode(raw)
