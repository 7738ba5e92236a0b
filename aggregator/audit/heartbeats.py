"""Until when everything is stored, on a cluster: compare the redirectors' heartbeats with what is stored.

Each redirector tells Redis once a second how many scans it had given out at that moment. Once the warehouse has a head
or close note of that source that reaches as far (`ingest` ships it after the scans, the aggregator stores it after
them), everything that it answered until that moment is stored. A redirector that falls silent holds the moment back,
until its journal is shipped to its end.
"""

import time
from collections import deque
from collections.abc import Callable, Collection

import msgspec
import redis
from clickhouse_connect.driver.client import Client

from aggregator.audit.evidence_readers import reached
from schemas import keys
from schemas.complete_until import IN_FLIGHT_MS, CompleteUntil, Holder, decode
from schemas.register import Heartbeat, decode_heartbeat

# A source that says nothing new for longer is named.
USUAL_MS = 10_000
# Heartbeats kept of a source whose scans are not stored: past this, every other one is dropped.
KEPT = 1000


class _Source(msgspec.Struct):
    """`confirmed_ms`: until when it is stored. `waiting`: later heartbeats, oldest first."""

    latest: Heartbeat
    heard_at_ms: int
    confirmed_ms: int | None = None
    waiting: deque[Heartbeat] = msgspec.field(default_factory=deque)


class Heartbeats:
    """For one thread. What is found is never earlier than what an aggregator published before."""

    def __init__(self, redis_url: str, connect: Callable[[], Client], now_ms: Callable[[], int]) -> None:
        self._url = redis_url
        self._connect = connect
        self._now_ms = now_ms
        self._client: Client | None = None
        self._sources: dict[int, _Source] = {}
        self._published: int | None = None

    def look(self) -> CompleteUntil:
        """Raises Unreachable without Redis, and what the client raises."""
        now = self._now_ms()
        with reached(self._url, "heartbeats") as server:
            heartbeats = [decode_heartbeat(raw) for raw in server.hvals(keys.HEARTBEATS)]  # type: ignore[arg-type]
            if self._published is None:
                self._published = _published(server)
            stored, over = self._stored([one.source for one in heartbeats])
            for heartbeat in heartbeats:
                self._hear(heartbeat, now)
            if over:
                server.hdel(keys.HEARTBEATS, *map(str, over))
        # A source that has ended, and is stored to its end, holds nothing back.
        self._sources = {
            heartbeat.source: self._sources[heartbeat.source]
            for heartbeat in heartbeats
            if heartbeat.source not in over
        }
        return self._found(stored, now)

    def _stored(self, asked: Collection[int]) -> tuple[dict[int, int], set[int]]:
        """Up to which number each of these sources is stored, and which are stored to their end."""
        if not asked:
            return {}, set()
        if self._client is None:
            self._client = self._connect()
        rows = self._client.query(
            "SELECT source, max(last_seq), max(state = 'closed') FROM sources"  # noqa: S608 (our numbers)
            f" WHERE state IN ('head', 'closed') AND source IN ({', '.join(map(str, asked))}) GROUP BY source"
        ).result_rows
        return {source: last for source, last, _ in rows}, {source for source, _, closed in rows if closed}

    def _hear(self, heartbeat: Heartbeat, now: int) -> None:
        known = self._sources.get(heartbeat.source)
        if known is None:
            known = self._sources[heartbeat.source] = _Source(heartbeat, now)
            known.waiting.append(heartbeat)
        elif heartbeat != known.latest:
            known.latest, known.heard_at_ms = heartbeat, now
            known.waiting.append(heartbeat)
        if len(known.waiting) > KEPT:
            known.waiting = deque(list(known.waiting)[::2])

    def _found(self, stored: dict[int, int], now: int) -> CompleteUntil:
        until, held = now, list[Holder]()
        unknown = False
        for number, source in self._sources.items():
            while source.waiting and source.waiting[0].seq <= stored.get(number, 0):
                source.confirmed_ms = source.waiting.popleft().at_ms
            if source.confirmed_ms is None:
                unknown = True
            else:
                until = min(until, source.confirmed_ms)
            silent = now - source.heard_at_ms > USUAL_MS
            if silent or (source.waiting and now - source.waiting[0].at_ms > USUAL_MS):
                held.append(_holder(number, source, stored.get(number, 0), silent=silent))
        found = None if unknown else until - IN_FLIGHT_MS
        # What was found once stays true: the scans of before that moment are stored.
        self._published = max((each for each in (self._published, found) if each is not None), default=None)
        return CompleteUntil(self._published, now, tuple(held))


def _published(server: redis.Redis) -> int | None:
    raw = server.get(keys.COMPLETE_UNTIL)
    try:
        return None if raw is None else decode(raw).until_ms  # type: ignore[arg-type]
    except msgspec.DecodeError:
        return None


def _holder(number: int, source: _Source, stored: int, *, silent: bool) -> Holder:
    until = None if source.confirmed_ms is None else source.confirmed_ms - IN_FLIGHT_MS
    latest = source.latest
    if silent:
        since = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(latest.at_ms / 1000))
        reason = f"its redirector is silent since {since} UTC, and its journal is not shipped to its end"
    else:
        reason = f"{latest.seq - stored:,} of its scans wait to be shipped and stored"
    return Holder(number, until, reason, latest.host)
