"""Signals of work: who works in the background is told, and looks by itself where nobody can tell."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from codes.jobs import Jobs
from codes.plans import presets
from codes.work_signals import IDLE_S, WorkSignals


@pytest.fixture
async def signals(redis: Redis) -> AsyncIterator[WorkSignals]:
    """They hear."""
    stop, made = asyncio.Event(), WorkSignals(redis)
    running = asyncio.create_task(made.run(stop))
    heard = asyncio.Event()
    with made.setting("webhooks", heard):
        await asyncio.wait_for(heard.wait(), 20)
    yield made
    stop.set()
    await running


async def test_a_job_is_told_of(redis: Redis, signals: WorkSignals) -> None:
    jobs, webhooks = asyncio.Event(), asyncio.Event()
    with signals.setting("jobs", jobs), signals.setting("webhooks", webhooks):
        await Jobs(redis, plans=presets()).make(7, "key", [b"a"])
        await asyncio.wait_for(jobs.wait(), 20)
    assert not webhooks.is_set()


async def test_without_a_connection_workers_ask_by_themselves(redis: Redis, signals: WorkSignals) -> None:
    assert WorkSignals(redis).patience(0.25) == 0.25, "nobody runs it"
    assert signals.patience(0.25) == IDLE_S
    news = asyncio.Event()
    with signals.setting("webhooks", news):
        await redis.client_kill_filter(_type="pubsub")
        # One may have been missed.
        await asyncio.wait_for(news.wait(), 20)
        assert signals.patience(0.25) == 0.25
        news.clear()
        await asyncio.wait_for(news.wait(), 20)
        assert signals.patience(0.25) == IDLE_S, "it stands again"
