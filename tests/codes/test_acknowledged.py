"""codes: a change is known to all redirectors, or trusted by none, when a call returns."""

import asyncio
import signal
import time
from pathlib import Path

import pytest
from redis.asyncio import Redis

from codes.code_fields import Edit, NewCode
from codes.errors import Unavailable
from codes.plans import presets
from codes.redis_client import connect
from codes.resolver import Resolver
from codes.service import Codes
from schemas import keys
from tests.codes.redirectors import redirector
from tests.servers.redis import RedisServer

HERE = "https://example.com/here"
THERE = "https://example.com/there"


@pytest.fixture
def patient(redis: Redis) -> Codes:
    """If it waits for nothing in vain, that shows."""
    return Codes(redis, resolver=Resolver(lambda host: ()), longest_wait_s=30, plans=presets())


async def test_all_redirectors_have_a_change_when_the_call_returns(patient: Codes, redis: Redis) -> None:
    codes = patient
    async with redirector(redis, "quick") as quick, redirector(redis, "slow", 0.2) as slow:
        began = time.monotonic()
        code = await codes.create(1, NewCode(destination=HERE, slug="poster"))
        assert 0.2 <= time.monotonic() - began < 25
        for n in range(3):
            await codes.edit(1, code.id, Edit(destination=f"{THERE}/{n}"))
            assert quick.leads_to("poster") == slow.leads_to("poster") == f"{THERE}/{n}"
        quick.slowness_s = slow.slowness_s = 0
        await codes.edit(1, code.id, Edit(slug="flyer"))
        for one in (quick, slow):
            assert one.leads_to("flyer") == f"{THERE}/2"
            assert one.routes[keys.route("/poster")].gone
        await codes.delete(1, code.id)
        assert quick.routes[keys.route("/flyer")].gone
    assert [key async for key in redis.scan_iter(keys.ack("*"))] == []


async def test_a_redirector_that_does_not_answer_is_waited_for_a_second_and_no_longer(
    codes: Codes, patient: Codes, redis: Redis
) -> None:
    code = await codes.create(1, NewCode(destination=HERE))
    await redis.zadd(keys.REDIRECTORS, {"silent": time.time() + 60})
    async with redirector(redis, "quick") as quick:
        began = time.monotonic()
        await codes.edit(1, code.id, Edit(destination=THERE))
        assert 0.95 <= time.monotonic() - began < 25
        assert quick.leads_to(code.slug) == THERE
        # What no scanner would notice waits for nobody.
        began = time.monotonic()
        await patient.edit(1, code.id, Edit(label="new"))
        assert time.monotonic() - began < 25


async def test_a_redirector_whose_registration_has_lapsed_is_not_waited_for(patient: Codes, redis: Redis) -> None:
    await redis.zadd(keys.REDIRECTORS, {"dead": time.time() - 2})
    began = time.monotonic()
    await patient.create(1, NewCode(destination=HERE))
    assert time.monotonic() - began < 25


async def test_a_repeated_edit_is_told_again(codes: Codes, redis: Redis) -> None:
    """The first may have been written and its answer lost; the second must not answer before the redirectors know."""
    code = await codes.create(1, NewCode(destination=THERE))
    async with redirector(redis, "one", 0.1) as one:
        assert await codes.edit(1, code.id, Edit(destination=THERE)) == code
        assert one.leads_to(code.slug) == THERE


async def test_forty_edits_at_once_with_a_silent_redirector_all_answer(codes: Codes, redis: Redis) -> None:
    made = [await codes.create(1, NewCode(destination=HERE)) for _ in range(40)]
    await redis.zadd(keys.REDIRECTORS, {"silent": time.time() + 60})
    began = time.monotonic()
    await asyncio.gather(*(codes.edit(1, code.id, Edit(destination=THERE)) for code in made))
    assert time.monotonic() - began < 25


async def test_redis_away_is_unavailable_soon_and_it_comes_back_by_itself(short_folder: Path) -> None:
    server = RedisServer(short_folder)
    server.start()
    redis = connect(server.url)
    codes = Codes(redis, plans=presets())
    try:
        code = await codes.create(1, NewCode(destination=HERE))
        server.kill()
        for call in (codes.get(1, code.id), codes.page(1, 9), codes.edit(1, code.id, Edit(destination=THERE))):
            began = time.monotonic()
            with pytest.raises(Unavailable):
                await call
            assert time.monotonic() - began < 25
        server.start()
        assert await codes.get(1, code.id) == code
        assert (await codes.edit(1, code.id, Edit(destination=THERE))).destination == THERE
    finally:
        await redis.aclose()
        server.stop()


async def test_a_redis_that_hangs_is_unavailable_in_time(short_folder: Path) -> None:
    server = RedisServer(short_folder)
    server.start()
    redis = connect(server.url)
    codes = Codes(redis, plans=presets())
    try:
        code = await codes.create(1, NewCode(destination=HERE))
        server.signal(signal.SIGSTOP)
        began = time.monotonic()
        with pytest.raises(Unavailable):
            await codes.edit(1, code.id, Edit(destination=THERE))
        assert time.monotonic() - began < 20
        server.signal(signal.SIGCONT)
        assert (await codes.edit(1, code.id, Edit(destination=THERE))).destination == THERE
    finally:
        server.signal(signal.SIGCONT)
        await redis.aclose()
        server.stop()


async def test_redis_ending_while_acknowledgements_are_awaited_does_not_undo_the_answer(short_folder: Path) -> None:
    server = RedisServer(short_folder)
    server.start()
    redis = connect(server.url)
    codes = Codes(redis, plans=presets())
    try:
        code = await codes.create(1, NewCode(destination=HERE))
        await redis.zadd(keys.REDIRECTORS, {"silent": time.time() + 60})
        edit = asyncio.create_task(codes.edit(1, code.id, Edit(destination=THERE)))
        await asyncio.sleep(0.3)
        server.kill()
        began = time.monotonic()
        assert (await edit).destination == THERE
        # The whole second is waited out: by then nobody trusts what is cached.
        assert time.monotonic() - began > 0.5
        server.start()
        found = await codes.get(1, code.id)
        assert found and found.destination == THERE
    finally:
        await redis.aclose()
        server.stop()
