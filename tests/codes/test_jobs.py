"""Jobs: one worker at a time, nothing recorded twice, nothing lost with a worker."""

import asyncio

from redis.asyncio import Redis

from codes.jobs import UNMADE_MS, Jobs, Result
from schemas import keys


async def test_a_job_from_end_to_end(redis: Redis) -> None:
    jobs = Jobs(redis)
    job = await jobs.make(7, "key", [b"a", b"b"])
    assert await jobs.waiting() == [job.id]
    assert await jobs.get(job.id) == job
    assert (job.workspace, job.created_by, job.total, job.state) == (7, "key", 2, "queued")
    assert await jobs.lease(job.id, "me")
    assert await jobs.pending(job, 10) == [(0, b"a"), (1, b"b")]
    assert await jobs.pending(job, 1) == [(0, b"a")]
    assert await jobs.record(job, "me", 1, Result(False, b"no"))
    now = await jobs.get(job.id)
    assert now is not None and (now.state, now.completed, now.failed) == ("processing", 0, 1)
    assert await jobs.pending(job, 10) == [(0, b"a")]
    assert await jobs.record(job, "me", 0, Result(True, b"yes"))
    now = await jobs.get(job.id)
    assert now is not None and (now.state, now.completed, now.failed) == ("done", 1, 1)
    assert await jobs.waiting() == []
    assert await jobs.outcomes(job, range(2)) == [(0, b"a", Result(True, b"yes")), (1, b"b", Result(False, b"no"))]
    await jobs.take(job.id, "one")
    assert await jobs.is_taking(job.id, "one")
    await jobs.take(job.id, "other")
    assert not await jobs.is_taking(job.id, "one")
    await jobs.taken(job.id)
    now = await jobs.get(job.id)
    assert now is not None and now.state == "taken"
    assert not await jobs.is_taking(job.id, "other")
    assert await jobs.outcomes(job, range(2)) == []


async def test_a_lease_is_one_workers_and_ends_by_itself(redis: Redis) -> None:
    jobs = Jobs(redis, lease_ms=150)
    job = await jobs.make(1, "", [b"a"])
    assert await jobs.lease(job.id, "one")
    assert not await jobs.lease(job.id, "two")
    for _ in range(4):
        await asyncio.sleep(0.06)
        assert await jobs.renew(job.id, "one")
    assert not await jobs.lease(job.id, "two")
    await asyncio.sleep(0.2)
    assert await jobs.lease(job.id, "two")
    assert not await jobs.renew(job.id, "one")
    # Whoever slept through the end of its lease records nothing, and takes nothing away.
    assert not await jobs.record(job, "one", 0, Result(True, b"late"))
    await jobs.release(job.id, "one")
    assert await jobs.record(job, "two", 0, Result(True, b"yes"))
    assert (await jobs.outcomes(job, [0]))[0][2].raw == b"yes"


async def test_an_item_is_counted_once(redis: Redis) -> None:
    jobs = Jobs(redis)
    job = await jobs.make(1, "", [b"a", b"b"])
    await jobs.lease(job.id, "one")
    for _ in range(2):
        assert await jobs.record(job, "one", 0, Result(True, b"yes"))
    now = await jobs.get(job.id)
    assert now is not None and (now.completed, now.state) == (1, "processing")


async def test_under_an_id_a_job_is_made_once(redis: Redis) -> None:
    jobs = Jobs(redis)
    job = await jobs.make(1, "", [b"a", b"b"], id="mine")
    await jobs.lease(job.id, "one")
    await jobs.record(job, "one", 0, Result(True, b"yes"))
    assert (await jobs.make(1, "", [b"a", b"b"], id="mine")).id == "mine"
    assert await jobs.pending(job, 10) == [(1, b"b")]


async def test_turns_go_round(redis: Redis) -> None:
    clock = iter(range(1, 100))
    jobs = Jobs(redis, now_ms=lambda: next(clock))
    first, second = await jobs.make(1, "", [b"a"]), await jobs.make(1, "", [b"a"])
    assert await jobs.waiting() == [first.id, second.id]
    await jobs.lease(first.id, "one")
    await jobs.release(first.id, "one")
    assert await jobs.waiting() == [second.id, first.id]
    assert await jobs.lease(first.id, "two")


async def test_a_job_that_was_never_made_is_forgotten(redis: Redis) -> None:
    now = 1_000_000
    jobs = Jobs(redis, now_ms=lambda: now)
    await redis.zadd(keys.JOBS, {"torn": now})
    await jobs.close("torn")
    assert await jobs.waiting() == ["torn"]
    now += UNMADE_MS
    await jobs.close("torn")
    assert await jobs.waiting() == []


async def test_a_finished_job_leaves_in_time(redis: Redis) -> None:
    jobs = Jobs(redis)
    job = await jobs.make(1, "", [b"a"])
    assert await redis.pttl(keys.job(job.id)) == -1
    await jobs.lease(job.id, "one")
    await jobs.record(job, "one", 0, Result(True, b""))
    for key in (keys.job(job.id), keys.job_items(job.id), keys.job_results(job.id)):
        assert await redis.pttl(key) > 0
    await jobs.taken(job.id)
    assert await redis.pttl(keys.job(job.id)) > 0
    await jobs.take("unknown", "one")
    assert await jobs.get("unknown") is None
