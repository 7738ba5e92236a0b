"""chDB as a server runs it: statements with settings, ids and sessions, and answers that come in parts."""

import contextlib
import re
import tempfile
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import chdb

# What HTTP itself takes of the parameters; the others are settings.
_TRANSPORT = {"query", "database", "query_id", "session_id", "session_check", "session_timeout", "wait_end_of_query"}
_TRANSPORT |= {"client_protocol_version", "compress", "decompress", "enable_http_compression", "role", "buffer_size"}
_TRANSPORT |= {"send_progress_in_http_headers", "http_headers_progress_interval_ms", "user", "password", "quota_key"}
# What the library answers in parts.
_STREAMED = re.compile(r"\s*(?:SELECT|WITH)\b", re.IGNORECASE)
_INSERT = re.compile(rb"\s*(INSERT INTO [^\n]*?) FORMAT (\w+)[ \t]*(?:\n|$)", re.IGNORECASE)
# What has a head or an end is one piece: the library would make a whole file of each part.
_WHOLE = re.compile(r"\bFORMAT\s+(?:\w+WithNames\w*|Arrow\w*|Parquet|ORC|Avro|JSON)\s*$", re.IGNORECASE)
_NATIVE = re.compile(r"\bFORMAT\s+Native\s*$", re.IGNORECASE)
# What stands before each block for a client that names its version: no overflow, no bucket.
_BLOCK_INFO = b"\x01\x00\x02\xff\xff\xff\xff\x00"
QUERY_RUNS, NO_SESSION, SESSION_LOCKED = 216, 372, 373


class Refused(Exception):
    """What the engine says to a statement, and its number."""

    def __init__(self, said: str, code: int = 0) -> None:
        super().__init__(said)
        self.code = code or int((re.search(r"Code: (\d+)", said) or ["", "1002"])[1])


class Engine:
    """One folder, opened by this process alone; `config` is a configuration file. `execute` may be called by any number
    of threads."""

    def __init__(self, folder: Path, config: Path | None = None) -> None:
        self._address = str(folder.resolve()) + (f"?config-file={config}" if config else "")
        self._own = self._handle()
        self._running: set[str] = set()
        self._sessions: dict[str, Any] = {}
        self._lock = threading.Lock()

    def close(self) -> None:
        for handle in (*self._sessions.values(), self._own):
            handle.close()

    def _handle(self) -> Any:
        return chdb.connect(self._address)  # type: ignore[no-untyped-call]

    @contextlib.contextmanager
    def execute(self, statement: bytes, given: Mapping[str, str]) -> Iterator[Iterator[bytes]]:
        """The parts of the answer. Raises Refused, here or while they are taken; leaving early ends the query."""
        with self._as_the_only(given.get("query_id", "")), self._session(given) as handle:
            try:
                bound = _settle_in(handle, given)
                with _as_file(statement) as told:
                    yield self._parts(handle, told, bound, int(given.get("client_protocol_version") or 0))
            except RuntimeError as error:
                raise Refused(str(error).removeprefix("Streaming query failed: ")) from None

    def _parts(self, handle: Any, statement: bytes, bound: dict[str, str], version: int) -> Iterator[bytes]:
        text = statement.decode("utf-8", "surrogateescape")
        info = _BLOCK_INFO if version and _NATIVE.search(text) else b""
        empty = True
        if _STREAMED.match(text) and not _WHOLE.search(text):
            with handle.send_query(statement, "TabSeparated", params=bound) as stream:
                for part in stream:
                    empty = False
                    yield info + bytes(part.bytes())
        # (Of no rows a stream has not even the head.)
        if empty:
            whole = bytes(handle.query(statement, "TabSeparated", params=bound).bytes() or b"")
            yield info + whole if whole else b""

    @contextlib.contextmanager
    def _as_the_only(self, query_id: str) -> Iterator[None]:
        with self._lock:
            if query_id and query_id in self._running:
                said = f"Code: {QUERY_RUNS}. DB::Exception: Query with id = {query_id} is already running."
                raise Refused(f"{said} (QUERY_WITH_SAME_ID_IS_ALREADY_RUNNING)")
            self._running.add(query_id)
        try:
            yield
        finally:
            with self._lock:
                self._running.discard(query_id)

    @contextlib.contextmanager
    def _session(self, given: Mapping[str, str]) -> Iterator[Any]:
        """A handle of the statement's own, or that of its session, which is one statement's at a time."""
        name = given.get("session_id", "")
        if not name:
            handle = self._handle()
            try:
                yield handle
            finally:
                handle.close()
            return
        with self._lock:
            known = name in self._sessions
            if not known and given.get("session_check") == "1":
                raise Refused(f"Code: {NO_SESSION}. DB::Exception: Session {name} not found. (SESSION_NOT_FOUND)")
            handle = self._sessions[name] if known else self._handle()
            if handle is None:
                said = f"Code: {SESSION_LOCKED}. DB::Exception: Session {name} is locked by a concurrent client."
                raise Refused(f"{said} (SESSION_IS_LOCKED)")
            self._sessions[name] = None
        try:
            yield handle
        finally:
            self._sessions[name] = handle


def _settle_in(handle: Any, given: Mapping[str, str]) -> dict[str, str]:
    """Apply the database and the settings; return the values to be bound."""
    if given.get("database"):
        handle.query(f"USE {given['database']}")
    bound = {key[6:]: value for key, value in given.items() if key.startswith("param_")}
    settings = {key: value for key, value in given.items() if key not in _TRANSPORT and not key.startswith("param_")}
    if settings:
        handle.query("SET " + ", ".join(f"{key} = '{_quoted(value)}'" for key, value in settings.items()))
    return bound


@contextlib.contextmanager
def _as_file(statement: bytes) -> Iterator[bytes]:
    """An insert whose rows are in a file, which may hold any bytes; other statements as they are."""
    insert = _INSERT.match(statement)
    if insert is None or insert.end() == len(statement):
        yield statement
        return
    with tempfile.NamedTemporaryFile(suffix=".raw") as rows:
        rows.write(statement[insert.end() :])
        rows.flush()
        yield b"%b FROM INFILE '%b' FORMAT %b" % (insert[1], rows.name.encode(), insert[2])


def _quoted(value: str) -> str:
    return value.replace("\\", "\\\\").replace("'", "\\'")
