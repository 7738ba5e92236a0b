"""Queue what happened to codes for the endpoints of their workspace; and notice what time and redirectors bring about.

Each event leaves the stream in the step in which its deliveries are queued, so it is queued exactly once. A code that
expires is on a list that its writes keep; one whose limit may be used up is named by the redirector or the edit
(`codes.code_events`).
"""

import logging
from collections.abc import Callable

import msgspec
from redis.asyncio import Redis

from codes import code_events, index
from codes.code_events import CodeEvent
from codes.code_store import CodeRecord
from codes.plans import Plan
from codes.redis_client import raises_unavailable
from schemas.code import Code
from webhooks import payloads
from webhooks.code_filters import is_told_of
from webhooks.deliveries import DeliveryQueue, Message, Queued
from webhooks.directory import Directory
from webhooks.payloads import ShowCode
from webhooks.signing import SigningKeys

_log = logging.getLogger("waymark.webhooks")

_encoder = msgspec.json.Encoder()
# More than the sweep takes (`codes.intents`, `codes.sweep`).
LOST_MS = 180_000


class CodeNotices:
    def __init__(
        self,
        redis: Redis,
        directory: Directory,
        queue: DeliveryQueue,
        signing: SigningKeys,
        show_code: ShowCode,
        short_host: str,
        now_ms: Callable[[], int],
    ) -> None:
        self._redis = redis
        self._directory = directory
        self._queue = queue
        self._signing = signing
        self._show_code = show_code
        self._short_host = short_host
        self._now_ms = now_ms
        self._missing: dict[str, int] = {}

    @raises_unavailable
    async def fan_out(self) -> tuple[int, int | None]:
        """Queue the deliveries of the oldest events; return how many events there were, and when the oldest happened.
        Raises Unavailable and LeaseLost."""
        events = await code_events.first_events(self._redis)
        if not events:
            return 0, None
        # After the events: an endpoint that was there when one happened is known.
        await self._directory.refresh()
        queued = [Queued(event.position, await self._deliveries(event)) for event in events]
        await self._queue.fan_out(queued, self._now_ms())
        return len(events), payloads.at_ms(events[0])

    async def _deliveries(self, event: CodeEvent) -> list[tuple[str, Message, Plan]]:
        listening = [
            each for each in self._directory.of(event.workspace) if event.type in each.events and not each.stopped
        ]
        if not listening:
            return []
        try:
            before, code = payloads.codes_of(event)
            message = payloads.of_code(event, self._show_code, self._signing)
        except ValueError:
            _log.exception("the event %s cannot be read and is dropped", event.position)
            return []
        plan = await self._directory.plan(event.workspace)
        # An edit that takes a code out of a filter is told, too.
        concerned = [code] if before is None else [code, before]
        found = []
        for each in listening:
            for one in concerned:
                if await is_told_of(self._redis, each, one, self._short_host):
                    found.append((each.id, message, plan))
                    break
        return found

    @raises_unavailable
    async def notice(self) -> tuple[int, int | None]:
        """Note the codes that have expired or used up their limit since; return how many, and when the next expires
        (now, if one cannot be noted yet). Raises Unavailable."""
        noted, now_ms = 0, self._now_ms()
        unmade = False
        for expiry in await code_events.expired(self._redis, now_ms):
            code = await self._code(expiry.id)
            if code is None and not self._is_lost(expiry.id):
                unmade = True
                continue
            current = code is not None and code.expires_at_ms == expiry.at_ms
            workspace, record = (code.workspace, _record(code)) if code is not None and current else (0, b"")
            noted += await code_events.note_expired(self._redis, expiry, workspace, record)
        async for check in code_events.limits_to_check(self._redis):
            code = await self._code(check.id) if check.id else None
            if code is None and check.id and not self._is_lost(check.id):
                unmade = True
                continue
            limit, workspace = (code.scan_limit, code.workspace) if code else (None, 0)
            record = _record(code) if code else b""
            noted += await code_events.note_limited(self._redis, check, limit, workspace, record)
        return noted, now_ms if unmade else await code_events.next_expiry_ms(self._redis, now_ms)

    async def _code(self, id: str) -> Code | None:
        found = await index.find(self._redis, id)
        code = found.link.code if found else None
        if code is not None:
            self._missing.pop(id, None)
        return code

    def _is_lost(self, id: str) -> bool:
        """A deletion takes a code off the lists, so one that is listed but not found is just being created, by a
        process or, after a crash, by the sweep. Not for this long."""
        now_ms = self._now_ms()
        return now_ms - self._missing.setdefault(id, now_ms) > LOST_MS


def _record(code: Code) -> bytes:
    return _encoder.encode(CodeRecord(code=code))
