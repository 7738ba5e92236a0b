"""An audit waits for its turn between two batches, and not for ever."""

import asyncio
from collections.abc import Callable
from typing import TypeVar, cast

from clickhouse_connect.driver.client import Client

from aggregator.audit.rechecks import between_batches

T = TypeVar("T")

MINE, THEIRS = cast(Client, "mine"), cast(Client, "theirs")


async def test_a_look_is_taken_in_its_turn() -> None:
    async def between(work: Callable[[Client], T]) -> T:
        return work(THEIRS)

    look = between_batches(between, asyncio.get_running_loop(), MINE)
    assert await asyncio.to_thread(look, lambda client: client) is THEIRS


async def test_a_turn_that_never_comes_is_waited_for_once() -> None:
    """As where a partition recovers for ever."""
    waited = 0

    async def between(work: Callable[[Client], T]) -> T:
        nonlocal waited
        waited += 1
        await asyncio.Event().wait()
        raise AssertionError

    look = between_batches(between, asyncio.get_running_loop(), MINE, 0.05, lambda _: False)
    for _ in range(3):
        assert await asyncio.to_thread(look, lambda client: client) is MINE
    assert waited == 1


async def test_an_erasure_is_waited_for() -> None:
    """In the middle of one the sums are not those of the scans, and nothing is wrong."""
    erased = asyncio.Event()
    looked: list[bool] = []

    async def between(work: Callable[[Client], T]) -> T:
        await erased.wait()
        return work(THEIRS)

    def erasing(client: Client) -> bool:
        looked.append(True)
        if len(looked) == 3:
            loop.call_soon_threadsafe(erased.set)
        return True

    loop = asyncio.get_running_loop()
    look = between_batches(between, loop, MINE, 0.02, erasing)
    assert await asyncio.to_thread(look, lambda client: client) is THEIRS
    assert len(looked) >= 3
