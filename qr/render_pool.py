"""A pool of processes that render pictures, the protocol between them (MessagePack behind a four-byte length), and a
cache of what they rendered.

Workers (`qr.render_worker`) start on demand; one that dies is replaced.
"""

import hashlib
import struct
import subprocess
import sys
import threading
from collections import OrderedDict
from contextlib import suppress
from typing import IO

import msgspec

from qr.errors import Refused, Unreadable
from qr.style import Style

# Wall-clock limit for one picture; the CPU limit is in `qr.render_worker`.
PATIENCE_S = 60.0
CACHE_BYTES = 64 * 1024 * 1024
# The format of a job whose picture is a packed `qr.render.Measured`.
MEASURED = "measured"
# And of one whose picture is a packed `qr.scene.Scene`.
SCENE = "scene"
_LENGTH = struct.Struct(">I")


class RenderJob(msgspec.Struct, frozen=True):
    data: str
    style: Style
    format: str
    size: int
    more_fonts: str = ""


class RenderResult(msgspec.Struct, frozen=True):
    """The picture, or the reason for its refusal. `unreadable`: it was drawn, but would not scan."""

    picture: bytes = b""
    field: str = ""
    message: str = ""
    unreadable: bool = False


encode = msgspec.msgpack.Encoder().encode
decode_job = msgspec.msgpack.Decoder(RenderJob).decode
decode_result = msgspec.msgpack.Decoder(RenderResult).decode


def send(to: IO[bytes], message: bytes) -> None:
    to.write(_LENGTH.pack(len(message)) + message)
    to.flush()


def receive(source: IO[bytes]) -> bytes | None:
    """Read the next message; return None when the other end has closed."""
    head = source.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    body = source.read(_LENGTH.unpack(head)[0])
    return body if len(body) == _LENGTH.unpack(head)[0] else None


class RenderPool:
    """Runs one worker process per thread that calls `draw` at the same time."""

    def __init__(self, *, patience_s: float = PATIENCE_S) -> None:
        self._patience_s = patience_s
        self._idle: list[subprocess.Popen[bytes]] = []
        self._lock = threading.Lock()

    def draw(self, job: RenderJob) -> bytes:
        """Blocks. Raises Refused, also when the worker ran out of time or memory."""
        worker = self._take()
        answer = self._ask(worker, encode(job))
        if answer is None:
            raise Refused("style", "takes too much time or memory to draw at this size")
        self._give_back(worker)
        found = decode_result(answer)
        if not found.picture:
            raise (Unreadable if found.unreadable else Refused)(found.field, found.message)
        return found.picture

    def _take(self) -> "subprocess.Popen[bytes]":
        with self._lock:
            while self._idle:
                worker = self._idle.pop()
                if worker.poll() is None:
                    return worker
        return subprocess.Popen(
            [sys.executable, "-m", "qr.render_worker"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    def _give_back(self, worker: "subprocess.Popen[bytes]") -> None:
        with self._lock:
            self._idle.append(worker)

    def _ask(self, worker: "subprocess.Popen[bytes]", message: bytes) -> bytes | None:
        assert worker.stdin is not None and worker.stdout is not None
        impatience = threading.Timer(self._patience_s, worker.kill)
        impatience.start()
        answer = None
        try:
            send(worker.stdin, message)
            answer = receive(worker.stdout)
        except OSError:
            answer = None
        finally:
            impatience.cancel()
            if answer is None:
                _end(worker)
        return answer

    def close(self) -> None:
        """End the idle workers."""
        with self._lock:
            idle, self._idle = self._idle, []
        for worker in idle:
            _end(worker)


def _end(worker: "subprocess.Popen[bytes]") -> None:
    worker.kill()
    worker.wait()
    for pipe in (worker.stdin, worker.stdout):
        if pipe is not None:
            # Closing flushes unsent bytes, and the pipe may be broken.
            with suppress(OSError):
                pipe.close()


def cache_key(job: RenderJob) -> bytes:
    """Equal for jobs that render the same picture."""
    return hashlib.blake2b(encode(job), digest_size=20).digest()


class PictureCache:
    """An LRU cache of rendered pictures by `cache_key`, bounded by bytes. Thread-safe."""

    def __init__(self, max_bytes: int = CACHE_BYTES) -> None:
        self._max_bytes = max_bytes
        self._bytes = 0
        self._kept: OrderedDict[bytes, bytes] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, name: bytes) -> bytes | None:
        with self._lock:
            found = self._kept.get(name)
            if found is not None:
                self._kept.move_to_end(name)
            return found

    def put(self, name: bytes, picture: bytes) -> None:
        with self._lock:
            self._bytes += len(picture) - len(self._kept.pop(name, b""))
            self._kept[name] = picture
            while self._bytes > self._max_bytes:
                self._bytes -= len(self._kept.popitem(last=False)[1])

    @property
    def size(self) -> int:
        return self._bytes
