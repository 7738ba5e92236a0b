"""The bodies of ClickHouse's HTTP interface: chunks, compression, forms."""

import gzip
import zlib
from collections.abc import Callable, Mapping
from email.message import Message
from email.parser import BytesParser
from email.policy import HTTP
from io import BufferedIOBase
from typing import Protocol

import brotli
import lz4.frame
from backports import zstd


class Truncated(Exception):
    """The connection ended in the middle of a body."""


def read(stream: BufferedIOBase, headers: Message) -> bytes:
    """The whole body of a request, as it was sent. Raises Truncated."""
    if headers.get("Transfer-Encoding") != "chunked":
        return _exactly(stream, int(headers.get("Content-Length", 0)))
    parts = []
    while size := _chunk_size(stream.readline()):
        parts.append(_exactly(stream, size))
        _exactly(stream, 2)
    _exactly(stream, 2)
    return b"".join(parts)


def _chunk_size(line: bytes) -> int:
    if not line.endswith(b"\r\n"):
        raise Truncated
    return int(line, 16)


def _exactly(stream: BufferedIOBase, size: int) -> bytes:
    found = stream.read(size)
    if len(found) != size:
        raise Truncated
    return found


DECODERS: Mapping[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.decompress,
    "deflate": zlib.decompress,
    "zstd": zstd.decompress,
    "lz4": lz4.frame.decompress,
    "br": brotli.decompress,
}


class Encoder(Protocol):
    """Compresses an answer part by part; each part can be read once it has arrived."""

    def part(self, data: bytes) -> bytes: ...

    def end(self) -> bytes: ...


class Plain:
    def part(self, data: bytes) -> bytes:
        return data

    def end(self) -> bytes:
        return b""


class _Zlib:
    def __init__(self, wbits: int) -> None:
        self._compressor = zlib.compressobj(1, zlib.DEFLATED, wbits)

    def part(self, data: bytes) -> bytes:
        return self._compressor.compress(data) + self._compressor.flush(zlib.Z_SYNC_FLUSH)

    def end(self) -> bytes:
        return self._compressor.flush()


class _Zstd:
    def __init__(self) -> None:
        self._compressor = zstd.ZstdCompressor(level=1)

    def part(self, data: bytes) -> bytes:
        return self._compressor.compress(data, zstd.ZstdCompressor.FLUSH_BLOCK)

    def end(self) -> bytes:
        return self._compressor.flush()


class _Lz4:
    """One frame, as the server writes it."""

    def __init__(self) -> None:
        self._compressor = lz4.frame.LZ4FrameCompressor(auto_flush=True)
        self._head = self._compressor.begin()

    def part(self, data: bytes) -> bytes:
        head, self._head = self._head, b""
        return bytes(head + self._compressor.compress(data))

    def end(self) -> bytes:
        head, self._head = self._head, b""
        return bytes(head + self._compressor.flush())


class _Brotli:
    def __init__(self) -> None:
        self._compressor = brotli.Compressor(quality=1)

    def part(self, data: bytes) -> bytes:
        return bytes(self._compressor.process(data) + self._compressor.flush())

    def end(self) -> bytes:
        return bytes(self._compressor.finish())


# In the order in which the server likes them.
_ENCODERS: Mapping[str, Callable[[], Encoder]] = {
    "zstd": _Zstd,
    "br": _Brotli,
    "lz4": _Lz4,
    "gzip": lambda: _Zlib(31),
    "deflate": lambda: _Zlib(15),
}


def encoder(accepted: str) -> tuple[str, Encoder]:
    """The name of the server's favourite among the accepted encodings, "" for none of them."""
    names = {one.split(";")[0].strip() for one in accepted.split(",")}
    found = next((name for name in _ENCODERS if name in names), "")
    return found, _ENCODERS[found]() if found else Plain()


def form(content_type: str, body: bytes) -> dict[str, str]:
    """The fields of a multipart form."""
    message = BytesParser(policy=HTTP).parsebytes(b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + body)
    found = {}
    for part in message.iter_parts():
        name = part.get_param("name", header="content-disposition")
        content = part.get_payload(decode=True)
        found[str(name)] = content.decode("utf-8", "surrogateescape") if isinstance(content, bytes) else ""
    return found
