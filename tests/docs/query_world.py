"""The scans that the answers in docs/query.md are of: a café with a spring campaign, in the spring of two years.

They go into the journal of a running Waymark, as a redirector's do, and the aggregator stores them.
"""

import random
import secrets
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import redis

from ingest.journal import Journal
from ingest.reader import sources
from schemas import keys
from schemas.event import Kind, Outcome, ScanEvent, encode_line
from schemas.route import decode_route
from tests.waymark.running import Up, wait_for

BERLIN = ZoneInfo("Europe/Berlin")
# The days of this year's spring, and the same of the last one.
SPRING = date(2026, 4, 20), date(2026, 5, 21)
LAST_SPRING = date(2025, 4, 20), date(2025, 5, 21)


class Story(msgspec.Struct, frozen=True):
    """A code, how often it is scanned on a day, and by whom. Texts are chosen by their weights."""

    code: dict[str, Any]
    folder: str
    weekday: int
    weekend: int
    hours: dict[int, int]
    placements: dict[str, int]
    entries: dict[str, int]
    referrers: dict[str, int]
    campaigns: dict[str, int]
    since: date = LAST_SPRING[0]
    growth: int = 2


ALL_DAY = {9: 1, 11: 2, 13: 3, 16: 3, 18: 4, 20: 2}
STORIES = (
    Story(
        code={"slug": "menu", "label": "Menu, every table", "tags": ["restaurant"], "destination": "https://cafe.example.com/menu"},
        folder="Café",
        weekday=6,
        weekend=11,
        hours={9: 1, 12: 5, 13: 7, 18: 3, 19: 4, 20: 2},
        placements={"": 1},
        entries={"qr": 24, "link": 1},
        referrers={"": 1},
        campaigns={"": 1},
        growth=1,
    ),
    Story(
        code={"slug": "spring-poster", "label": "Spring poster", "tags": ["poster", "spring"], "destination": "https://cafe.example.com/spring"},
        folder="Spring",
        weekday=4,
        weekend=12,
        hours=ALL_DAY,
        placements={"window": 5, "bus stop": 4, "market": 2},
        entries={"qr": 30, "link": 1},
        referrers={"": 1},
        campaigns={"spring": 1},
    ),
    Story(
        code={"slug": "spring-flyer", "label": "Spring flyer", "tags": ["flyer", "spring"], "destination": "https://cafe.example.com/spring"},
        folder="Spring",
        weekday=2,
        weekend=4,
        hours=ALL_DAY,
        placements={"letterbox": 3, "counter": 2},
        entries={"qr": 8, "nfc": 3, "link": 1},
        referrers={"": 1},
        campaigns={"spring": 4, "summer": 1},
    ),
    Story(
        code={"slug": "bio", "label": "Profile link", "tags": ["social"], "destination": "https://cafe.example.com/"},
        folder="",
        weekday=3,
        weekend=3,
        hours={8: 2, 12: 2, 20: 5, 22: 3},
        placements={"": 1},
        entries={"link": 1},
        referrers={"l.instagram.com": 6, "m.facebook.com": 3, "news.example.org": 2, "": 2},
        campaigns={"": 3, "summer": 1},
        since=date(2026, 5, 1),
    ),
)  # fmt: skip

# Country, city, language, weight; device, system, browser, weight.
CITIES = (
    ("DE", "Berlin", "de", 24), ("DE", "Potsdam", "de", 7), ("DE", "Leipzig", "de", 3), ("PL", "Poznań", "pl", 3),
    ("FR", "Lyon", "fr", 3), ("US", "Denver", "en", 2), ("", "", "en", 1),
)  # fmt: skip
PHONES = (
    ("mobile", "iOS", "Safari", 10), ("mobile", "Android", "Chrome", 12), ("tablet", "iPadOS", "Safari", 2),
    ("desktop", "Windows", "Edge", 1),
)  # fmt: skip
KINDS: dict[Kind, int] = {"human": 40, "bot": 3, "preview": 2}


def fill(up: Up) -> dict[str, dict[str, Any]]:
    """Make the codes and store their scans; the codes, by slug."""
    folders = {name: up.call("POST", "/v1/folders", {"name": name})[1]["id"] for name in ("Café", "Spring")}
    codes = {str(story.code["slug"]): up.create(**story.code, folder_id=folders.get(story.folder)) for story in STORIES}
    folder = up.data / "journal"
    journal = Journal.open(
        folder, source=secrets.randbelow(2**62) + 1, now_ms=lambda: time.time_ns() // 1_000_000, max_bytes=1 << 30
    )
    with redis.Redis(unix_socket_path=str(up.data / "redis.sock")) as store:
        for story in STORIES:
            raw = store.get(keys.route(keys.link_key("", str(story.code["slug"]))))
            assert isinstance(raw, bytes)
            route = decode_route(raw)
            for event in _scans(story, route.birth, route.workspace):
                # The journal puts source and seq before what follows them.
                journal.append(encode_line(event).removeprefix(b"[0,0,").rpartition(b",")[0])
    source = journal.source
    journal.close()
    wait_for(lambda: source not in sources(folder), what="the journal is stored")
    return codes


def _scans(story: Story, birth: int, workspace: int) -> Iterator[ScanEvent]:
    rng = random.Random(str(story.code["slug"]))
    for (first, last), times in ((LAST_SPRING, 1), (SPRING, story.growth)):
        for offset in range((last - first).days + 1):
            day = first + timedelta(days=offset)
            if day < story.since:
                continue
            usual = (story.weekend if day.weekday() >= 5 else story.weekday) * times
            for _ in range(rng.randint(usual // 2, usual + usual // 2)):
                yield _scan(story, rng, day, birth, workspace)


def _scan(story: Story, rng: random.Random, day: date, birth: int, workspace: int) -> ScanEvent:
    hour = _one(rng, story.hours)
    at = datetime(day.year, day.month, day.day, hour, rng.randrange(60), rng.randrange(60), tzinfo=BERLIN)
    kind = _one(rng, KINDS)
    person = kind == "human"
    country, city, language, _ = rng.choices(CITIES, [one[-1] for one in CITIES])[0]
    device, os, browser, _ = rng.choices(PHONES, [one[-1] for one in PHONES])[0]
    site = _one(rng, story.referrers)
    # The poster's first week was printed too early.
    early = story.code["slug"] == "spring-poster" and day < date(2025, 4, 23)
    outcome: Outcome = "early" if early else "redirect"
    known: dict[str, Any] = dict.fromkeys(ScanEvent.__struct_fields__, "") | {
        "source": 0,
        "seq": 0,
        "ts_ms": round(at.astimezone(UTC).timestamp() * 1000),
        "code": birth,
        "workspace": workspace,
        "host": "localhost",
        "slug": story.code["slug"],
        "kind": kind,
        "outcome": outcome,
        "country": country,
        "city": city,
        "lat": None,
        "lon": None,
        "utm_campaign": _one(rng, story.campaigns),
        "entry": _one(rng, story.entries),
        "placement": _one(rng, story.placements),
        # Nobody is known on another day, and some come twice on one.
        "visitor": day.toordinal() * 1_000 + rng.randrange(60),
    }
    if person:
        known |= {"device": device, "os": os, "browser": browser, "language": language}
        known |= {"referrer_host": site, "referrer": f"https://{site}/" if site else ""}
    return ScanEvent(**known)


def _one(rng: random.Random, weights: dict[Any, int]) -> Any:
    return rng.choices(list(weights), list(weights.values()))[0]
