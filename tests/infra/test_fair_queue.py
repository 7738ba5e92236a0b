"""infra/fair_queue.py: workspaces take turns, and none has more waiting than it may."""

import asyncio
import threading

import pytest

from infra.fair_queue import FairQueue, TooMany

MANY = 100


async def entered(queue: FairQueue, who: int, order: list[int], waiting: int = MANY) -> None:
    await queue.enter(who, waiting)
    order.append(who)


async def begun(queue: FairQueue, order: list[int], *names: int) -> list["asyncio.Task[None]"]:
    tasks = []
    for who in names:
        tasks.append(asyncio.create_task(entered(queue, who, order)))
        await asyncio.sleep(0)
    return tasks


async def left(queue: FairQueue, who: int) -> None:
    queue.leave(who)
    await asyncio.sleep(0)
    await asyncio.sleep(0)


async def test_workspaces_take_turns() -> None:
    queue, order = FairQueue(1), list[int]()
    tasks = await begun(queue, order, 1, 1, 1, 1, 2, 3, 2)
    for _ in range(7):
        await left(queue, order[-1])
    assert order == [1, 1, 2, 3, 1, 2, 1]
    await asyncio.gather(*tasks)


async def test_one_workspace_leaves_room_for_another() -> None:
    queue, order = FairQueue(3, own_at_once=2), list[int]()
    tasks = await begun(queue, order, 1, 1, 1, 1)
    assert order == [1, 1]
    tasks += await begun(queue, order, 2)
    assert order == [1, 1, 2], "the third turn was kept for others"
    await left(queue, 2)
    assert order == [1, 1, 2], "and is not taken by the first"
    await left(queue, 1)
    await left(queue, 1)
    assert order == [1, 1, 2, 1, 1]
    await asyncio.gather(*tasks)


async def test_keys_of_a_workspace_take_turns() -> None:
    queue, order = FairQueue(1), list[str]()

    async def entered_with(key: str) -> None:
        await queue.enter(1, MANY, key)
        order.append(key)

    tasks = []
    for key in "aaaabcb":
        tasks.append(asyncio.create_task(entered_with(key)))
        await asyncio.sleep(0)
    for _ in range(7):
        queue.leave(1, order[-1])
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    assert "".join(order) == "aabcaba"
    await asyncio.gather(*tasks)


async def test_a_key_leaves_room_for_another() -> None:
    queue, order = FairQueue(4, own_at_once=3, key_at_once=2), list[str]()

    async def entered_with(who: int, key: str) -> None:
        await queue.enter(who, MANY, key)
        order.append(f"{who}{key}")

    tasks = []
    for who, key in [(1, "a"), (1, "a"), (1, "a"), (1, "b"), (1, "b"), (2, "a"), (2, "a")]:
        tasks.append(asyncio.create_task(entered_with(who, key)))
        await asyncio.sleep(0)
    assert order == ["1a", "1a", "1b", "2a"], "two of the key, three of the workspace, four in all"
    for name, left in (("1a", "1a"), ("1b", "2a"), ("1a", "1b")):
        queue.leave(int(name[0]), name[1])
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert order[-1] == left, order
    await asyncio.gather(*tasks)


async def test_a_key_without_anything_waiting_finds_room() -> None:
    queue = FairQueue(1)
    await queue.enter(1, 2, "a")
    tasks = [asyncio.create_task(queue.enter(1, 2, key)) for key in "aabc"]
    await asyncio.sleep(0)
    for key in "abd":
        with pytest.raises(TooMany):
            await queue.enter(1, 2, key)
    queue.leave(1, "a")
    for done in "abca":
        await asyncio.sleep(0.01)
        queue.leave(1, done)
    await asyncio.gather(*tasks)


async def test_so_many_of_each_and_so_many_of_all_may_wait() -> None:
    queue, order = FairQueue(1, waiting=3), list[int]()
    tasks = await begun(queue, order, 1, 1, 1)
    with pytest.raises(TooMany) as own:
        await queue.enter(1, 2)
    tasks += await begun(queue, order, 2)
    with pytest.raises(TooMany) as all_of_them:
        await queue.enter(3, 2)
    assert own.value.own and not all_of_them.value.own
    for _ in range(4):
        await left(queue, order[-1])
    await asyncio.gather(*tasks)
    # Nothing is left of it.
    await queue.enter(9, 0)


async def test_who_goes_away_leaves_its_place() -> None:
    queue, order = FairQueue(1), list[int]()
    first, waits, other = await begun(queue, order, 1, 1, 2)
    waits.cancel()
    await asyncio.sleep(0)
    # And who goes away in the moment of its turn hands it on.
    other.cancel()
    queue.leave(1)
    await asyncio.gather(first, waits, other, return_exceptions=True)
    await asyncio.wait_for(queue.enter(3, 0), 30)


async def test_a_turn_may_end_in_another_thread() -> None:
    queue = FairQueue(1)
    await queue.enter(1, 0)
    threading.Timer(0.01, queue.leave, (1,)).start()
    await asyncio.wait_for(queue.enter(2, 1), 30)


def test_a_loop_that_has_ended_keeps_nobody_waiting() -> None:
    queue = FairQueue(1)
    asyncio.run(queue.enter(1, 0))

    async def given_up() -> None:
        task = asyncio.create_task(queue.enter(2, 1))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(given_up())
    queue.leave(1)
    asyncio.run(asyncio.wait_for(queue.enter(3, 0), 30))
