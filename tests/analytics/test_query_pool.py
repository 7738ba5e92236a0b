"""Questions are answered in threads, in time, or not at all."""

import asyncio
import threading
import time
from pathlib import Path

import pytest
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import DatabaseError

from analytics.query_pool import QueryPool
from analytics.types import Unavailable
from infra import fair_queue
from infra.fair_queue import Owner
from infra.warehouse import Warehouse


def one(client: Client) -> int:
    return int(client.query("SELECT 1").result_rows[0][0])


def slow(client: Client, seconds: float) -> str:
    client.query(f"SELECT sleepEachRow(0.05) FROM numbers({int(seconds * 20)}) SETTINGS max_block_size = 1")
    return threading.current_thread().name


async def test_two_slow_questions_are_answered_at_once_and_the_loop_goes_on(warehouse: Warehouse) -> None:
    questions = QueryPool(warehouse, threads=2)
    try:
        await asyncio.gather(questions.ask(one), questions.ask(one))
        began = time.monotonic()
        both = asyncio.gather(questions.ask(slow, 2), questions.ask(slow, seconds=2))
        gaps, last = [], time.monotonic()
        while not both.done():
            await asyncio.sleep(0.005)
            gaps.append(time.monotonic() - last)
            last = time.monotonic()
        assert time.monotonic() - began < 3.8, "one after the other"
        assert len(set(await both)) == 2
        # Half of one question's time would show a loop that stood still; other processes may take some.
        assert max(gaps) < 1
    finally:
        await questions.close()


async def test_a_query_that_takes_too_long_is_given_up_and_the_thread_is_free_again(warehouse: Warehouse) -> None:
    questions = QueryPool(warehouse, threads=1, limit_s=4)
    try:
        with pytest.raises(Unavailable, match="too long"):
            await questions.ask(slow, 60)
        assert await questions.ask(one) == 1
    finally:
        await questions.close()


async def test_a_year_of_one_key_keeps_no_other_waiting(warehouse: Warehouse) -> None:
    questions = QueryPool(warehouse, threads=4, own_threads=3, key_threads=2)
    go = threading.Event()

    async def asked_by(workspace: int, key: str, hold: bool) -> int:
        fair_queue.owner.set(Owner(workspace=workspace, key=key))
        return await questions.ask(lambda client: one(client) if not hold or go.wait(30) else 0)

    try:
        years = [asyncio.create_task(asked_by(1, "a", True)) for _ in range(6)]
        await asyncio.sleep(0.05)
        # Another key of the workspace, and with it, another workspace: all of the year's questions still wait.
        dashboard = asyncio.create_task(asked_by(1, "b", True))
        await asyncio.sleep(0.05)
        assert await asked_by(2, "c", False) == 1
        assert not any(year.done() for year in years)
        go.set()
        assert await asyncio.gather(*years, dashboard) == [1] * 7
    finally:
        go.set()
        await questions.close()


async def test_no_more_may_wait_than_there_is_room_for(warehouse: Warehouse) -> None:
    questions = QueryPool(warehouse, threads=1, waiting=1)
    go = threading.Event()
    try:
        asked = [asyncio.ensure_future(questions.ask(lambda _: go.wait(30))) for _ in range(2)]
        await asyncio.sleep(0)
        with pytest.raises(Unavailable, match="too many"):
            await questions.ask(one)
        go.set()
        assert await asyncio.gather(*asked) == [True, True]
        assert await questions.ask(one) == 1
    finally:
        go.set()
        await questions.close()


async def test_who_stops_waiting_leaves_the_queue(warehouse: Warehouse) -> None:
    questions = QueryPool(warehouse, threads=1, waiting=1)
    go = threading.Event()
    ran = []
    try:
        first = asyncio.ensure_future(questions.ask(lambda _: go.wait(30)))
        await asyncio.sleep(0.05)
        second = asyncio.ensure_future(questions.ask(lambda _: ran.append(1)))
        await asyncio.sleep(0.05)
        second.cancel()
        await asyncio.gather(second, return_exceptions=True)
        third = asyncio.ensure_future(questions.ask(one))
        await asyncio.sleep(0)
        go.set()
        assert await first and await third == 1
        assert ran == []
    finally:
        go.set()
        await questions.close()


async def test_a_question_given_up_ends_its_queries(warehouse: Warehouse) -> None:
    """It would keep the thread for an hour."""
    questions = QueryPool(warehouse, threads=1, limit_s=3600)
    begun = threading.Event()

    def long(client: Client) -> None:
        begun.set()
        for _ in range(3):
            slow(client, 1200)

    try:
        asked = asyncio.ensure_future(questions.ask(long))
        await asyncio.to_thread(begun.wait)
        asked.cancel()
        assert await questions.ask(one) == 1
    finally:
        await questions.close()


async def test_a_defect_does_not_look_like_an_outage(warehouse: Warehouse) -> None:
    questions = QueryPool(warehouse)
    try:
        with pytest.raises(DatabaseError):
            await questions.ask(lambda client: client.query("SELECT no_such_column"))
        with pytest.raises(ZeroDivisionError):
            await questions.ask(lambda _: 1 // 0)
        assert await questions.ask(one) == 1
    finally:
        await questions.close()


async def test_a_server_that_is_away_is_unavailable() -> None:
    questions = QueryPool(Warehouse(url="http://127.0.0.1:9/"), limit_s=2)
    try:
        with pytest.raises(Unavailable, match="away"):
            await questions.ask(one)
    finally:
        await questions.close()


async def test_a_server_that_says_nothing_is_unavailable_in_time() -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    questions = QueryPool(Warehouse(url=f"http://127.0.0.1:{port}/"), limit_s=1)
    try:
        began = time.monotonic()
        with pytest.raises(Unavailable):
            await questions.ask(one)
        assert time.monotonic() - began < 10
    finally:
        server.close()
        await questions.close()


async def test_a_table_that_is_not_there_yet_is_unavailable_and_found_later(warehouse: Warehouse) -> None:
    questions = QueryPool(warehouse, threads=1)
    try:
        with pytest.raises(Unavailable, match="not there yet"):
            await questions.ask(lambda client: client.query("SELECT * FROM later"))
        await questions.ask(lambda client: client.command("CREATE TABLE later (a UInt8) ENGINE = Memory"))
        assert (await questions.ask(lambda client: client.query("SELECT * FROM later"))).result_rows == []
    finally:
        await questions.close()


async def test_closing_lets_another_folder_be_opened(warehouse: Warehouse, tmp_path: Path) -> None:
    questions = QueryPool(warehouse)
    assert await asyncio.gather(*(questions.ask(one) for _ in range(8))) == [1] * 8
    await questions.close()
    with pytest.raises(Unavailable, match="shutting down"):
        await questions.ask(one)
    other = QueryPool(Warehouse(folder=tmp_path / "other"))
    try:
        assert await other.ask(one) == 1
    finally:
        await other.close()
