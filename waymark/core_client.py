"""Client of the core, the process that owns the warehouse: commands call it over its unix socket."""

import http.client
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from infra.progress import Progress
from waymark.data_dir import DataDir

_PART = 1 << 18


class CoreUnavailable(RuntimeError):
    """No process answers at the core's socket."""


class CoreError(RuntimeError):
    """The core failed; the message says why."""


class _Connection(http.client.HTTPConnection):
    def __init__(self, path: Path, patience_s: float | None) -> None:
        super().__init__("localhost")
        self._path = path
        self._patience_s = patience_s

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self._patience_s)
        try:
            self.sock.connect(str(self._path))
        except OSError as error:
            self.sock.close()
            raise CoreUnavailable(f"nothing answers at {self._path}: {error.strerror}") from None


def fetch(socket_path: Path, path: str, patience_s: float | None) -> tuple[int, bytes]:
    """GET from any process that serves on a unix socket: status and body. Raises CoreUnavailable."""
    connection = _Connection(socket_path, patience_s)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read()
    except (OSError, http.client.HTTPException) as error:
        raise CoreUnavailable(f"no answer: {error}") from error
    finally:
        connection.close()


def get(folder: DataDir, path: str) -> Any:
    """GET from the core. Raises CoreUnavailable."""
    _, body = fetch(folder.core_socket, path, None)
    try:
        return msgspec.json.decode(body)
    except msgspec.DecodeError as error:
        raise CoreUnavailable(f"no answer: {error}") from error


@contextmanager
def download(folder: DataDir, path: str, body: Any) -> Iterator[tuple[str, Callable[[], bytes]]]:
    """POST to the core, and read a file in parts: the value of the header `Rows`, and a function that gives the next
    part, b"" at the end. Raises CoreUnavailable and CoreError, also when the file breaks off."""
    connection = _Connection(folder.core_socket, None)
    try:
        connection.request("POST", path, body=msgspec.json.encode(body))
        answer = connection.getresponse()
        if answer.status != 200:
            raise CoreError(answer.read().decode(errors="replace"))

        def part() -> bytes:
            try:
                return answer.read1(_PART)
            except (OSError, http.client.HTTPException) as error:
                raise CoreError(f"the file broke off: {error}") from error

        yield answer.headers.get("Rows", ""), part
    except (OSError, http.client.HTTPException) as error:
        raise CoreUnavailable(f"no answer: {error}") from error
    finally:
        connection.close()


def call(folder: DataDir, path: str, progress: Progress, body: Any = None, patience_s: float | None = None) -> Any:
    """POST to the core, and report progress. Blocks until the result is there. Raises CoreUnavailable and CoreError,
    also if nothing arrives for `patience_s`."""
    connection = _Connection(folder.core_socket, patience_s)
    try:
        connection.request("POST", path, body=msgspec.json.encode(body))
        answer = connection.getresponse()
        if answer.status != 200:
            raise CoreError(f"{path} was answered with {answer.status} {answer.reason}")
        while line := answer.readline():
            told = msgspec.json.decode(line)
            if "progress" in told:
                progress(*told["progress"])
            elif "error" in told:
                raise CoreError(told["error"])
            else:
                return told["result"]
    except TimeoutError as error:
        raise CoreError(f"nothing was heard of it for {patience_s:g} s") from error
    except (OSError, http.client.HTTPException, msgspec.DecodeError) as error:
        raise CoreError(f"the answer broke off: {error}") from error
    finally:
        connection.close()
    raise CoreError("the answer broke off")
