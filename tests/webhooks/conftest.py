"""Webhooks on a real, empty Redis, delivered to a real receiver on loopback."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from ipaddress import ip_network
from typing import Any

import msgspec
import pytest
from redis.asyncio import Redis

from codes.plans import Plan, presets
from codes.redis_client import connect
from codes.resolver import Resolver
from codes.service import Codes
from codes.work_signals import WorkSignals
from codes.workspaces import ensure_workspace
from schemas import keys
from schemas.code import Code
from schemas.webhook import Endpoint
from tests.servers.receiver import Receiver, receiving
from webhooks import deliveries
from webhooks.endpoints import Endpoints
from webhooks.mail import Mailer
from webhooks.receivers import Receivers
from webhooks.signing import SigningKeys, signing_keys
from webhooks.worker import Parts, Source, Worker

LOOPBACK = [ip_network("127.0.0.0/8")]


class Clock:
    """A real clock that can be moved on."""

    def __init__(self) -> None:
        self.later_ms = 0

    def __call__(self) -> int:
        return time.time_ns() // 1_000_000 + self.later_ms

    def pass_by(self, ms: int) -> None:
        self.later_ms += ms


class CodeShown(msgspec.Struct, frozen=True):
    id: str
    slug: str
    destination: str
    label: str | None
    updated_at: int


def show_code(code: Code) -> CodeShown:
    return CodeShown(code.id, code.slug, code.destination, code.label, code.updated_at_ms)


class Hooks:
    """What the tests of this room work with."""

    def __init__(self, redis: Redis, receiver: Receiver, plans: dict[str, Plan], signing: SigningKeys) -> None:
        self.redis = redis
        self.receiver = receiver
        self.plans = plans
        self.signing = signing
        self.clock = Clock()
        self.workspace = 0
        resolver = Resolver(lambda host: ("8.8.8.8",))
        self.receivers = Receivers(own_hosts=(), resolver=resolver, allowed=LOOPBACK, patience_s=2.0)
        self.mail(Mailer())
        self.codes = Codes(redis, resolver=resolver, plans=plans, longest_wait_s=0.0)

    def mail(self, mailer: Mailer) -> None:
        """Send e-mails this way from now on."""
        self.mailer = mailer
        self.endpoints = Endpoints(self.redis, self.receivers, mailer, plans=self.plans, now_ms=self.clock)

    async def endpoint(self, *events: str, **fields: Any) -> Endpoint:
        given = {"url": self.receiver.url, "events": events, **fields}
        return await self.endpoints.create(self.workspace, given, self.signing)

    def secret(self, endpoint: Endpoint) -> str:
        return self.signing.shown(endpoint)

    def worker(
        self,
        *,
        sources: Sequence[Callable[[Parts], Source]] = (),
        signals: WorkSignals | None = None,
        lease_ms: int = 10_000,
        poll_s: float = 0.02,
    ) -> Worker:
        return Worker(
            self.redis,
            plans=self.plans,
            receivers=self.receivers,
            mailer=self.mailer,
            show_code=show_code,
            sources=sources,
            signals=signals,
            now_ms=self.clock,
            rng=random.Random(1),
            lease_ms=lease_ms,
            poll_s=poll_s,
        )

    @asynccontextmanager
    async def working(self, **how: Any) -> AsyncIterator[Worker]:
        stop, worker = asyncio.Event(), self.worker(**how)
        task = asyncio.create_task(worker.run(stop))
        try:
            yield worker
        finally:
            stop.set()
            await task

    async def until(self, true: Callable[[], Any]) -> None:
        await until(true)

    async def until_received(self, count: int) -> None:
        await until(lambda: len(self.receiver.received) == count)

    async def until_stopped(self, endpoint: Endpoint, why: str) -> None:
        async def stopped() -> bool:
            return (await self.found(endpoint)).stopped == why

        await until(stopped)

    async def until_failed(self, endpoint: Endpoint, times: int = 1) -> None:
        """Until so many attempts in a row, or more, have been recorded as failed."""

        async def failed() -> bool:
            return (await deliveries.state(self.redis, endpoint.id)).failures >= times

        await until(failed)

    async def until_queued(self) -> None:
        async def queued() -> bool:
            return not await self.redis.xlen(keys.CODE_EVENTS)

        await until(queued)

    async def found(self, endpoint: Endpoint) -> Endpoint:
        found = await self.endpoints.get(self.workspace, endpoint.id)
        assert found is not None
        return found


async def until(true: Callable[[], Any], within_s: float = 40.0) -> None:
    """Wait until the function, async or not, returns something true."""
    async with asyncio.timeout(within_s):
        while True:
            found = true()
            if (await found) if isinstance(found, Awaitable) else found:
                return
            await asyncio.sleep(0.01)


@pytest.fixture
async def hooks(redis_url: str) -> AsyncIterator[Hooks]:
    redis = connect(redis_url)
    async with receiving() as receiver:
        found = Hooks(redis, receiver, dict(presets()), await signing_keys(redis, None))
        found.workspace = (await ensure_workspace(redis, "ours")).number
        yield found
    await redis.aclose()
