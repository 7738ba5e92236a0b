"""A bulk outlives the process that is at it. Against a whole `waymark up`, whose core is killed."""

import csv
import io
import os
import signal
import socket
import time
import zipfile
from collections.abc import Iterator
from typing import Any

import psutil
import pytest
import requests

from bench import stack

CODES = "/api/qr/codes"
PATIENCE_S = 150

pytestmark = pytest.mark.kill


@pytest.fixture(scope="module")
def up() -> Iterator[stack.Stack]:
    with stack.running() as running:
        yield running


def get(up: stack.Stack, path: str, **more: Any) -> requests.Response:
    """Asks until the API is back."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            with up.session() as session:
                answer = session.get(f"{up.api}{path}", timeout=30, **more)
            if answer.status_code != 503:
                return answer
        except requests.ConnectionError:
            pass
        assert time.monotonic() < deadline
        time.sleep(0.05)


def ask(up: stack.Stack, name: str, size: int) -> str:
    with up.session() as session:
        items = [{"data": f"https://example.com/{name}/{at}"} for at in range(size)]
        answer = session.post(f"{up.api}{CODES}/bulk", json=items, timeout=30)
    assert answer.status_code == 202, answer.text
    id: str = answer.json()["bulkId"]
    return id


def until(up: stack.Stack, id: str, completed: int) -> dict[str, Any]:
    deadline = time.monotonic() + PATIENCE_S
    while True:
        found: dict[str, Any] = get(up, f"{CODES}/bulk/{id}").json()
        if found["completed"] >= completed:
            return found
        assert time.monotonic() < deadline, found
        time.sleep(0.02)


def kill_core(up: stack.Stack) -> None:
    (core,) = [child for child in psutil.Process(up.process).children() if "core" in child.cmdline()]
    os.kill(core.pid, signal.SIGKILL)
    psutil.wait_procs([core], timeout=10)


def destinations(up: stack.Stack, name: str) -> list[str]:
    found: list[str] = []
    cursor: str | None = "0"
    while cursor is not None:
        page = get(up, f"{CODES}?limit=100&cursor={cursor}").json()
        found += [code["destination"] for code in page["data"] if f"/{name}/" in code["destination"]]
        cursor = page["pagination"]["nextCursor"]
    return found


def test_a_bulk_is_finished_once_after_its_process_was_killed(up: stack.Stack) -> None:
    size = 200
    id = ask(up, "killed", size)
    for completed in (20, 100):
        until(up, id, completed)
        kill_core(up)
    found = until(up, id, size)
    assert found == {"bulkId": id, "status": "done", "total": size, "completed": size, "failed": 0}
    made = destinations(up, "killed")
    assert sorted(made) == sorted(f"https://example.com/killed/{at}" for at in range(size))
    archive = zipfile.ZipFile(io.BytesIO(get(up, f"{CODES}/bulk/{id}/result").content))
    rows = list(csv.DictReader(io.StringIO(archive.read("manifest.csv").decode(), newline="")))
    assert [row["data"] for row in rows] == [f"https://example.com/killed/{at}" for at in range(size)]
    assert {row["file"] for row in rows} | {"manifest.csv"} == set(archive.namelist())
    assert get(up, f"{CODES}/bulk/{id}/result").status_code == 410


def test_a_download_is_repeated_after_a_hang_up_and_after_a_kill(up: stack.Stack) -> None:
    """it is removed after the first successful fetch"""
    id = ask(up, "cut", 40)
    until(up, id, 40)
    path = f"{CODES}/bulk/{id}/result"
    request = f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {up.key}\r\n\r\n".encode()
    for wanted in (1, 500, 5_000):
        with socket.create_connection(("127.0.0.1", up.api_port), 10) as connection:
            connection.sendall(request)
            received = b""
            while len(received) < wanted and (part := connection.recv(1_000)):
                received += part
            assert received.startswith(b"HTTP/1.1 200 ")
    with up.session() as session:
        answer = session.get(f"{up.api}{path}", stream=True, timeout=30)
        next(answer.iter_content(100))
        kill_core(up)
        answer.close()
    archive = zipfile.ZipFile(io.BytesIO(get(up, path).content))
    assert archive.testzip() is None
    assert len(archive.namelist()) == 41
    assert get(up, path).status_code == 410
