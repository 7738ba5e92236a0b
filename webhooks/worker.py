"""The process that delivers: one at a time, among all that serve the API, holds a lease in Redis.

It queues what happened, and delivers what is due. Every step that it records is tied to the lease, so a process that
was stopped for a while and goes on changes nothing. Whatever ends it, another takes over within seconds, and sends
again what was under way.
"""

import asyncio
import logging
import random
import secrets
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from typing import Protocol

import msgspec
from redis.asyncio import Redis

from codes import leases
from codes.errors import Unavailable
from codes.plans import Plans
from codes.redis_client import raises_unavailable
from codes.work_signals import WorkSignals
from infra import clock
from infra.exposition import Reading
from schemas import keys
from webhooks.code_notices import CodeNotices
from webhooks.courier import Courier
from webhooks.deliveries import DeliveryQueue, LeaseLost
from webhooks.directory import Directory
from webhooks.mail import Mailer
from webhooks.payloads import ShowCode
from webhooks.receivers import Receivers
from webhooks.signing import SigningKeys, signing_keys

_log = logging.getLogger("waymark.webhooks")

LEASE_MS = 10_000
# How often an idle worker that nobody tells of work looks for what is due, and for the lease.
POLL_S = 0.25
# How long deliveries that are under way may take at the end.
DRAIN_S = 5.0
# How often plans are read again.
PLANS_S = 60.0


class Source(Protocol):
    """Something that queues messages: `step` does what is to be done now, and returns after how many seconds there may
    be more; None: when there is an endpoint for it."""

    async def step(self) -> float | None: ...


class Parts(msgspec.Struct, frozen=True):
    """What a source works with while its process has the lease."""

    redis: Redis
    directory: Directory
    queue: DeliveryQueue
    signing: SigningKeys
    now_ms: Callable[[], int]


class Worker:
    """`own_key` is WAYMARK_WEBHOOK_KEY; `short_host` is the domain of codes without their own; `sources` are made anew
    with each lease."""

    def __init__(
        self,
        redis: Redis,
        *,
        plans: Plans,
        receivers: Receivers,
        mailer: Mailer,
        show_code: ShowCode,
        own_key: str | None = None,
        short_host: str = "",
        sources: Sequence[Callable[[Parts], Source]] = (),
        signals: WorkSignals | None = None,
        now_ms: Callable[[], int] = clock.now_ms,
        rng: random.Random | None = None,
        lease_ms: int = LEASE_MS,
        poll_s: float = POLL_S,
    ) -> None:
        self._redis = redis
        self._plans = plans
        self._receivers = receivers
        self._mailer = mailer
        self._show_code = show_code
        self._own_key = own_key
        self._short_host = short_host
        self._sources = sources
        self._signals = signals or WorkSignals(redis)
        self._now_ms = now_ms
        self._rng = rng or random.SystemRandom()
        self._lease_ms = lease_ms
        self._poll_s = poll_s
        self._leads = False
        self._attempts: Counter[str] = Counter()
        self._stopped: Counter[str] = Counter()
        self._oldest_ms: int | None = None

    def metrics(self) -> Mapping[str, Reading]:
        late_s = 0.0 if self._oldest_ms is None else max(0, self._now_ms() - self._oldest_ms) / 1000
        return {
            "waymark_webhook_attempts_total": {(outcome,): float(self._attempts[outcome]) for outcome in OUTCOMES},
            "waymark_webhook_leads": float(self._leads),
            "waymark_webhook_lag_seconds": late_s,
            "waymark_webhook_stopped_endpoints": float(self._stopped.total()),
        }

    async def run(self, stop: asyncio.Event) -> None:
        """Deliver until `stop`, whenever this process has the lease. What is under way then is finished, in bounds."""
        while not stop.is_set():
            token = secrets.token_hex(16)
            # Nothing is lost by ending early: what was not recorded is done again, by this process or another. A defect
            # must not end the process that serves the API.
            turn = asyncio.create_task(self._turn(token, stop))
            await asyncio.wait({turn})
            error = turn.exception()
            if error is not None and not isinstance(error, Unavailable | LeaseLost):
                _log.error("webhooks are interrupted by a defect", exc_info=error)
            await _wait(stop, 4 * self._poll_s)

    @raises_unavailable
    async def _turn(self, token: str, stop: asyncio.Event) -> None:
        if not await leases.take(self._redis, keys.WEBHOOKS_LEASE, token, self._lease_ms):
            return
        try:
            await self._lead(token, stop)
        finally:
            self._leads = False
            with suppress(Unavailable):
                await leases.release(self._redis, keys.WEBHOOKS_LEASE, token)

    async def _lead(self, token: str, stop: asyncio.Event) -> None:
        directory = Directory(self._redis, self._plans)
        queue = DeliveryQueue(self._redis, token)
        signing = await signing_keys(self._redis, self._own_key)
        parts = Parts(self._redis, directory, queue, signing, self._now_ms)
        notices = CodeNotices(self._redis, directory, queue, signing, self._show_code, self._short_host, self._now_ms)
        courier = Courier(
            self._redis,
            directory,
            queue,
            signing,
            self._receivers,
            self._mailer,
            self._now_ms,
            self._rng,
            self._attempts,
        )
        await directory.refresh()
        self._leads = True
        ended = asyncio.Event()
        work: list[Awaitable[None]] = [
            self._renew(token, ended),
            self._notice(notices, directory, ended),
            self._deliver(courier, queue, ended),
            *(self._feed(make(parts), ended) for make in self._sources),
            _until(stop, ended),
        ]
        tasks = [asyncio.ensure_future(each) for each in work]
        try:
            # The first that ends, with an error or because of `stop`, ends the others.
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            ended.set()
            await courier.drain(DRAIN_S)
        finally:
            ended.set()
            for task in tasks:
                task.cancel()
            results = await asyncio.gather(*tasks, return_exceptions=True)
        for error in results:
            if isinstance(error, BaseException) and not isinstance(error, asyncio.CancelledError):
                raise error

    async def _renew(self, token: str, ended: asyncio.Event) -> None:
        while not await _wait(ended, self._lease_ms / 3000):
            if not await leases.renew(self._redis, keys.WEBHOOKS_LEASE, token, self._lease_ms):
                raise LeaseLost

    async def _notice(self, notices: CodeNotices, directory: Directory, ended: asyncio.Event) -> None:
        plans_until = time.monotonic() + PLANS_S
        news = asyncio.Event()
        with self._signals.setting("webhooks", news):
            while not ended.is_set():
                if time.monotonic() > plans_until:
                    directory.forget_plans()
                    plans_until = time.monotonic() + PLANS_S
                news.clear()
                events, self._oldest_ms = await notices.fan_out()
                if events:
                    continue
                noted, next_ms = await notices.notice()
                if not noted:
                    self._stopped = Counter(each.stopped for each in directory.all() if each.stopped)
                    await _wait(news, self._patience(next_ms))

    async def _deliver(self, courier: Courier, queue: DeliveryQueue, ended: asyncio.Event) -> None:
        with self._signals.setting("webhooks", courier.wake):
            while not ended.is_set():
                courier.wake.clear()
                await courier.begin_due()
                await _wait(courier.wake, self._patience(await queue.next_due_ms(self._now_ms())))

    def _patience(self, next_ms: int | None) -> float:
        """How long to wait for news when the next thing is due at a known time."""
        longest = self._signals.patience(self._poll_s)
        if next_ms is None:
            return longest
        wait_ms = next_ms - self._now_ms()
        # (What is due by now came due a moment ago, or cannot be done yet.)
        return min(longest, wait_ms / 1000 if wait_ms > 0 else min(self._poll_s, POLL_S))

    async def _feed(self, source: Source, ended: asyncio.Event) -> None:
        news = asyncio.Event()
        with self._signals.setting("webhooks", news):
            while not ended.is_set():
                news.clear()
                seconds = await source.step()
                if seconds is None:
                    await _wait(news, self._signals.patience(self._poll_s))
                else:
                    await _wait(ended, seconds)


OUTCOMES = ("accepted", "failed", "dead")


async def _wait(event: asyncio.Event, seconds: float) -> bool:
    """Wait for an event, this long at most; return whether it happened."""
    with suppress(TimeoutError):
        await asyncio.wait_for(event.wait(), seconds)
    return event.is_set()


async def _until(stop: asyncio.Event, ended: asyncio.Event) -> None:
    waiting = [asyncio.ensure_future(one.wait()) for one in (stop, ended)]
    try:
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for one in waiting:
            one.cancel()
