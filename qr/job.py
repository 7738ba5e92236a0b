"""What crosses the pipe to a process that draws, and back: a length in four bytes, and that much MessagePack."""

import struct
from typing import IO

import msgspec

from qr.style import Style

_LENGTH = struct.Struct(">I")


class Job(msgspec.Struct, frozen=True):
    data: str
    style: Style
    format: str
    size: int
    more_fonts: str = ""


class Done(msgspec.Struct, frozen=True):
    """The picture; or why there is none, and whether it is that nobody could scan it."""

    picture: bytes = b""
    field: str = ""
    message: str = ""
    unreadable: bool = False


encode = msgspec.msgpack.Encoder().encode
job = msgspec.msgpack.Decoder(Job).decode
done = msgspec.msgpack.Decoder(Done).decode


def send(to: IO[bytes], message: bytes) -> None:
    to.write(_LENGTH.pack(len(message)) + message)
    to.flush()


def receive(source: IO[bytes]) -> bytes | None:
    """None when the other end is gone."""
    head = source.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    body = source.read(_LENGTH.unpack(head)[0])
    return body if len(body) == _LENGTH.unpack(head)[0] else None
