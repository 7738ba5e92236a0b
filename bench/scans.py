"""Scans as a journal takes them, a million in seconds: a few thousand kinds of visitor, made once, who come
at any moment of an hour to codes of which few are popular."""

import random
from collections.abc import Iterator
from pathlib import Path

import msgspec

from ingest.journal import Journal
from schemas.event import ScanEvent

VISITORS = 5_000
CODES = 2_000
HOUR_MS = 3_600_000

_PLACES = (
    ("GB", "GB-ENG", "London", 51.5, -0.1),
    ("GB", "GB-SCT", "Glasgow", 55.9, -4.3),
    ("DE", "DE-BE", "Berlin", 52.5, 13.4),
    ("FR", "FR-IDF", "Paris", 48.9, 2.3),
    ("US", "US-NY", "New York", 40.7, -74.0),
    ("US", "US-CA", "San Francisco", 37.8, -122.4),
    ("NL", "NL-NH", "Amsterdam", 52.4, 4.9),
    ("ES", "ES-MD", "Madrid", 40.4, -3.7),
    ("", "", "", None, None),
)
_AGENTS = (
    ("mobile", "iPhone", "iOS", "Safari", "Safari"),
    ("mobile", "Pixel", "Android", "Chrome", "Chrome"),
    ("mobile", "Samsung", "Android", "Samsung Internet", "Samsung Internet"),
    ("tablet", "iPad", "iOS", "Safari", "Safari"),
    ("desktop", "PC", "Windows", "Chrome", "Chrome"),
    ("desktop", "Mac", "macOS", "Safari", "Safari"),
)
_REFERRERS = ("", "", "", "t.co", "www.google.com", "www.instagram.com", "news.example.com")


def write(folder: Path, count: int, *, source: int, until_ms: int) -> None:
    """A closed journal of so many scans of the hour before `until_ms`, always the same ones. Blocks, about
    four seconds for a million. Raises OSError, and RuntimeError when the journal refuses a scan."""
    journal = Journal.open(folder, source=source, now_ms=lambda: until_ms, max_bytes=1 << 40)
    try:
        for rest in rests(count, until_ms=until_ms, dice=random.Random(source)):
            if not journal.append(rest):
                raise RuntimeError("the journal refused a scan")
    finally:
        journal.close()


def spread(folder: Path, count: int, *, sources: int, until_ms: int) -> int:
    """The same in so many journals, with as many scans in each; how many that makes."""
    each = count // sources
    for source in range(1, sources + 1):
        write(folder, each, source=source, until_ms=until_ms)
    return each * sources


def rests(count: int, *, until_ms: int, dice: random.Random) -> Iterator[bytes]:
    """The lines of so many scans, without what a journal puts before them."""
    visitors = [_visitor(dice) for _ in range(VISITORS)]
    popularity = [1 / place for place in range(1, CODES + 1)]
    at_once = 10_000
    for begin in range(0, count, at_once):
        batch = min(at_once, count - begin)
        codes = dice.choices(range(1, CODES + 1), popularity, k=batch)
        for place, (code, visitor) in enumerate(zip(codes, dice.choices(visitors, k=batch), strict=True)):
            ts_ms = until_ms - HOUR_MS + (begin + place) * HOUR_MS // count
            yield b"%d,%d,%s,%d" % (ts_ms, code, visitor, dice.getrandbits(64))


def _visitor(dice: random.Random) -> bytes:
    """The fields of a line from `workspace` to `placement`."""
    country, region, city, lat, lon = dice.choice(_PLACES)
    device, model, os, browser, client = dice.choice(_AGENTS)
    referrer_host = dice.choice(_REFERRERS)
    event = ScanEvent(
        source=0,
        seq=0,
        ts_ms=0,
        code=0,
        workspace=1,
        host="localhost:8001",
        slug="spring-offer",
        kind=dice.choices(("human", "bot", "preview", "prefetch"), (88, 8, 3, 1))[0],
        outcome=dice.choices(("redirect", "paused", "unknown"), (97, 1, 2))[0],
        country=country,
        region=region,
        city=city,
        lat=lat,
        lon=lon,
        device=device,
        model=model,
        os=os,
        browser=browser,
        client=client,
        referrer_host=referrer_host,
        referrer=referrer_host and f"https://{referrer_host}/{dice.randrange(5)}",
        language=dice.choice(("en", "de", "fr", "nl", "es")),
        utm_source=dice.choice(("", "", "poster", "flyer")),
        utm_medium=dice.choice(("", "", "print")),
        utm_campaign=dice.choice(("", "", "spring", "summer", "autumn")),
        utm_term="",
        utm_content=dice.choice(("", "", "", "large")),
        variant="",
        entry=dice.choice(("qr", "qr", "qr", "link")),
        placement=dice.choice(("", "", "", "window", "door", "station", "table 1", "table 2")),
        visitor=0,
    )
    return msgspec.json.encode(event).removeprefix(b"[0,0,0,0,").removesuffix(b",0]")
