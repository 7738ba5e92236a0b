"""Jobs: one worker at a time, nothing recorded twice, nothing lost with a worker."""

import asyncio

import pytest
from redis.asyncio import Redis

from codes.errors import NotInPlan
from codes.jobs import UNMADE_MS, Job, Jobs, Open, Result
from codes.plans import presets
from schemas import keys


def opened(job: Job) -> Open:
    return Open(job.workspace, job.id)


async def test_a_job_from_end_to_end(redis: Redis) -> None:
    jobs = Jobs(redis, plans=presets())
    job = await jobs.make(7, "key", [b"a", b"b"])
    assert await jobs.waiting() == [opened(job)]
    assert await jobs.get(job.id) == job
    assert (job.workspace, job.created_by, job.total, job.state) == (7, "key", 2, "queued")
    assert await jobs.lease(opened(job), "me")
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
    await jobs.taken(job)
    now = await jobs.get(job.id)
    assert now is not None and now.state == "taken"
    assert not await jobs.is_taking(job.id, "other")
    assert await jobs.outcomes(job, range(2)) == []


async def test_a_lease_is_one_workers_and_ends_by_itself(redis: Redis) -> None:
    jobs = Jobs(redis, lease_ms=150, plans=presets())
    job = await jobs.make(1, "", [b"a"])
    assert await jobs.lease(opened(job), "one")
    assert not await jobs.lease(opened(job), "two")
    for _ in range(4):
        await asyncio.sleep(0.06)
        assert await jobs.renew(job.id, "one")
    assert not await jobs.lease(opened(job), "two")
    await asyncio.sleep(0.2)
    assert await jobs.lease(opened(job), "two")
    assert not await jobs.renew(job.id, "one")
    # Whoever slept through the end of its lease records nothing, and takes nothing away.
    assert not await jobs.record(job, "one", 0, Result(True, b"late"))
    await jobs.release(opened(job), "one")
    assert await jobs.record(job, "two", 0, Result(True, b"yes"))
    assert (await jobs.outcomes(job, [0]))[0][2].raw == b"yes"


async def test_an_item_is_counted_once(redis: Redis) -> None:
    jobs = Jobs(redis, plans=presets())
    job = await jobs.make(1, "", [b"a", b"b"])
    await jobs.lease(opened(job), "one")
    for _ in range(2):
        assert await jobs.record(job, "one", 0, Result(True, b"yes"))
    now = await jobs.get(job.id)
    assert now is not None and (now.completed, now.state) == (1, "processing")


async def test_under_an_id_a_job_is_made_once(redis: Redis) -> None:
    jobs = Jobs(redis, plans=presets())
    job = await jobs.make(1, "", [b"a", b"b"], id="mine")
    await jobs.lease(opened(job), "one")
    await jobs.record(job, "one", 0, Result(True, b"yes"))
    assert (await jobs.make(1, "", [b"a", b"b"], id="mine")).id == "mine"
    assert await jobs.pending(job, 10) == [(1, b"b")]


async def test_turns_go_round(redis: Redis) -> None:
    clock = iter(range(1, 100))
    jobs = Jobs(redis, now_ms=lambda: next(clock), plans=presets())
    first, second = await jobs.make(1, "", [b"a"]), await jobs.make(1, "", [b"a"])
    assert await jobs.waiting() == [opened(first), opened(second)]
    await jobs.lease(opened(first), "one")
    await jobs.release(opened(first), "one")
    assert await jobs.waiting() == [opened(second), opened(first)]
    assert await jobs.lease(opened(first), "two")


async def test_a_job_that_was_never_made_is_forgotten(redis: Redis) -> None:
    now = 1_000_000
    jobs = Jobs(redis, now_ms=lambda: now, plans=presets())
    await redis.zadd(keys.JOBS, {"1/torn": now})
    await jobs.close(Open(1, "torn"))
    assert await jobs.waiting() == [Open(1, "torn")]
    now += UNMADE_MS
    await jobs.close(Open(1, "torn"))
    assert await jobs.waiting() == []


async def test_a_finished_job_leaves_in_time(redis: Redis) -> None:
    jobs = Jobs(redis, plans=presets())
    job = await jobs.make(1, "", [b"a"])
    assert await redis.pttl(keys.job(job.id)) == -1
    await jobs.lease(opened(job), "one")
    await jobs.record(job, "one", 0, Result(True, b""))
    for key in (keys.job(job.id), keys.job_items(job.id), keys.job_results(job.id)):
        assert await redis.pttl(key) > 0
    await jobs.taken(job)
    assert await redis.pttl(keys.job(job.id)) > 0
    await jobs.take("unknown", "one")
    assert await jobs.get("unknown") is None


async def test_workspaces_take_turns_whatever_number_of_jobs_each_has(redis: Redis) -> None:
    clock = iter(range(1, 1000))
    jobs = Jobs(redis, now_ms=lambda: next(clock), plans=presets())
    greedy = [await jobs.make(1, "", [b"a"]) for _ in range(10)]
    modest = await jobs.make(2, "", [b"a"])
    turns = []
    for _ in range(6):
        first = (await jobs.waiting())[0]
        turns.append(first)
        assert await jobs.lease(first, "one")
        await jobs.release(first, "one")
    assert turns == [opened(one) for one in (greedy[0], modest, greedy[1], modest, greedy[2], modest)]


async def test_a_workspace_has_so_many_jobs_and_no_more(redis: Redis) -> None:
    limit = presets()["unlimited"].jobs
    jobs = Jobs(redis, plans=presets())
    made = [await jobs.make(1, "", [b"a"]) for _ in range(limit)]
    with pytest.raises(NotInPlan) as refused:
        await jobs.make(1, "", [b"a"])
    assert (refused.value.kind, refused.value.code, refused.value.retry_after_s) == ("rate", "jobs", 30)
    # One that is there already may be made again, and others have their own.
    await jobs.make(1, "", [b"a"], id=made[0].id)
    await jobs.make(2, "", [b"a"])
    # Whose results were taken, or have expired, counts no longer.
    await jobs.taken(made[1])
    await jobs.make(1, "", [b"a"])
    await redis.delete(keys.job_items(made[2].id))
    await jobs.make(1, "", [b"a"])
    with pytest.raises(NotInPlan):
        await jobs.make(1, "", [b"a"])
    assert await redis.zcard(keys.JOBS) == limit + 3


async def test_and_so_many_bytes(redis: Redis) -> None:
    jobs, most = Jobs(redis, plans=presets()), presets()["unlimited"].job_bytes
    first = await jobs.make(1, "", [b"abc", b"d"], failed={1: Result(False, b"no")})
    assert await redis.hget(keys.workspace_jobs(1), first.id) == b"6"
    await redis.hset(keys.workspace_jobs(1), first.id, str(most - 5))
    with pytest.raises(NotInPlan):
        await jobs.make(1, "", [b"abcdef"])
    await jobs.make(1, "", [b"abcde"])


async def test_items_that_have_failed_already_are_not_done_again(redis: Redis) -> None:
    jobs = Jobs(redis, plans=presets())
    job = await jobs.make(1, "", [b"a", b"b"], failed={1: Result(False, b"no")})
    now = await jobs.get(job.id)
    assert now is not None and (now.state, now.completed, now.failed) == ("queued", 0, 1)
    assert await jobs.pending(job, 10) == [(0, b"a")]
    hopeless = await jobs.make(1, "", [b"a"], failed={0: Result(False, b"no")})
    now = await jobs.get(hopeless.id)
    assert now is not None and (now.state, now.failed) == ("done", 1)
    assert await redis.pttl(keys.job_results(hopeless.id)) > 0
