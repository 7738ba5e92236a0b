"""Endpoints: where a workspace's events are sent, kept in Redis.

A version counts every change, so the process that delivers keeps all of them in memory and reads them again only then.
How many a workspace has stands beside them, for the scripts that note events of codes (`codes.code_events`).
"""

import uuid
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, get_args
from zoneinfo import available_timezones

import msgspec
from redis.asyncio import Redis

from codes import reports
from codes.errors import Missing, NotInPlan, Refused
from codes.plans import Plans, plan_of
from codes.redis_client import Script, command, raises_unavailable
from codes.validation import single_line
from codes.webhook_endpoints import AT, CREATE, decode_endpoint, list_endpoints
from codes.work_signals import TELL_WEBHOOKS
from infra import clock
from schemas import keys
from schemas.webhook import Endpoint, EventType, ReportSchedule, SecretVersion, Stopped, Threshold
from webhooks.deliveries import POSITION, PREFIX, resume
from webhooks.mail import SCHEME, Mailer
from webhooks.receivers import Receivers
from webhooks.signing import MAX_OVERLAP_S, SigningKeys

MAX_LABEL = 100
MAX_BATCH = 1_000
MAX_WAIT_S = 60
# Thresholds, and schedules, of one endpoint.
MAX_QUESTIONS = 10
# What is told in words, so as Slack and e-mail take it.
IN_WORDS: tuple[EventType, ...] = ("threshold", "report")
EVENT_TYPES: tuple[EventType, ...] = get_args(EventType)

_encoder = msgspec.json.Encoder()
# ARGV: id, the endpoint as it was read, and as it is to be.
_REPLACE = Script(
    """
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
redis.call('INCR', KEYS[2])
"""
    + TELL_WEBHOOKS
    + "return 1"
)
# ARGV: id, workspace, prefix of the keys of its own.
_DELETE = Script(
    """
if redis.call('HDEL', KEYS[1], ARGV[1]) == 0 then return 0 end
if redis.call('HINCRBY', KEYS[3], ARGV[2], -1) <= 0 then redis.call('HDEL', KEYS[3], ARGV[2]) end
redis.call('INCR', KEYS[2])
redis.call('ZREM', ARGV[3] .. 'due', ARGV[1])
for _, part in ipairs({'pending', 'delivered', 'dead', 'deliveries', 'bodies', 'state'}) do
  redis.call('UNLINK', ARGV[3] .. part .. ':' .. ARGV[1])
end
"""
    + TELL_WEBHOOKS
    + "return 1"
)


def random_id() -> str:
    return str(uuid.uuid4())


class Endpoints:
    """All methods raise Unavailable when Redis is away."""

    def __init__(
        self,
        redis: Redis,
        receivers: Receivers,
        mailer: Mailer,
        *,
        plans: Plans,
        now_ms: Callable[[], int] = clock.now_ms,
    ) -> None:
        self.redis = redis
        self._receivers = receivers
        self._mailer = mailer
        self._plans = plans
        self._now_ms = now_ms

    @raises_unavailable
    async def create(
        self,
        workspace: int,
        fields: dict[str, Any],
        signing: SigningKeys,
        *,
        created_by: str = "",
        id: str | None = None,
        position: str | None = None,
    ) -> Endpoint:
        """Raises Refused and NotInPlan. With an `id` of the caller's it is created once. `position` is where it begins
        in the feed of scans (`webhooks.scan_source`); None for where the feed is when the worker first sees it."""
        now_ms = self._now_ms()
        made = Endpoint(
            id=id or random_id(),
            workspace=workspace,
            url="",
            events=(),
            secrets=(SecretVersion(1, signing.current),),
            created_at_ms=now_ms,
            updated_at_ms=now_ms,
            created_by=created_by,
        )
        made = await self._changed(made, fields)
        plan = await plan_of(self.redis, self._plans, workspace)
        if not await CREATE.run(self.redis, AT, made.id, workspace, _encoder.encode(made), plan.webhooks):
            raise NotInPlan("limit", "webhooks", plan.says("webhooks", limit=plan.webhooks))
        if position is not None:
            await command(self.redis, "HSETNX", keys.webhook(made.id, "state"), POSITION, position)
        return await self.get(workspace, made.id) or made

    @raises_unavailable
    async def get(self, workspace: int, id: str) -> Endpoint | None:
        raw = await command(self.redis, "HGET", keys.WEBHOOKS, id)
        found = decode_endpoint(raw) if raw else None
        return found if found is not None and found.workspace == workspace else None

    @raises_unavailable
    async def list(self, workspace: int) -> list[Endpoint]:
        """Oldest first."""
        return await list_endpoints(self.redis, workspace)

    @raises_unavailable
    async def edit(self, workspace: int, id: str, fields: dict[str, Any]) -> Endpoint:
        """Raises Refused and Missing."""
        found = await change(self.redis, id, lambda old: self._changed(_own(old, workspace), fields))
        await _forget(self.redis, found)
        if not found.stopped:
            await resume(self.redis, id)
        return found

    @raises_unavailable
    async def rotate(self, workspace: int, id: str, signing: SigningKeys, overlap_s: int) -> Endpoint:
        """Give it a new secret; the one before signs, too, for `overlap_s`. Raises Refused and Missing."""
        if not 0 <= overlap_s <= MAX_OVERLAP_S:
            raise Refused("overlap_s", "invalid_overlap", f"overlap_s is 0 to {MAX_OVERLAP_S:,}")
        now_ms = self._now_ms()

        async def rotated(old: Endpoint) -> Endpoint:
            newest, *former = _own(old, workspace).secrets
            kept = [one for one in former if one.until_ms is not None and now_ms < one.until_ms]
            before = msgspec.structs.replace(newest, until_ms=now_ms + overlap_s * 1000)
            secrets = (SecretVersion(newest.number + 1, signing.current), *([before] if overlap_s else []), *kept)
            return msgspec.structs.replace(old, secrets=secrets[:4], updated_at_ms=now_ms)

        return await change(self.redis, id, rotated)

    @raises_unavailable
    async def delete(self, workspace: int, id: str) -> bool:
        """Delete it with all its deliveries; return whether it existed."""
        if await self.get(workspace, id) is None:
            return False
        return bool(await _DELETE.run(self.redis, AT, id, workspace, PREFIX))

    async def _changed(self, old: Endpoint, fields: dict[str, Any]) -> Endpoint:
        """The endpoint with other fields, checked. Raises Refused."""
        changes = dict(fields)
        if "url" in changes and (changes["url"] != old.url or not old.url):
            await self._check_url(changes["url"])
        if changes.get("label"):
            single_line("label", changes["label"], MAX_LABEL)
        if "events" in changes:
            changes["events"] = _events(changes["events"])
        if "kinds" in changes and not changes["kinds"]:
            raise Refused("kinds", "no_kinds", "kinds has at least one")
        for name, most in (("batch_size", MAX_BATCH), ("batch_wait_s", MAX_WAIT_S)):
            if name in changes and not 1 <= changes[name] <= most:
                raise Refused(name, f"invalid_{name}", f"{name} is 1 to {most:,}")
        if "stopped" in changes and changes["stopped"] != old.stopped:
            changes["stopped_at_ms"] = self._now_ms() if changes["stopped"] else None
        for name in ("thresholds", "schedules"):
            if name in changes:
                await self._check_questions(old.workspace, name, changes[name])
        new = msgspec.structs.replace(old, **changes)
        if (new.format == "slack" or new.url.startswith(SCHEME)) and not set(new.events) <= set(IN_WORDS):
            text = f"Slack and e-mail are told of {' and '.join(IN_WORDS)} alone"
            raise Refused("events", "not_in_words", text)
        return old if new == old else msgspec.structs.replace(new, updated_at_ms=self._now_ms())

    async def _check_url(self, url: str) -> None:
        if url.startswith(SCHEME):
            self._mailer.check(url)
        else:
            await self._receivers.check(url)

    async def _check_questions(
        self, workspace: int, name: str, questions: Sequence[Threshold | ReportSchedule]
    ) -> None:
        if len(questions) > MAX_QUESTIONS:
            raise Refused(name, "too_many", f"a webhook has at most {MAX_QUESTIONS} {name}")
        if len({one.id for one in questions}) < len(questions):
            raise Refused(name, "same_id", f"two of the {name} have the same id")
        for at, one in enumerate(questions):
            if await reports.get(self.redis, workspace, one.report) is None:
                raise Refused(f"{name}[{at}].report_id", "unknown_report", "there is no report with this id")
            if isinstance(one, ReportSchedule):
                _check_schedule(f"{name}[{at}]", one)
                continue
            values = [value for value in (one.above, one.below) if value is not None]
            if len(values) != 1 or values[0] < 1:
                raise Refused(f"{name}[{at}]", "invalid_threshold", "a threshold has either above or below, from 1 on")


def _check_schedule(field: str, one: ReportSchedule) -> None:
    for name, low, high in (("hour", 0, 23), ("weekday", 1, 7), ("day", 1, 28)):
        if not low <= getattr(one, name) <= high:
            raise Refused(f"{field}.{name}", f"invalid_{name}", f"{name} is {low} to {high}")
    if one.timezone not in available_timezones():
        raise Refused(f"{field}.timezone", "invalid_timezone", "timezone is one of the IANA database")


def _own(endpoint: Endpoint, workspace: int) -> Endpoint:
    if endpoint.workspace != workspace:
        raise Missing(endpoint.id)
    return endpoint


def _events(events: Sequence[EventType]) -> tuple[EventType, ...]:
    if not events:
        raise Refused("events", "no_events", "events has at least one type")
    for event in events:
        if event not in EVENT_TYPES:
            raise Refused("events", "unknown_event", f"events are of: {', '.join(EVENT_TYPES)}")
    return tuple(dict.fromkeys(events))


async def _forget(redis: Redis, endpoint: Endpoint) -> None:
    """Drop what was told of questions that are no longer the endpoint's, and where it was in a feed that it no longer
    follows."""
    state = keys.webhook(endpoint.id, "state")
    known = {
        *(f"threshold:{one.id}" for one in endpoint.thresholds),
        *(f"report:{one.id}" for one in endpoint.schedules),
    }
    fields = {raw.decode() for raw in await command(redis, "HKEYS", state)}
    gone = {field for field in fields if field.partition(":")[0] in IN_WORDS and field not in known}
    if "scan" not in endpoint.events:
        gone.add(POSITION)
    await command(redis, "HDEL", state, "problem", *gone)


async def change(redis: Redis, id: str, changed: Callable[[Endpoint], Awaitable[Endpoint]]) -> Endpoint:
    """Replace an endpoint by what `changed` (async) makes of it, again if another change was faster. Raises Missing."""
    while (raw := await command(redis, "HGET", keys.WEBHOOKS, id)) is not None:
        old = decode_endpoint(raw)
        new = await changed(old)
        if new == old or await _REPLACE.run(redis, AT, id, raw, _encoder.encode(new)):
            return new
    raise Missing(id)


@raises_unavailable
async def version(redis: Redis) -> int:
    return int(await command(redis, "GET", keys.WEBHOOKS_VERSION) or 0)


@raises_unavailable
async def stop(redis: Redis, id: str, why: Stopped, now_ms: int) -> None:
    """Stop deliveries, unless they are stopped."""

    async def stopped(old: Endpoint) -> Endpoint:
        return old if old.stopped else msgspec.structs.replace(old, stopped=why, stopped_at_ms=now_ms)

    try:
        await change(redis, id, stopped)
    except Missing:
        return
