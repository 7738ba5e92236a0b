"""ClickHouse's HTTP interface, answered by chDB, which drops, stalls and refuses on demand.

The engine is the real one; what a test chooses is what becomes of a request on the way. One process owns one chDB
folder, so while a bridge runs, everything else of its process goes through it.
"""

import contextlib
import json
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from email.parser import BytesParser
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Literal
from urllib.parse import parse_qsl, urlsplit

import chdb
import msgspec

# What HTTP itself takes of the parameters; the others are settings.
_OURS = {"query", "database", "query_id", "session_id", "wait_end_of_query", "client_protocol_version", "compress"}
_OURS |= {"send_progress_in_http_headers", "http_headers_progress_interval_ms", "enable_http_compression", "role"}
# `lost`: the request never arrives. `cut`: it is done, and the connection ends instead of an answer. `stalled`: it
# waits before it is done, until the bridge is told to go on. `refused`: an answer of 503.
How = Literal["lost", "cut", "stalled", "refused"]


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


class Bridge:
    """`version`, when set, is what it says it is."""

    def __init__(self, folder: Path) -> None:
        self.faults: list[Fault] = []
        self.requests: list[Request] = []
        self.version = ""
        # Set while stalled requests may go on.
        self.going = threading.Event()
        # Set when one that had stalled has been done.
        self.late = threading.Event()
        self.engine = _handle(folder)
        self._folder = folder
        self._running: set[str] = set()
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"bridge": self}))
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://default:secret@127.0.0.1:{self._server.server_address[1]}"

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

    def run(self, statement: bytes, given: dict[str, str]) -> bytes:
        """Raises Refused with what the engine said."""
        query_id = given.get("query_id", "")
        with self._lock:
            if query_id and query_id in self._running:
                raise Refused(f"Code: 216. DB::Exception: Query with id = {query_id} is already running.")
            self._running.add(query_id)
        handle = _handle(self._folder)
        try:
            settings = {key: value for key, value in given.items() if key not in _OURS and key[:6] != "param_"}
            values = ", ".join(f"{key} = '{_quoted(value)}'" for key, value in settings.items())
            for one in (f"USE {given['database']}" if given.get("database") else "", values and f"SET {values}"):
                if one:
                    handle.query(one)
            bound = {key[6:]: value for key, value in given.items() if key.startswith("param_")}
            return bytes(handle.query(statement, "TabSeparated", params=bound).bytes() or b"")
        except RuntimeError as error:
            raise Refused(str(error)) from None
        finally:
            handle.close()
            with self._lock:
                self._running.discard(query_id)


def _handle(folder: Path) -> Any:
    return chdb.connect(str(folder.resolve()))  # type: ignore[no-untyped-call]


class Refused(Exception):
    pass


class _Handler(BaseHTTPRequestHandler):
    bridge: Bridge
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        return

    def do_GET(self) -> None:
        self._answer(200, b"Ok.\n")

    def do_POST(self) -> None:
        address = dict(parse_qsl(urlsplit(self.path).query, keep_blank_values=True))
        body = self._body()
        given = dict(address)
        if self.headers.get_content_type() == "multipart/form-data":
            given |= _form(self.headers["Content-Type"], body)
            body = b""
        statement = "\n".join(
            part for part in (given.get("query", ""), body.decode("utf-8", "surrogateescape")) if part
        )
        how = self.bridge.meets(statement, given.get("query_id", ""))
        if how == "lost":
            return self._cut()
        if how == "refused":
            return self._answer(503, b"Code: 202. DB::Exception: Too many simultaneous queries.", code=202)
        if how == "stalled":
            self.bridge.going.wait()
        try:
            with _as_file(given.get("query", ""), body) as insert:
                answer = self.bridge.run(insert or statement.encode("utf-8", "surrogateescape"), given)
        except Refused as error:
            code = int((re.search(r"Code: (\d+)", str(error)) or ["", "1000"])[1])
            return self._answer(500, str(error).encode(), code=code)
        if how == "stalled":
            self.bridge.late.set()
        self.bridge.requests.append(Request(statement, address, given))
        if how == "cut":
            return self._cut()
        if self.bridge.version and statement.startswith("SELECT version()"):
            answer = answer.replace(answer.split(b"\t")[0], self.bridge.version.encode())
        return self._answer(200, answer)

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        parts = []
        while size := int(self.rfile.readline(), 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def _answer(self, status: int, body: bytes, code: int = 0) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-ClickHouse-Summary", json.dumps({}))
        self.send_header("X-ClickHouse-Timezone", "UTC")
        if code:
            self.send_header("X-ClickHouse-Exception-Code", str(code))
        self.end_headers()
        self.wfile.write(body)

    def _cut(self) -> None:
        """As a proxy that is restarted: a reset, and not the end of a stream."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.close()


@contextlib.contextmanager
def _as_file(query: str, body: bytes) -> Iterator[bytes]:
    """An insert whose rows are in a file, which may hold any bytes; nothing when it is another statement."""
    insert = re.fullmatch(r"(INSERT INTO .*) FORMAT (\w+)\s*", query, re.DOTALL)
    if not body or insert is None:
        yield b""
        return
    with tempfile.NamedTemporaryFile(suffix=".raw") as rows:
        rows.write(body)
        rows.flush()
        yield f"{insert[1]} FROM INFILE '{rows.name}' FORMAT {insert[2]}".encode()


def _form(content_type: str, body: bytes) -> dict[str, str]:
    message = BytesParser(policy=HTTP).parsebytes(b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + body)
    found = {}
    for part in message.iter_parts():
        name = part.get_param("name", header="content-disposition")
        content = part.get_payload(decode=True)
        found[str(name)] = content.decode("utf-8", "surrogateescape") if isinstance(content, bytes) else ""
    return found


def _quoted(value: str) -> str:
    return value.replace("\\", "\\\\").replace("'", "\\'")


@contextlib.contextmanager
def running(folder: Path) -> Iterator[Bridge]:
    bridge = Bridge(folder)
    try:
        yield bridge
    finally:
        bridge.close()
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def apart(folder: Path) -> Iterator[str]:
    """The address of a bridge in a process of its own, for services that are processes, too."""
    command = [sys.executable, "-m", "tests.servers.clickhouse", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


if __name__ == "__main__":
    print(Bridge(Path(sys.argv[1])).url, flush=True)
    signal.pause()
