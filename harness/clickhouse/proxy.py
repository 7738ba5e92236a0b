"""A proxy between a client and a server of HTTP, which breaks what passes through it.

It takes whole requests, and asks for each of them what is to become of it. What is delivered late is delivered all the
same: `quiet` waits for it, and only then the account of what was stored is final.
"""

import contextlib
import socket
import struct
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from typing import BinaryIO, Literal

import msgspec

# `before`: it never leaves. `within`: half of it arrives. `half`: it is done, and half of the answer arrives.
# `after`: it is done, and no answer arrives. `closed`: the connection ends after the answer. `twice`: it is delivered
# twice, one after the other. `again`: it is answered, and delivered once more later. `stalled`: it is delivered some
# time after the client has given up. `silent`: it is done, and the answer is held until the client has given up.
How = Literal["before", "within", "half", "after", "closed", "twice", "again", "stalled", "silent"]
# Those after which the client has no answer.
CUTS: frozenset[How] = frozenset(("before", "within", "half", "after", "stalled", "silent"))


class Passing(msgspec.Struct, frozen=True):
    """A request on its way, byte for byte."""

    head: bytes
    body: bytes

    @property
    def raw(self) -> bytes:
        return self.head + self.body


class Fate(msgspec.Struct, frozen=True):
    """`late_s`: how long after that it is delivered, for what is delivered late."""

    how: How
    late_s: float = 0.0


class Gone(Exception):
    """The other side is not there, or ended in the middle."""


class Proxy:
    """Listens at `port` of the loopback until `close`. `decide` is called in the connections' threads."""

    def __init__(
        self, server_port: int, decide: Callable[[Passing], Fate | None], server_host: str = "127.0.0.1"
    ) -> None:
        self._server = server_host, server_port
        self.met: Counter[How] = Counter()
        self._decide = decide
        # How many requests are on their way.
        self._passing = 0
        self._lock = threading.Condition()
        self._ended = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._listen, daemon=True).start()

    @property
    def cuts(self) -> int:
        """How many requests were left without an answer."""
        return sum(count for how, count in self.met.items() if how in CUTS)

    def close(self) -> None:
        self._ended.set()
        self._listener.close()

    def quiet(self) -> None:
        """Returns when nothing is on its way any more."""
        with self._lock:
            self._lock.wait_for(lambda: not self._passing)

    @contextlib.contextmanager
    def _counted(self) -> Iterator[None]:
        with self._lock:
            self._passing += 1
        try:
            yield
        finally:
            with self._lock:
                self._passing -= 1
                self._lock.notify_all()

    def _listen(self) -> None:
        while not self._ended.is_set():
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, client.makefile("rb") as stream, contextlib.suppress(OSError, Gone):
            while (request := _message(stream)) is not None:
                with self._counted():
                    fate = self._decide(request)
                    if fate is None:
                        client.sendall(self._deliver(request.raw))
                        continue
                    with self._lock:
                        self.met[fate.how] += 1
                    if not self._met_by(fate, request, client):
                        return

    def _met_by(self, fate: Fate, request: Passing, client: socket.socket) -> bool:
        """Whether the connection goes on."""
        match fate.how:
            case "before":
                _reset(client)
            case "within":
                with contextlib.suppress(Gone), self._connected() as server:
                    server.sendall(request.raw[: max(len(request.head), len(request.raw) // 2)])
                    _reset(server)
                _reset(client)
            case "half":
                answer = self._deliver(request.raw)
                client.sendall(answer[: len(answer) // 2])
                _reset(client)
            case "after":
                self._deliver(request.raw)
                _reset(client)
            case "closed":
                client.sendall(self._deliver(request.raw))
            case "twice":
                answer = self._deliver(request.raw)
                self._deliver(request.raw)
                client.sendall(answer)
                return True
            case "again":
                client.sendall(self._deliver(request.raw))
                self._deliver_late(fate.late_s, request)
                return True
            case "stalled":
                _until_closed(client)
                self._deliver_late(fate.late_s, request)
            case "silent":
                self._deliver(request.raw)
                _until_closed(client)
        return False

    def _deliver_late(self, after_s: float, request: Passing) -> None:
        entered = threading.Event()

        def deliver() -> None:
            with self._counted(), contextlib.suppress(Gone):
                entered.set()
                self._ended.wait(after_s)
                self._deliver(request.raw)

        threading.Thread(target=deliver, daemon=True).start()
        entered.wait()

    def _deliver(self, raw: bytes) -> bytes:
        """The answer, as it came. Raises Gone."""
        with self._connected() as server:
            try:
                server.sendall(raw)
                with server.makefile("rb") as stream:
                    answer = _message(stream)
            except OSError:
                raise Gone from None
        if answer is None:
            raise Gone
        return answer.raw

    def _connected(self) -> socket.socket:
        try:
            return socket.create_connection(self._server)
        except OSError:
            raise Gone from None


def _message(stream: BinaryIO) -> Passing | None:
    """A whole request or answer; None at the end. Raises Gone when the end is in its middle."""
    lines = list(_head(stream))
    if not lines:
        return None
    fields = {name.strip().lower(): value.strip() for name, _, value in (line.partition(b":") for line in lines[1:])}
    if fields.get(b"transfer-encoding") == b"chunked":
        return Passing(b"".join(lines), b"".join(_chunks(stream)))
    size = int(fields.get(b"content-length", 0))
    body = stream.read(size)
    if len(body) < size:
        raise Gone
    return Passing(b"".join(lines), body)


def _head(stream: BinaryIO) -> Iterator[bytes]:
    while line := stream.readline():
        yield line
        if line == b"\r\n":
            return


def _chunks(stream: BinaryIO) -> Iterator[bytes]:
    """As they stand, their sizes included; up to an end in the middle."""
    while line := stream.readline():
        yield line
        yield stream.read(int(line, 16) + 2)
        if int(line, 16) == 0:
            return


def _until_closed(client: socket.socket) -> None:
    """Returns when the client has closed its end."""
    with contextlib.suppress(OSError):
        while client.recv(4096):
            pass


def _reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()
