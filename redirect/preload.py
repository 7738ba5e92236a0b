"""Hot routes are read before the first scan comes: a redirector that starts knows what was scanned lately.

Each redirector looks at the newest lines of its own journal now and then, so a scan costs nothing for it, and puts the
link keys that were scanned most into a list in Redis, where others may have put theirs. A redirector that starts reads
the list and then the routes, as scans would: from the replica beside it, if it has one.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

import msgspec

from redirect.redis_client import RedisClient
from redirect.redis_connection import Away, Refused
from redirect.route_lookup import RouteLookup, Unavailable
from schemas import keys
from schemas.event import Damaged, decode_event, is_note

# How often the journal is looked at, how much of its end, and how often the list is written.
LOOK_S = 10.0
TAIL_BYTES = 256 << 10
LOOKS_A_LIST = 6
KEPT_S = 7 * 86_400
# Reads under way at the same time.
AT_ONCE = 100

_list = msgspec.json.Decoder(list[str])
log = logging.getLogger(__name__)


class HotRoutes:
    """At most `most` of them; with none, it does nothing. `journal` is the folder of this process's own."""

    def __init__(
        self,
        most: int,
        lookup: RouteLookup,
        primary: RedisClient,
        near: RedisClient,
        journal: Callable[[], Path],
        short_host: str,
    ) -> None:
        self._most = most
        self._lookup = lookup
        self._primary = primary
        self._near = near
        self._journal = journal
        self._short_host = short_host
        self._counts: Counter[str] = Counter()
        # Set when the routes are in memory, or cannot be had.
        self.loaded = asyncio.Event()

    async def run(self, trusted: asyncio.Event) -> None:
        """Load once the cache is `trusted`, then keep the list. Never returns, with any to keep."""
        if not self._most:
            self.loaded.set()
            return
        await trusted.wait()
        try:
            count = await self._load()
            log.info("%d hot routes are in memory", count)
        except (Away, Refused, Unavailable, msgspec.DecodeError) as error:
            log.warning("hot routes could not be read: %s", error)
        finally:
            self.loaded.set()
        while True:
            for _ in range(LOOKS_A_LIST):
                await asyncio.sleep(LOOK_S)
                # A thousand lines: redirects do not wait for that.
                await asyncio.to_thread(self.look)
            with suppress(Away, Refused, msgspec.DecodeError):
                await self.write()

    async def _load(self) -> int:
        hot = (await self._listed(self._near))[: self._most]
        for first in range(0, len(hot), AT_ONCE):
            await asyncio.gather(*(self._lookup.find(key) for key in hot[first : first + AT_ONCE]))
        return len(hot)

    async def _listed(self, redis: RedisClient) -> list[str]:
        raw = await redis.ask("GET", keys.HOT_LINKS)
        return [] if raw is None else _list.decode(raw)

    def look(self) -> None:
        """Count what was scanned lately; older counts fade."""
        self._counts = Counter({key: count // 2 for key, count in self._counts.items() if count > 1})
        self._counts.update(self._link_keys(_newest_lines(self._journal())))
        self._counts = Counter(dict(self._counts.most_common(2 * self._most)))

    def _link_keys(self, lines: Iterable[bytes]) -> Iterable[str]:
        for line in lines:
            with suppress(msgspec.DecodeError, Damaged):
                event = decode_event(line)
                if event.slug:
                    yield keys.link_key("" if event.host == self._short_host else event.host, event.slug)

    async def write(self) -> None:
        """Put the own ones first, and keep as many of the others'."""
        own = [key for key, _ in self._counts.most_common(self._most)]
        if own:
            hot = list(dict.fromkeys([*own, *await self._listed(self._primary)]))[: self._most]
            await self._primary.ask("SET", keys.HOT_LINKS, msgspec.json.encode(hot), "EX", KEPT_S)


def _newest_lines(journal: Path) -> list[bytes]:
    """Whole lines at the end of the newest segment that are events."""
    try:
        segment = max(journal.glob("*.log"))
        with segment.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - TAIL_BYTES))
            data = file.read(TAIL_BYTES)
    except (OSError, ValueError):
        return []
    lines = data.split(b"\n")[1 if size > TAIL_BYTES else 0 : -1]
    return [line for line in lines if not is_note(line)]
