"""While an answer is waited for: what comes behind it stays in order, and who leaves, fails or stops harms nobody."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from pathlib import Path

import pytest

from redirect import clock
from redirect.asgi import Scope
from redirect.fast_path import Answer
from redirect.group_commit import group_commit
from redirect.metrics import Counts
from tests.ingest.events import REST, open_journal
from tests.redirect.protocols import MADE_UP, serving

LATER: Answer = (302, ((b"location", b"/later"), (b"content-length", b"0")), b"")


class Door:
    """/later is answered once it is open; `came` counts those who stand before it."""

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self.came = 0

    def soon(self, scope: Scope) -> Coroutine[None, None, Answer] | None:
        return self.passed(scope) if scope["path"].startswith("/later") else None

    async def passed(self, scope: Scope) -> Answer:
        self.came += 1
        await self.open.wait()
        if scope["path"] == "/later/never":
            raise ValueError("nobody thought of this")
        return LATER


def get(path: str, *headers: str, body: bytes = b"") -> bytes:
    return "\r\n".join([f"GET {path} HTTP/1.1", "Host: x", *headers, "", ""]).encode() + body


async def until(so: Callable[[], bool]) -> None:
    for _ in range(6_000):
        if so():
            return
        await asyncio.sleep(0.005)
    raise AssertionError("not within thirty seconds")


async def test_what_comes_behind_it_is_answered_in_its_turn() -> None:
    door = Door()
    async with serving(MADE_UP._replace(soon=door.soon)) as (port, _), asyncio.timeout(20):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(get("/later", "Content-Length: 5", body=b"12345") + get("/abc") + get("/other") + get("/later"))
        await until(lambda: door.came == 1)
        await asyncio.sleep(0.05)
        door.open.set()
        assert b"location: /later" in await reader.readuntil(b"\r\n\r\n")
        # What had to queue is the application's, whatever it is.
        for _ in range(3):
            assert (await reader.readuntil(b"app")).count(b"HTTP/1.1 200") == 1
        # And the connection goes on.
        writer.write(get("/abc"))
        assert b"location: /x" in await reader.readuntil(b"\r\n\r\n")


async def test_who_leaves_meanwhile_harms_nobody() -> None:
    door = Door()
    async with serving(MADE_UP._replace(soon=door.soon)) as (port, server), asyncio.timeout(20):
        for _ in range(5):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(get("/later"))
            await writer.drain()
            await asyncio.sleep(0.02)
            writer.transport.abort()
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(get("/later"))
        await until(lambda: door.came == 6)
        door.open.set()
        assert b"location: /later" in await reader.readuntil(b"\r\n\r\n")
        await until(lambda: not server.server_state.tasks)


async def test_a_scan_is_written_at_once_though_its_client_has_left(tmp_path: Path) -> None:
    """No other scan comes that would take it along."""
    journal, door = open_journal(tmp_path), Door()
    commit = group_commit(journal.append, journal.append_all, Counts(), clock.elapsed)

    async def soon(scope: Scope) -> Answer:
        answer = await door.passed(scope)
        commit.add(REST)
        return answer

    async with serving(MADE_UP._replace(soon=soon, commit=commit)) as (port, server), asyncio.timeout(20):
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(get("/later"))
        await until(lambda: door.came == 1)
        writer.transport.abort()
        await until(lambda: not server.server_state.connections)
        door.open.set()
        await until(lambda: not server.server_state.tasks)
        assert journal.seq == 1
    journal.close()


async def test_a_defect_is_logged_and_said(caplog: pytest.LogCaptureFixture) -> None:
    door = Door()
    door.open.set()
    async with serving(MADE_UP._replace(soon=door.soon)) as (port, _), asyncio.timeout(20):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        with caplog.at_level(logging.ERROR, "redirect.fast_path"):
            writer.write(get("/later/never"))
            said = await reader.read()
        assert said.startswith(b"HTTP/1.1 500 ") and b"nobody" not in said
        assert "nobody thought of this" in caplog.text
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(get("/later"))
        assert b"location: /later" in await reader.readuntil(b"\r\n\r\n")


async def test_a_server_that_stops_answers_first() -> None:
    door = Door()
    async with serving(MADE_UP._replace(soon=door.soon)) as (port, server), asyncio.timeout(20):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(get("/later"))
        await until(lambda: door.came == 1)
        server.should_exit = True
        await asyncio.sleep(0.3)
        door.open.set()
        said = await reader.read()
        assert b"location: /later" in said and said.count(b"HTTP/1.1 ") == 1


async def test_who_asks_with_head_gets_no_body() -> None:
    async def page(scope: Scope) -> Answer:
        return 404, ((b"content-length", b"4"),), b"page"

    async with serving(MADE_UP._replace(soon=page)) as (port, _), asyncio.timeout(20):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(get("/later").replace(b"GET", b"HEAD"))
        assert b"HTTP/1.1 404" in await reader.readuntil(b"\r\n\r\n")
        writer.write(get("/later"))
        assert (await reader.readuntil(b"page")).startswith(b"HTTP/1.1 404")
