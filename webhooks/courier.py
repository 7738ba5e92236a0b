"""Deliver what is due: one delivery of an endpoint at a time, in their order; endpoints and workspaces beside each
other, all in bounds, so that a slow receiver delays nobody but itself.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Callable

import msgspec
from redis.asyncio import Redis

from codes.vetted_hosts import NotVetted
from schemas.webhook import Endpoint
from webhooks import endpoints, retries, signing
from webhooks.deliveries import Delivery, DeliveryQueue, Stored
from webhooks.directory import Directory
from webhooks.mail import Mailer
from webhooks.receivers import Answer, Receivers, Session
from webhooks.signing import SigningKeys, UnknownKey

# How many endpoints are delivered to at a time, in all and of one workspace; and how many deliveries an endpoint has
# before the next one's turn.
AT_ONCE = 64
OF_WORKSPACE = 8
IN_A_TURN = 25
LOOKED_AT = 1_000
GONE = 410


class Courier:
    """`attempts` counts by outcome."""

    def __init__(
        self,
        redis: Redis,
        directory: Directory,
        queue: DeliveryQueue,
        signing: SigningKeys,
        receivers: Receivers,
        mailer: Mailer,
        now_ms: Callable[[], int],
        rng: random.Random,
        attempts: Counter[str],
    ) -> None:
        self._redis = redis
        self._directory = directory
        self._queue = queue
        self._signing = signing
        self._receivers = receivers
        self._mailer = mailer
        self._now_ms = now_ms
        self._rng = rng
        self._attempts = attempts
        # How often an endpoint has failed in a row.
        self._failures: Counter[str] = Counter()
        self._running: dict[str, asyncio.Task[None]] = {}
        self._of_workspace: Counter[int] = Counter()
        self._closed = False
        self.wake = asyncio.Event()

    async def begin_due(self) -> None:
        """Begin a turn for each endpoint with something due, as far as there is room; raise what the last ones
        raised (LeaseLost, Unavailable)."""
        self.raise_failed()
        await self._directory.refresh()
        version = self._directory.version
        for id in await self._queue.due(self._now_ms(), LOOKED_AT):
            endpoint = self._directory.get(id)
            if endpoint is None or endpoint.stopped:
                await self._queue.forget(id, version)
                continue
            if len(self._running) >= AT_ONCE or self._closed:
                return
            if id in self._running or self._of_workspace[endpoint.workspace] >= OF_WORKSPACE:
                continue
            self._of_workspace[endpoint.workspace] += 1
            self._running[id] = asyncio.create_task(self._turn(endpoint))

    def raise_failed(self) -> None:
        """Forget finished turns; raise what one raised."""
        for id, task in list(self._running.items()):
            if task.done():
                del self._running[id]
                task.result()

    async def drain(self, within_s: float) -> None:
        """Wait for the turns that are under way to end, and cut those off that do not in time: they are repeated."""
        self._closed = True
        running = list(self._running.values())
        self._running.clear()
        if running:
            _, late = await asyncio.wait(running, timeout=within_s)
            for task in late:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)

    async def _turn(self, endpoint: Endpoint) -> None:
        try:
            await self._deliver(endpoint)
        finally:
            self._of_workspace[endpoint.workspace] -= 1
            self.wake.set()

    async def _deliver(self, endpoint: Endpoint) -> None:
        found = await self._queue.next(endpoint.id, self._now_ms())
        if found is None:
            return
        if endpoint.url.startswith("mailto:"):
            stored, body = found
            await self._record(endpoint, stored, await self._mailer.send(endpoint.url, stored.about.message, body))
            return
        try:
            session = await self._receivers.session(endpoint.url)
        except NotVetted:
            await self._record(endpoint, found[0], Answer(None, "address"))
            return
        async with session:
            for _ in range(IN_A_TURN):
                stored, body = found
                if not await self._attempt(endpoint, session, stored, body):
                    return
                current = self._directory.get(endpoint.id)
                found = await self._queue.next(endpoint.id, self._now_ms())
                if found is None or current != endpoint:
                    return

    async def _attempt(self, endpoint: Endpoint, session: Session, stored: Stored, body: bytes) -> bool:
        """Send it once and record what came of it; return whether it was accepted."""
        now_ms = self._now_ms()
        try:
            secrets = self._signing.valid(endpoint, now_ms)
        except UnknownKey:
            answer = Answer(None, "secret")
        else:
            answer = await session.post(body, signing.headers(secrets, stored.about.message, now_ms // 1000, body))
        await self._record(endpoint, stored, answer)
        return answer.accepted

    async def _record(self, endpoint: Endpoint, stored: Stored, answer: Answer) -> None:
        now_ms, before = self._now_ms(), stored.about
        after: Delivery = msgspec.structs.replace(
            before, attempts=before.attempts + 1, last_at_ms=now_ms, status=answer.status, failure=answer.failure
        )
        if answer.accepted:
            self._attempts["accepted"] += 1
            self._failures.pop(endpoint.id, None)
            await self._queue.delivered(endpoint.id, stored.number, after, now_ms)
            return
        asked = retries.asked_ms(answer.retry_after, now_ms) if answer.status in (429, 503) else 0
        pause = retries.pause_ms(after.attempts, self._rng, asked)
        self._attempts["failed" if pause is not None else "dead"] += 1
        again = None if pause is None else now_ms + pause
        plan = await self._directory.plan(endpoint.workspace)
        self._failures[endpoint.id] += 1
        rest = now_ms + max(retries.rest_ms(self._failures[endpoint.id], self._rng), asked)
        since = await self._queue.failed(endpoint.id, stored.number, after, now_ms, again, rest, plan)
        if answer.status == GONE:
            await endpoints.stop(self._redis, endpoint.id, "gone", now_ms)
        elif since and now_ms - since >= retries.STOPPED_AFTER_MS:
            await endpoints.stop(self._redis, endpoint.id, "failing", now_ms)
