"""Asking the process that owns the warehouse, from the command."""

import http.client
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from waymark.folder import Folder

Progress = Callable[[str, int, int], None]


class NobodyThere(RuntimeError):
    """No process answers at the data folder's socket."""


class Failed(RuntimeError):
    """It answered that it could not; the message says why."""


class _Connection(http.client.HTTPConnection):
    def __init__(self, path: Path, patience_s: float | None = None) -> None:
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
            raise NobodyThere(f"nobody answers at {self._path}: {error.strerror}") from None


def fetch(socket_path: Path, path: str, patience_s: float) -> tuple[int, bytes]:
    """Status and body of a short answer, from any process that serves on a unix socket. Raises NobodyThere."""
    connection = _Connection(socket_path, patience_s)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read()
    except (OSError, http.client.HTTPException) as error:
        raise NobodyThere(f"no answer: {error}") from error
    finally:
        connection.close()


def get(folder: Folder, path: str) -> Any:
    """A short answer. Raises NobodyThere."""
    connection = _Connection(folder.core_socket)
    try:
        connection.request("GET", path)
        return msgspec.json.decode(connection.getresponse().read())
    except (OSError, http.client.HTTPException, msgspec.DecodeError) as error:
        raise NobodyThere(f"no answer: {error}") from error
    finally:
        connection.close()


def ask(folder: Folder, path: str, progress: Progress, body: Any = None, patience_s: float | None = None) -> Any:
    """Long work; blocks until it is done, and tells how far it is. Raises NobodyThere and Failed, also when nothing has
    been heard for `patience_s`."""
    connection = _Connection(folder.core_socket, patience_s)
    try:
        connection.request("POST", path, body=msgspec.json.encode(body))
        answer = connection.getresponse()
        if answer.status != 200:
            raise Failed(f"{path} was answered with {answer.status} {answer.reason}")
        while line := answer.readline():
            told = msgspec.json.decode(line)
            if "progress" in told:
                progress(*told["progress"])
            elif "error" in told:
                raise Failed(told["error"])
            else:
                return told["result"]
    except TimeoutError as error:
        raise Failed(f"nothing was heard of it for {patience_s:g} s") from error
    except (OSError, http.client.HTTPException, msgspec.DecodeError) as error:
        raise Failed(f"the answer broke off: {error}") from error
    finally:
        connection.close()
    raise Failed("the answer broke off")
