"""When a delivery is tried again: the schedule of the Standard Webhooks specification, with jitter; and how long an
endpoint that fails is left alone between any two attempts."""

import random
from datetime import UTC
from email.utils import parsedate_to_datetime

MINUTE_MS = 60 * 1000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS
# Pauses after the first attempt, the second, …; after the last one the delivery is dead. Some three days in all.
PAUSES_MS = (
    5_000,
    5 * MINUTE_MS,
    30 * MINUTE_MS,
    2 * HOUR_MS,
    5 * HOUR_MS,
    10 * HOUR_MS,
    14 * HOUR_MS,
    20 * HOUR_MS,
    24 * HOUR_MS,
)
ATTEMPTS = len(PAUSES_MS) + 1
# A pause is up to this part longer, so that what failed together is not tried again together.
JITTER = 0.2
# An endpoint that has failed for this long is stopped.
STOPPED_AFTER_MS = 5 * DAY_MS
# The longest pause between attempts at an endpoint that fails, whatever waits for it.
MAX_REST_MS = 5 * MINUTE_MS
# What a receiver may ask for in Retry-After.
MAX_ASKED_MS = DAY_MS


def pause_ms(attempts: int, rng: random.Random, asked_ms: int = 0) -> int | None:
    """How long to wait after this many attempts, at least as long as the receiver asked for; None after the last."""
    if attempts >= ATTEMPTS:
        return None
    pause = PAUSES_MS[attempts - 1]
    return max(round(pause * (1 + JITTER * rng.random())), min(asked_ms, MAX_ASKED_MS))


def rest_ms(failures: int, rng: random.Random) -> int:
    """How long an endpoint is left alone after so many failures in a row. One alone says little."""
    longest: int = min(1000 * (2 ** min(failures - 1, 20) - 1), MAX_REST_MS)
    return round(longest * (1 - JITTER * rng.random()))


def asked_ms(header: str | None, now_ms: int) -> int:
    """What Retry-After asks for: seconds, or a date. 0 for nothing that can be read."""
    if not header:
        return 0
    text = header.strip()
    if text.isascii() and text.isdigit():
        return int(text[:9]) * 1000
    try:
        at = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return 0
    return max(0, round((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() * 1000) - now_ms)
