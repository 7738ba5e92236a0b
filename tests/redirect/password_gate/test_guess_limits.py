"""Who may try a password, and whose turn it is when many do; in a real Redis."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest

from redirect.client_ip import packed
from redirect.password_gate import guess_limits
from redirect.password_gate import queue as gate_queue
from redirect.password_gate.guess_limits import BY_ALL, FREE, LATEST_MS, GuessLimits, Names, name_of_cookie
from redirect.password_gate.queue import COME_AGAIN, GuessQueue
from redirect.redis_client import RedisClient
from redirect.redis_connection import Away
from redirect.visitor_hash import Salts
from schemas import keys
from tests.redirect.scanner import Publisher
from tests.servers.redis import RedisServer

BIRTH = 7
NOW_MS = 1_790_000_000_000


@pytest.fixture
async def store(redis_url: str) -> AsyncIterator[RedisClient]:
    made = RedisClient(redis_url, time.monotonic)
    yield made
    await made.close()


@pytest.fixture
def tried(store: RedisClient) -> GuessLimits:
    return GuessLimits(store, Salts(lambda n: b"s" * n))


def names(tried: GuessLimits, address: str) -> Names:
    found = packed(address)
    assert found is not None
    return tried.names(found, BIRTH, NOW_MS)


def now_ms(publisher: Publisher) -> int:
    return int(publisher.redis.time()[0]) * 1000


def so_far(publisher: Publisher, **fields: int) -> None:
    """What is known of all tries at the code."""
    for name, value in fields.items():
        publisher.redis.hset(keys.gate_tries(BIRTH), name, str(value))


async def test_an_ipv6_network_is_known_with_those_it_is_in(tried: GuessLimits) -> None:
    one = names(tried, "2001:db8:1:200::1")
    assert len(set(one)) == 3
    assert names(tried, "2001:db8:1:200:ffff::9") == one
    assert names(tried, "2001:db8:1:2ff::1")[1:] == one[1:]
    assert names(tried, "2001:db8:1:300::1")[2:] == one[2:]
    assert not set(names(tried, "2001:db8:2:200::1")) & set(one)
    assert len(names(tried, "203.0.113.7")) == 1


async def test_who_changes_addresses_within_a_network_waits_with_it(tried: GuessLimits) -> None:
    """Within a /56, and within a /48, each address with a try or two."""
    said = []
    for n in range(FREE[1] + 1):
        said.append(await tried.take(BIRTH, names(tried, f"2001:db8:1:2{n:02x}::1"), by_all=False))
    assert [one.may for one in said] == [True] * FREE[1] + [False]
    assert said[-1].wait_ms <= guess_limits.FIRST_MS
    for n in range(FREE[2] - FREE[1]):
        assert (await tried.take(BIRTH, names(tried, f"2001:db8:1:{n + 16:x}00::1"), by_all=False)).may
    assert not (await tried.take(BIRTH, names(tried, "2001:db8:1:ff00::1"), by_all=False)).may
    assert (await tried.take(BIRTH, names(tried, "2001:db8:2:ff00::1"), by_all=False)).may
    assert (await tried.take(BIRTH + 1, names(tried, "2001:db8:1:200::1"), by_all=False)).may


async def test_all_together_are_slowed_down_and_no_one_is_shut_out(tried: GuessLimits, publisher: Publisher) -> None:
    # A little is forgotten meanwhile; the last of these makes the next one wait.
    for n in range(BY_ALL + 1):
        assert (await tried.take(BIRTH, (f"a{n}",))).may
    if (await tried.take(BIRTH, ("b",))).may:
        await tried.take(BIRTH, ("b2",))
    said = await tried.take(BIRTH, ("c",))
    assert (said.may, said.queued, said.failed) == (False, True, False)
    assert 0 < said.wait_ms <= guess_limits.NEXT_MS + guess_limits.LATER_MS
    # Nothing was counted of it; and who has failed is told apart.
    again = await tried.take(BIRTH, ("a0",))
    assert (again.may, again.queued, again.failed) == (False, True, True)
    # Who has passed before is not one of all.
    assert (await tried.take(BIRTH, name_of_cookie("x"), by_all=False)).may
    # The more there were, the longer it takes, up to a bound.
    so_far(publisher, n=10**6, at=now_ms(publisher), next=0)
    assert (await tried.take(BIRTH, ("d",))).may
    assert LATEST_MS / 2 < (await tried.take(BIRTH, ("e",))).wait_ms <= LATEST_MS
    # One that was right is none, and the next need not wait for it.
    tried.give_back(BIRTH, ("d",))
    assert (await tried.take(BIRTH, ("e",))).may
    # Slips are forgotten, one a minute.
    so_far(publisher, n=BY_ALL + 60, at=now_ms(publisher) - 7_200_000)
    assert (await tried.take(BIRTH, ("f",))).may
    assert (await tried.take(BIRTH, ("g",))).may


async def closed(tried: GuessLimits, publisher: Publisher) -> GuessQueue:
    """A line at a code whose next try is an hour away."""
    now = now_ms(publisher)
    so_far(publisher, n=10 * BY_ALL, at=now, next=now + 3_600_000)
    return GuessQueue(tried)


async def standing(queue: GuessQueue, so_many: int) -> None:
    for _ in range(500):
        if len(queue) == so_many:
            return
        await asyncio.sleep(0.01)
    raise AssertionError(f"{len(queue)} wait, not {so_many}")


def next_one(publisher: Publisher, queue: GuessQueue) -> None:
    so_far(publisher, next=0)
    queue.wake_next(BIRTH)


async def test_who_has_not_failed_goes_first_and_then_who_came_first(tried: GuessLimits, publisher: Publisher) -> None:
    queue = await closed(tried, publisher)
    order: list[str] = []

    async def comes(name: str, *, failed: bool) -> None:
        assert (await queue.turn(BIRTH, (name,), failed=failed)).may
        order.append(name)

    coming = []
    for n, (name, failed) in enumerate([("guesser", True), ("owner", False), ("friend", False), ("guesser 2", True)]):
        coming.append(asyncio.create_task(comes(name, failed=failed)))
        await standing(queue, n + 1)
    for n in range(4):
        next_one(publisher, queue)
        await standing(queue, 3 - n)
    await asyncio.gather(*coming)
    assert order == ["owner", "friend", "guesser", "guesser 2"]


async def test_a_line_is_bounded_and_guessers_make_room(
    tried: GuessLimits, publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gate_queue, "MOST_OF_CODE", 2)
    queue = await closed(tried, publisher)
    guesser = asyncio.create_task(queue.turn(BIRTH, ("a",), failed=True))
    owner = asyncio.create_task(queue.turn(BIRTH, ("b",), failed=False))
    await standing(queue, 2)
    assert await queue.turn(BIRTH, ("c",), failed=True) == COME_AGAIN
    friend = asyncio.create_task(queue.turn(BIRTH, ("d",), failed=False))
    assert await guesser == COME_AGAIN
    assert await queue.turn(BIRTH, ("e",), failed=False) == COME_AGAIN
    for one in (owner, friend):
        next_one(publisher, queue)
        assert (await one).may


async def test_nobody_stands_in_it_for_ever(
    tried: GuessLimits, publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gate_queue, "LONGEST_WAIT_S", 0.05)
    monkeypatch.setattr(gate_queue, "LOOK_S", 0.05)
    queue = await closed(tried, publisher)
    assert await queue.turn(BIRTH, ("a",), failed=False) == COME_AGAIN
    await standing(queue, 0)


async def test_without_redis_nobody_is_let_in(own_redis: RedisServer) -> None:
    publisher = Publisher(own_redis.url)
    store = RedisClient(own_redis.url, time.monotonic)
    queue = await closed(GuessLimits(store, Salts(lambda n: b"s" * n)), publisher)
    waiting = asyncio.create_task(queue.turn(BIRTH, ("a",), failed=False))
    await standing(queue, 1)
    publisher.close()
    own_redis.kill()
    queue.wake_next(BIRTH)
    with pytest.raises(Away):
        await waiting
    await store.close()
