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
