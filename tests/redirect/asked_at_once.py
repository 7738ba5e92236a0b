"""Many scanners who ask in the same moment, so that one turn of a redirector's loop reads them all."""

import re
import resource
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import psutil

from tests.redirect.scanner import IPHONE, Redirector, until

_STOPPED = (psutil.STATUS_STOPPED, psutil.STATUS_TRACING_STOP)
_REQUEST = f"GET /%s HTTP/1.1\r\nHost: x\r\nUser-Agent: {IPHONE}\r\n\r\n"


def request(slug: str) -> bytes:
    return (_REQUEST % slug).encode()


class Scanners:
    """So many connections to a redirector, each answered twice before: alone, and together with the others."""

    def __init__(self, server: Redirector, count: int, slug: str) -> None:
        self.server = server
        self._sockets = [socket.create_connection(("127.0.0.1", server.port), timeout=20) for _ in range(count)]
        for one in self._sockets:
            one.sendall(request(slug))
            assert one.recv(65536).startswith(b"HTTP/1.1 302")
        with self.asking(request(slug)):
            pass
        assert all(map(len, self.answers()))

    @contextmanager
    def asking(self, sent: bytes) -> Iterator[None]:
        """Asks while the redirector stands still; what is done within happens before it reads that."""
        self.server.signal(signal.SIGSTOP)
        # (Under strace it is "t".)
        until(lambda: psutil.Process(self.server.process.pid).status() in _STOPPED, "it stands still")
        for one in self._sockets:
            one.sendall(sent)
        try:
            yield
        finally:
            self.server.signal(signal.SIGCONT)

    def answers(self, each: int = 1) -> list[list[bytes]]:
        """The locations that each was sent to before any refusal, until so many answers have come or the connection
        ended."""
        return [_locations(one, each) for one in self._sockets]

    def leave(self, how_many: int) -> None:
        for one in self._sockets[:how_many]:
            one.close()
        del self._sockets[:how_many]

    def close(self) -> None:
        self.leave(len(self._sockets))


def _locations(one: socket.socket, count: int) -> list[bytes]:
    came = b""
    while came.count(b"\r\n\r\n") < count:
        try:
            got = one.recv(65536)
        except ConnectionError:
            break
        if not got:
            break
        came += got
    return re.findall(rb"\r\nlocation: ([^\r]*)\r\n", came.partition(b"HTTP/1.1 400 ")[0])


@contextmanager
def killed_at(server: Redirector, call: str, number: int, *, of_journal: bool) -> Iterator[None]:
    """Within it the redirector's main thread runs under strace, which kills it when it calls that for the number-th
    time: the call does not happen. `of_journal`: only calls that concern the newest segment count."""
    segment = max(server.journal.glob("*/*.log"))
    only = ["-P", str(segment)] if of_journal else []
    strace = subprocess.Popen(
        [
            *("strace", "-p", str(server.process.pid), *only, "-e", f"trace={call}"),
            *("-e", f"inject={call}:signal=SIGKILL:when={number}"),
        ],
        stderr=subprocess.PIPE,
        text=True,
    )
    assert strace.stderr is not None
    attached = ""
    while "attached" not in attached:
        attached = strace.stderr.readline()
        assert attached, "strace ended"
    yield
    strace.communicate(timeout=20)
    assert server.process.wait(20) == -signal.SIGKILL


def bound_files(server: Redirector, events: int) -> None:
    """From now on a segment can grow by so many events and a half; a write that crosses that is cut short."""
    line = max(map(len, server.lines())) + 1
    size = max(segment.stat().st_size for segment in server.journal.glob("*/*.log")) + events * line + line // 2
    resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (size, size))


def killed_half_written(server: Redirector, slug: str) -> int:
    """A redirector that dies when the half of a group is written, and nothing has been cut back; how many events there
    are. (Its scanners were answered before, and are not now.)"""
    many = Scanners(server, 20, slug)
    bound_files(server, 5)
    with killed_at(server, "ftruncate", 1, of_journal=True), many.asking(request(slug)):
        pass
    assert sum(map(len, many.answers())) == 0
    many.close()
    return 2 * 20 + 5
