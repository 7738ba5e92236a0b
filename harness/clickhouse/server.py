"""ClickHouse's HTTP interface, answered by chDB, which drops, stalls and refuses on demand.

The engine is the real one; what a test chooses is what becomes of a request on the way. One process owns one chDB
folder, so while a bridge runs, everything else of its process goes through it. What it does not show: merges and
mutations under a server's load, replication, quotas, the limits of a server's configuration.
"""

import base64
import contextlib
import json
import re
import secrets
import shutil
import signal
import socket
import ssl
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Literal
from urllib.parse import parse_qsl, urlsplit

import msgspec

from harness.clickhouse import bodies
from harness.clickhouse.bodies import Truncated
from harness.clickhouse.engine import Engine, Refused

# `lost`: the request never arrives. `cut`: it is done, and the connection ends instead of an answer. `stalled`: it
# waits before it is done, until the bridge is told to go on. `refused`: an answer of 503. `late`: it is done, and the
# answer waits likewise. `half`: the connection ends in the middle of the answer. `closed`: the connection ends after
# the answer, without a word. `moved`: an answer of 307, as a balancer's. `gone`: the connection ends in the head.
How = Literal["lost", "cut", "stalled", "refused", "late", "half", "closed", "moved", "gone"]
USERS = {"default": "secret"}
NO_CREDENTIALS, NOT_LET_IN, BUSY = 194, 516, 202
# The status of an error, by its number; 500 for the others.
_STATUS = {194: 401, 192: 403, 193: 403, 497: 403, 516: 403, 48: 501, 159: 408, 209: 503, 439: 503}
_STATUS |= dict.fromkeys((6, 15, 26, 27, 36, 38, 41, 44, 53, 62, 72, 117, 167, 168), 400)
_STATUS |= dict.fromkeys((46, 47, 50, 56, 60, 73, 78, 81, 115, 511), 404)
KEPT_S = 30.0


class Fault(msgspec.Struct):
    """Meets the next `times` requests whose statement or id matches `what`."""

    what: str
    how: How
    times: int = 1


class Request(msgspec.Struct, frozen=True):
    """One that was done. `address` is what stood in the URL, `given` that and what came in a form."""

    statement: str
    address: dict[str, str]
    given: dict[str, str]
    headers: dict[str, str] = {}


class Bridge:
    """`version`, when set, is what it says it is; `users` are let in with their passwords. It speaks TLS with a
    certificate and its key, in one file. An idle connection ends after `kept_s`. `config` configures the engine."""

    def __init__(
        self,
        folder: Path,
        *,
        port: int = 0,
        users: Mapping[str, str] = USERS,
        certificate: Path | None = None,
        kept_s: float = KEPT_S,
        config: Path | None = None,
    ) -> None:
        self.faults: list[Fault] = []
        # Statements of whole requests, whatever became of them.
        self.arrived: list[str] = []
        self.requests: list[Request] = []
        self.version = ""
        self.users = dict(users)
        # Set while stalled requests may go on.
        self.going = threading.Event()
        # Set when one that had stalled has been done.
        self.late = threading.Event()
        self.folder = folder
        self.engine = Engine(folder, config)
        self._scheme = "http" if certificate is None else "https"
        self._lock = threading.Lock()
        handler = type("Handler", (_Handler,), {"bridge": self, "timeout": kept_s})
        self._server = _Server(("127.0.0.1", port), handler)
        if certificate is not None:
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            context.load_cert_chain(certificate)
            self._server.context = context
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        user, password = next(iter(self.users.items()))
        return f"{self._scheme}://{user}:{password}@127.0.0.1:{self.port}"

    def close(self) -> None:
        self.going.set()
        self._server.shutdown()
        self._server.server_close()
        self.engine.close()

    def meets(self, statement: str, query_id: str) -> How | None:
        with self._lock:
            for fault in self.faults:
                if fault.times and (re.search(fault.what, statement[:2000]) or re.search(fault.what, query_id)):
                    fault.times -= 1
                    return fault.how
        return None


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    context: ssl.SSLContext | None = None

    def finish_request(self, request: Any, client_address: Any) -> None:
        """In the connection's own thread, so that a handshake holds nobody up."""
        if self.context is None:
            return super().finish_request(request, client_address)
        with contextlib.suppress(ssl.SSLError, OSError), self.context.wrap_socket(request, server_side=True) as inner:
            super().finish_request(inner, client_address)
        return None

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that leaves is no error of ours."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    bridge: Bridge
    protocol_version = "HTTP/1.1"
    # An answer is written in pieces, and each would wait for the client's word that it has the one before.
    disable_nagle_algorithm = True

    def log_message(self, *_: object) -> None:
        return

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        if "query=" not in parts.query:
            return self._answer(200, b"Ok.\n")
        # A GET changes nothing.
        return self._take({"readonly": "2", **dict(parse_qsl(parts.query, keep_blank_values=True))}, b"")

    def do_POST(self) -> None:
        try:
            body = bodies.read(self.rfile, self.headers)
        except Truncated:
            return self._cut()
        return self._take(dict(parse_qsl(urlsplit(self.path).query, keep_blank_values=True)), body)

    def _take(self, address: dict[str, str], body: bytes) -> None:
        given = dict(address)
        if (refusal := self._stranger(given)) is not None:
            return self._refuse(refusal)
        if encoding := self.headers.get("Content-Encoding"):
            body = bodies.DECODERS[encoding](body)
        if self.headers.get_content_type() == "multipart/form-data":
            given |= bodies.form(self.headers["Content-Type"], body)
            body = b""
        statement = b"\n".join(
            part for part in (given.get("query", "").encode("utf-8", "surrogateescape"), body) if part
        )
        said = statement.decode("utf-8", "surrogateescape")
        self.bridge.arrived.append(said)
        how = self.bridge.meets(said, given.get("query_id", ""))
        if how == "lost":
            return self._cut()
        if how == "gone":
            self.wfile.write(b"HTTP/1.1 200 OK\r\nX-ClickHouse-Progress: {}\r\n")
            return self._cut()
        if how == "refused":
            return self._answer(503, b"Code: 202. DB::Exception: Too many simultaneous queries.", BUSY, retry=True)
        if how == "moved":
            return self._answer(307, b"", moved=self.path)
        if how == "stalled":
            self.bridge.going.wait()
        done = Request(said, address, given, dict(self.headers))
        try:
            with self.bridge.engine.execute(statement, given) as parts:
                self._deliver(done, given, how, parts)
        except Refused as error:
            self._refuse(error)
        return None

    def _deliver(self, done: Request, given: Mapping[str, str], how: How | None, parts: Iterator[bytes]) -> None:
        first = next(parts, b"")
        whole = given.get("wait_end_of_query") == "1" or how is not None
        if whole:
            first += b"".join(parts)
        self.bridge.requests.append(done)
        if how == "stalled":
            self.bridge.late.set()
        if how == "late":
            self.bridge.going.wait()
        if how == "cut":
            return self._cut()
        if self.bridge.version and done.statement.startswith("SELECT version()"):
            first = first.replace(first.split(b"\t")[0], self.bridge.version.encode())
        name, encoder = bodies.encoder(
            self.headers.get("Accept-Encoding", "") if given.get("enable_http_compression") == "1" else ""
        )
        if whole:
            body = (encoder.part(first) + encoder.end()) if first else b""
            self._answer(200, body, encoding=name if first else "", half=how == "half", given=given)
            self.close_connection |= how == "closed"
            return None
        return self._stream(name, encoder, first, parts, given)

    def _stream(
        self, name: str, encoder: bodies.Encoder, first: bytes, parts: Iterator[bytes], given: Mapping[str, str]
    ) -> None:
        tag = self._head(200, 0, given)
        self.send_header("Transfer-Encoding", "chunked")
        if name:
            self.send_header("Content-Encoding", name)
        self.end_headers()
        try:
            self._chunk(encoder.part(first))
            for part in parts:
                self._chunk(encoder.part(part))
        except (Refused, RuntimeError) as error:
            # The status has been sent: the error is at the end of the body, which is not ended.
            said = str(error).removeprefix("Streaming query failed: ").encode() + b"\n"
            block = b"\r\n__exception__\r\n%b\r\n%b%d %b\r\n__exception__\r\n"
            named = tag.encode()
            self._chunk(encoder.part(block % (named, said, len(said), named)))
            self.wfile.flush()
            self.close_connection = True
            return
        self._chunk(encoder.end())
        self.wfile.write(b"0\r\n\r\n")

    def _chunk(self, data: bytes) -> None:
        if data:
            self.wfile.write(b"%x\r\n%b\r\n" % (len(data), data))

    def _stranger(self, given: Mapping[str, str]) -> Refused | None:
        """Why this user is not let in."""
        scheme, _, value = self.headers.get("Authorization", "").partition(" ")
        if scheme == "Basic":
            user, _, password = base64.b64decode(value).decode().partition(":")
        else:
            user = self.headers.get("X-ClickHouse-User", given.get("user", ""))
            password = self.headers.get("X-ClickHouse-Key", given.get("password", ""))
        if not user and self.bridge.users.get("default") != "":
            return Refused(f"Code: {NO_CREDENTIALS}. DB::Exception: default: Password required. (REQUIRED_PASSWORD)")
        if self.bridge.users.get(user or "default") == password:
            return None
        why = f"{user}: Authentication failed: password is incorrect, or there is no user with such name."
        return Refused(f"Code: {NOT_LET_IN}. DB::Exception: {why} (AUTHENTICATION_FAILED)")

    def _refuse(self, error: Refused) -> None:
        self._answer(_STATUS.get(error.code, 500), str(error).encode() + b"\n", error.code)

    def _head(self, status: int, code: int, given: Mapping[str, str]) -> str:
        """Returns the tag by which an error in the body is known."""
        tag = secrets.token_hex(8)
        self.send_response(status)
        self.send_header("Connection", "Keep-Alive")
        self.send_header("Keep-Alive", f"timeout={self.timeout:g}")
        self.send_header("X-ClickHouse-Query-Id", given.get("query_id", ""))
        self.send_header("X-ClickHouse-Summary", json.dumps({}))
        self.send_header("X-ClickHouse-Timezone", "UTC")
        if code:
            self.send_header("X-ClickHouse-Exception-Code", str(code))
        self.send_header("X-ClickHouse-Exception-Tag", tag)
        return tag

    def _answer(
        self,
        status: int,
        body: bytes,
        code: int = 0,
        *,
        encoding: str = "",
        half: bool = False,
        retry: bool = False,
        moved: str = "",
        given: Mapping[str, str] = {},
    ) -> None:
        self._head(status, code, given)
        if encoding:
            self.send_header("Content-Encoding", encoding)
        if retry:
            self.send_header("Retry-After", "0")
        if moved:
            self.send_header("Location", moved)
        if status == 401:
            self.send_header("WWW-Authenticate", 'Basic realm="ClickHouse server HTTP API"')
        # Of an insert's answer, which has no body, half is half its head.
        if half and not body:
            self.flush_headers()
            return self._cut()
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if half else body)
        return self._cut() if half else None

    def _cut(self) -> None:
        """As a proxy that is restarted: a reset, and not the end of a stream."""
        with contextlib.suppress(OSError):
            self.wfile.flush()
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.close()


@contextlib.contextmanager
def running(folder: Path, **options: Any) -> Iterator[Bridge]:
    bridge = Bridge(folder, **options)
    try:
        yield bridge
    finally:
        bridge.close()
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def apart(folder: Path) -> Iterator[str]:
    """The address of a bridge in a process of its own, for services that are processes, too."""
    with started(folder) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


def started(folder: Path, port: int = 0) -> subprocess.Popen[str]:
    """The first line that it prints is its address."""
    command = [sys.executable, "-m", "harness.clickhouse.server", str(folder), str(port)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2])


if __name__ == "__main__":
    print(Bridge(Path(sys.argv[1]), port=int(sys.argv[2])).url, flush=True)
    signal.pause()
