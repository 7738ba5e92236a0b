"""Deliveries of each endpoint in Redis: waiting, done, and dead; moved by scripts, so a kill leaves no half.

A delivery waits in `pending` until its outcome is recorded, also while it is being sent: whoever is killed in between
sends it again, under the same id. What a worker records counts only while it holds the lease, so one that was thought
dead changes nothing. Everything has a bound: what no longer fits in `pending` goes to `dead`, where it can be replayed;
of `dead` the oldest is dropped, and counted.
"""

from collections.abc import Sequence
from typing import Any, Literal

import msgspec
from redis.asyncio import Redis

from codes.plans import Plan
from codes.redis_client import Script, command, raises_unavailable
from codes.work_signals import first_after
from schemas import keys
from schemas.webhook import EventType
from webhooks.delivery_scripts import ADVANCE, DELIVERED, FAILED, FAN_OUT, FORGET, PUT, REPLAY, RESUME

PREFIX = keys.WEBHOOKS.removesuffix("endpoints")
# In the state of an endpoint: where it is in the feed of scans.
POSITION = "position"
# How many of an endpoint's finished deliveries are shown.
KEPT_DELIVERED = 100

Status = Literal["pending", "delivered", "dead"]
Failure = Literal["", "status", "timeout", "connection", "tls", "address", "secret", "mail", "overflow"]


class Delivery(msgspec.Struct, frozen=True, omit_defaults=True):
    """`message` is the `webhook-id`; `status` is that of the last answer, `failure` why the last attempt failed."""

    message: str
    type: EventType
    created_at_ms: int
    attempts: int = 0
    last_at_ms: int | None = None
    status: int | None = None
    failure: Failure = ""


class Stored(msgspec.Struct, frozen=True):
    """A delivery with its number, by which an endpoint's are ordered; `at_ms` is its next attempt, or when it ended."""

    number: str
    at_ms: int
    about: Delivery


class Message(msgspec.Struct, frozen=True):
    """What is to be delivered: the `webhook-id` and the very bytes."""

    id: str
    type: EventType
    body: bytes


class State(msgspec.Struct, frozen=True):
    pending: int
    dead: int
    dropped: int
    failures: int
    failing_since_ms: int | None
    # When scans were left out because they had waited for too long, and why a question could not be asked.
    missed_ms: int | None
    problem: str


_decoder = msgspec.json.Decoder(Delivery)
_encoder = msgspec.json.Encoder()

_ANY = [keys.WEBHOOKS]  # (Names of keys are made from a prefix, as one step touches many. A cluster is told one.)


class LeaseLost(Exception):
    """Another process delivers now."""


def about(message: Message, now_ms: int) -> bytes:
    return _encoder.encode(Delivery(message.id, message.type, now_ms))


def limits(plan: Plan) -> list[int]:
    return [plan.webhook_pending, plan.webhook_dead, plan.webhook_bytes]


@raises_unavailable
async def put(redis: Redis, endpoint: str, message: Message, plan: Plan, now_ms: int) -> bool:
    """Queue one delivery; return whether there was room. For tests of an endpoint."""
    put = await PUT.run(redis, _ANY, PREFIX, now_ms, *limits(plan), endpoint, about(message, now_ms), message.body)
    return bool(put)


class Queued(msgspec.Struct, frozen=True):
    """An event of the stream and what is to be delivered of it."""

    position: str
    deliveries: Sequence[tuple[str, Message, Plan]]


class DeliveryQueue:
    """What the worker that holds the lease `token` does; every method raises LeaseLost once it has lost it, and
    Unavailable when Redis is away."""

    def __init__(self, redis: Redis, token: str) -> None:
        self._redis = redis
        self._token = token

    async def _run(self, script: Script, more_keys: list[str], *arguments: str | bytes | int) -> int:
        found = int(await script.run(self._redis, [keys.WEBHOOKS_LEASE, *more_keys], PREFIX, self._token, *arguments))
        if found < 0:
            raise LeaseLost
        return found

    @raises_unavailable
    async def fan_out(self, events: Sequence[Queued], now_ms: int) -> int:
        """Take events off the stream and queue their deliveries, in one step; return how many were queued."""
        arguments: list[str | bytes | int] = [now_ms]
        for event in events:
            arguments += [event.position, len(event.deliveries)]
            for endpoint, message, plan in event.deliveries:
                arguments += [endpoint, about(message, now_ms), message.body, *limits(plan)]
        return await self._run(FAN_OUT, [keys.CODE_EVENTS], *arguments)

    @raises_unavailable
    async def advance(
        self, endpoint: str, field: str, before: str, after: str, messages: Sequence[Message], plan: Plan, now_ms: int
    ) -> bool:
        """Queue messages in the step in which a field of the endpoint's state goes from `before` ("" for none) to
        `after`; False if it was no longer `before`."""
        each = [part for message in messages for part in (about(message, now_ms), message.body)]
        return await self._run(ADVANCE, [], now_ms, endpoint, field, before, after, *limits(plan), *each) == 1

    @raises_unavailable
    async def due(self, now_ms: int, most: int) -> list[str]:
        """The endpoints with a delivery that is due, longest first."""
        rows = await command(self._redis, "ZRANGEBYSCORE", keys.WEBHOOKS_DUE, "-inf", now_ms, "LIMIT", 0, most)
        return [id.decode() for id in rows]

    @raises_unavailable
    async def next_due_ms(self, now_ms: int) -> int | None:
        """When the first of those that are not due yet is."""
        return await first_after(self._redis, keys.WEBHOOKS_DUE, now_ms)

    @raises_unavailable
    async def next(self, endpoint: str, now_ms: int) -> tuple[Stored, bytes] | None:
        """The endpoint's next delivery, and its body, if one is due."""
        due = await command(self._redis, "ZSCORE", keys.WEBHOOKS_DUE, endpoint)
        if due is None or float(due) > now_ms:
            return None
        pending = keys.webhook(endpoint, "pending")
        rows = await command(self._redis, "ZRANGEBYSCORE", pending, "-inf", now_ms, "LIMIT", 0, 1)
        if not rows:
            return None
        raw = await command(self._redis, "HGET", keys.webhook(endpoint, "deliveries"), rows[0])
        body = await command(self._redis, "HGET", keys.webhook(endpoint, "bodies"), rows[0])
        if raw is None or body is None:
            return None
        return Stored(rows[0].decode(), now_ms, _decoder.decode(raw)), body

    @raises_unavailable
    async def forget(self, endpoint: str, version: int) -> None:
        """Nothing of this endpoint is due: as of this version of all endpoints, it is stopped or gone."""
        await self._run(FORGET, [keys.WEBHOOKS_VERSION], endpoint, version)

    @raises_unavailable
    async def delivered(self, endpoint: str, number: str, after: Delivery, now_ms: int) -> None:
        await self._run(DELIVERED, [], now_ms, endpoint, number, _encoder.encode(after), KEPT_DELIVERED)

    @raises_unavailable
    async def failed(
        self, endpoint: str, number: str, after: Delivery, now_ms: int, again_ms: int | None, rest_ms: int, plan: Plan
    ) -> int:
        """Record a failed attempt; without `again_ms` the delivery is dead. No other is tried before `rest_ms`. Return
        since when the endpoint has failed."""
        again = "" if again_ms is None else again_ms
        raw = _encoder.encode(after)
        return await self._run(FAILED, [], now_ms, endpoint, number, raw, again, rest_ms, plan.webhook_dead)


@raises_unavailable
async def state(redis: Redis, endpoint: str) -> State:
    fields = ("dropped", "failures", "failing_since", "missed", "problem")
    found = await command(redis, "HMGET", keys.webhook(endpoint, "state"), *fields)
    dropped, failures, since, missed, problem = found
    return State(
        pending=int(await command(redis, "ZCARD", keys.webhook(endpoint, "pending"))),
        dead=int(await command(redis, "ZCARD", keys.webhook(endpoint, "dead"))),
        dropped=int(dropped or 0),
        failures=int(failures or 0),
        failing_since_ms=None if since is None else int(since),
        missed_ms=None if missed is None else int(missed),
        problem="" if problem is None else problem.decode(),
    )


@raises_unavailable
async def page(redis: Redis, endpoint: str, status: Status, count: int, before: str | None = None) -> list[Stored]:
    """Deliveries of this status, the latest made first; with `before`, those that were made before that one."""
    found: Any = await redis.zrange(keys.webhook(endpoint, status), 0, -1, withscores=True)
    wanted = sorted(((raw.decode(), int(at)) for raw, at in found), reverse=True)
    wanted = [one for one in wanted if before is None or one[0] < before][:count]
    if not wanted:
        return []
    raws = await command(redis, "HMGET", keys.webhook(endpoint, "deliveries"), *(number for number, _ in wanted))
    return [
        Stored(number, at, _decoder.decode(raw))
        for (number, at), raw in zip(wanted, raws, strict=True)
        if raw is not None
    ]


@raises_unavailable
async def find(redis: Redis, endpoint: str, number: str) -> tuple[Status, Stored] | None:
    statuses: tuple[Status, ...] = ("pending", "dead", "delivered")
    for status in statuses:
        at = await command(redis, "ZSCORE", keys.webhook(endpoint, status), number)
        raw = await command(redis, "HGET", keys.webhook(endpoint, "deliveries"), number)
        if at is not None and raw is not None:
            return status, Stored(number, int(float(at)), _decoder.decode(raw))
    return None


@raises_unavailable
async def body(redis: Redis, endpoint: str, number: str) -> bytes | None:
    """What is sent; gone once it is delivered."""
    found: bytes | None = await command(redis, "HGET", keys.webhook(endpoint, "bodies"), number)
    return found


@raises_unavailable
async def replay(redis: Redis, endpoint: str, number: str, now_ms: int) -> bool:
    """Try a dead delivery anew, or one that waits at once; False if it is neither."""
    raw = await command(redis, "HGET", keys.webhook(endpoint, "deliveries"), number)
    if raw is None:
        return False
    fresh = msgspec.structs.replace(_decoder.decode(raw), attempts=0)
    return bool(await REPLAY.run(redis, _ANY, PREFIX, now_ms, endpoint, number, _encoder.encode(fresh)))


@raises_unavailable
async def replay_dead(redis: Redis, endpoint: str, now_ms: int) -> int:
    """Try all dead deliveries anew, the oldest first; return how many."""
    numbers = sorted(await command(redis, "ZRANGE", keys.webhook(endpoint, "dead"), 0, -1))
    replayed = 0
    for number in numbers:
        replayed += await replay(redis, endpoint, number.decode(), now_ms)
    return replayed


@raises_unavailable
async def resume(redis: Redis, endpoint: str) -> None:
    """Deliver again what waits for an endpoint, as if it had never failed."""
    await RESUME.run(redis, _ANY, PREFIX, endpoint)
