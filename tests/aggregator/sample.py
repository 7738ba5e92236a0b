"""Believable events, made from a number alone, so that every process of a test makes the same ones."""

import random

from schemas.event import ScanEvent, body_of, encode_line

# Mid-November: a hundred days from here touch four months and two years, so one insert makes eight parts.
START_MS = 1_763_000_000_000


def event(source: int, seq: int) -> ScanEvent:
    dice = random.Random(source * 1_000_003 + seq)
    return ScanEvent(
        source=source,
        seq=seq,
        ts_ms=START_MS + dice.randrange(100 * 86_400_000),
        code=1 + dice.randrange(40),
        workspace=1,
        host="",
        slug=dice.choice(("spring", "intro/one")),
        kind=dice.choice(("human", "human", "human", "bot")),
        outcome=dice.choice(("redirect", "redirect", "redirect", "paused")),
        country=dice.choice(("DE", "FR", "US", "")),
        region="",
        city=dice.choice(("Berlin", "Paris", "")),
        lat=dice.choice((52.5, None)),
        lon=13.4,
        device=dice.choice(("mobile", "desktop")),
        model="",
        os=dice.choice(("iOS", "Android")),
        browser="Safari",
        client="",
        referrer_host="",
        referrer="",
        language="de",
        utm_source=dice.choice(("poster", "")),
        utm_medium="",
        utm_campaign="",
        utm_term="",
        utm_content=dice.choice(("large", "")),
        variant="",
        entry=dice.choice(("qr", "link")),
        placement=dice.choice(("window", "door", "")),
        visitor=dice.randrange(2**64),
    )


def rest(source: int, seq: int) -> bytes:
    """The line without what a journal puts before and after it."""
    return body_of(encode_line(event(source, seq))[:-1])[len(b"[%d,%d," % (source, seq)) :]
