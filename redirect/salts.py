"""Shares the day's salt among all redirectors, through Redis, which forgets it after 48 hours."""

import asyncio
import logging
from collections.abc import Callable
from datetime import UTC, datetime

from redirect.store import Store
from redirect.visitor import MS_OF_DAY, SALT_BYTES, Salts
from redirect.wire import Away, Refused
from schemas import keys

KEPT_S = 48 * 3600
RETRY_S = 1.0
LOOK_S = 60.0

log = logging.getLogger(__name__)


def name_of(day: int) -> str:
    return datetime.fromtimestamp(day * MS_OF_DAY / 1000, UTC).strftime("%Y-%m-%d")


async def share(salts: Salts, store: Store, day: int, random_bytes: Callable[[int], bytes]) -> None:
    """Whoever is first makes the day's salt; all use that. Raises Away or Refused."""
    key = keys.salt(name_of(day))
    await store.ask("SET", key, random_bytes(SALT_BYTES), "NX", "EX", KEPT_S)
    salt = await store.ask("GET", key)
    if isinstance(salt, bytes):
        salts.put(day, salt)


async def keep_shared(
    salts: Salts, store: Store, now_ms: Callable[[], int], random_bytes: Callable[[int], bytes]
) -> None:
    """Until cancelled: today's and tomorrow's salt are there before they are needed."""
    warned = False
    while True:
        today = now_ms() // MS_OF_DAY
        salts.forget_before(today)
        try:
            for day in (today, today + 1):
                if not salts.has_shared(day):
                    await share(salts, store, day, random_bytes)
        except (Away, Refused) as error:
            if not warned:
                log.warning("no shared salt from Redis (%s): visitors are counted by one of our own", error)
            warned = True
            await asyncio.sleep(RETRY_S)
        else:
            warned = False
            await asyncio.sleep(LOOK_S)
