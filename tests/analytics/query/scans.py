"""Scans of three workspaces, around the moments that matter: changes of clocks, midnights, the ends of ranges."""

import random
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from hashlib import blake2b
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from clickhouse_connect.driver.client import Client

from infra.rollups import add_values
from schemas.event import COUNTED, EVENT_COLUMNS, KINDS, OUTCOMES, ScanEvent

# Ahead and behind of UTC, by hours, halves and quarters; clocks that change by an hour and by half of one, at midnight
# and at other times; one whose day of 2028 begins at one o'clock.
ZONES = (
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Asia/Kathmandu",
    "Pacific/Kiritimati",
    "Pacific/Pago_Pago",
    "Australia/Lord_Howe",
    "Pacific/Chatham",
    "Africa/Cairo",
    "America/Havana",
)
WORKSPACES = (1, 2, 3)
SCANS = 700
FIRST, LAST = datetime(2026, 11, 1, tzinfo=UTC), datetime(2028, 12, 31, tzinfo=UTC)


def clock_changes(zone: str) -> list[datetime]:
    """When the zone's offset changes between FIRST and LAST, to the quarter of an hour."""
    local = ZoneInfo(zone)
    found = []
    day, quarter = timedelta(days=1), timedelta(minutes=15)
    for days in range((LAST - FIRST) // day):
        at = FIRST + days * day
        before = at.astimezone(local).utcoffset()
        # (No zone's changes twice in a day.)
        if (at + day).astimezone(local).utcoffset() != before:
            while at.astimezone(local).utcoffset() == before:
                at += quarter
            found.append(at)
    return found


CHANGES = {zone: clock_changes(zone) for zone in ZONES}
# Questions are asked as of these, so their ranges end near them: changes of clocks, a leap day, a new year.
NOWS = (
    datetime(2028, 3, 26, 10, tzinfo=UTC),
    datetime(2028, 10, 29, 0, 59, tzinfo=UTC),
    datetime(2028, 3, 1, tzinfo=UTC),
    datetime(2028, 1, 1, 3, 30, tzinfo=UTC),
    datetime(2028, 11, 5, 23, 59, 59, tzinfo=UTC),
    datetime(2028, 4, 2, 14, 5, tzinfo=UTC),
)

# What texts may be that a question, a parameter or a sum could trip over.
ODD = ["a' OR 1", "{p0:String}", "tab\there", "back\\slash", "é", "line\nbreak", "%s", "😀", "zero\0byte"]
VALUES: dict[str, list[str]] = {
    "country": ["", "DE", "FR", "GB", "US"],
    "region": ["", "DE-BE", "FR-IDF"],
    "city": ["", "Paris", "Berlin", "Lyon"],
    "device": ["", "mobile", "desktop", "tablet"],
    "model": ["", "iPhone", *ODD[:3]],
    "os": ["", "iOS", "Android"],
    "browser": ["", "Safari", "Chrome"],
    "client": ["", "Instagram"],
    "referrer_host": ["", "news.example", "é.example", "a.example"],
    "referrer": ["", "https://news.example/1", *ODD[3:6]],
    "language": ["", "de", "en"],
    "utm_source": ["", "flyer", *ODD[6:]],
    "utm_medium": ["", "print"],
    "utm_campaign": ["", "spring", "Spring"],
    "utm_term": ["", "shoes"],
    "utm_content": ["", "red"],
    "variant": ["", "a", "b"],
    "entry": ["qr", "link", "nfc"],
    "placement": ["", "window", "door"],
    "slug": ["spring", "summer", ""],
}


class Code(msgspec.Struct, frozen=True):
    number: int
    id: str
    folder: str
    tags: tuple[str, ...]
    domain: str
    destination: str
    label: str


def codes_of(workspace: int) -> list[Code]:
    """Nine codes; 64-bit numbers are random, so they are in no order."""
    rng = random.Random(workspace)
    return [
        Code(
            rng.getrandbits(63),
            f"{rng.getrandbits(32):08x}",
            rng.choice(["", "summer", "winter"]),
            tuple(tag for tag in ("poster", "flyer", "é's") if rng.random() < 0.4),
            rng.choice(["", "go.example"]),
            f"https://example.com/{at % 4}",
            rng.choice(["", "Window", "Door", "100%"]),
        )
        for at in range(9)
    ]


class Attributes:
    """What is known of the codes; of the last one nothing, as if it were gone a moment ago."""

    def __init__(self, codes: Sequence[Code]) -> None:
        self._known = codes[:-1]

    def groups(self, dimension: str) -> Mapping[str, Collection[int]]:
        found: dict[str, list[int]] = {}
        for code in self._known:
            for value in values_of(code, dimension):
                found.setdefault(value, []).append(code.number)
        return found

    def id_of(self, number: int) -> str | None:
        return next((code.id for code in self._known if code.number == number), None)


def values_of(code: Code, dimension: str) -> tuple[str, ...]:
    if dimension == "code":
        return (code.id,)
    if dimension == "code:tag":
        return code.tags or ("",)
    return (getattr(code, dimension.removeprefix("code:")),)


def moments(rng: random.Random) -> datetime:
    kind = rng.random()
    hot = rng.choice([*NOWS, *CHANGES[rng.choice(ZONES[1:2] + ZONES[2:3] + ZONES[6:])]])
    if kind < 0.4:
        return hot + timedelta(milliseconds=rng.choice([-1, 0, 1, 899_999, 900_000]) + 900_000 * rng.randint(-16, 16))
    if kind < 0.75:
        return hot + timedelta(milliseconds=rng.randint(-30 * 86_400_000, 2 * 86_400_000))
    return FIRST + timedelta(milliseconds=rng.randint(0, int((LAST - FIRST).total_seconds() * 1000)))


def visitor(ts_ms: int, person: int) -> int:
    """Another number each UTC day, as a redirector gives it."""
    return int.from_bytes(blake2b(b"%d %d" % (ts_ms // 86_400_000, person), digest_size=8).digest())


def scans_of(workspace: int, codes: Sequence[Code]) -> list[ScanEvent]:
    rng = random.Random(100 + workspace)
    found = []
    for seq in range(1, SCANS + 1):
        texts: dict[str, Any] = dict.fromkeys(EVENT_COLUMNS, "") | {
            name: rng.choice(values) for name, values in VALUES.items()
        }
        ts_ms = round(moments(rng).timestamp() * 1000)
        located = texts["country"] and rng.random() < 0.5
        found.append(
            ScanEvent(
                **texts
                | {
                    "source": workspace,
                    "seq": seq,
                    "ts_ms": ts_ms,
                    "code": rng.choice(codes).number if rng.random() < 0.98 else 0,
                    "workspace": workspace,
                    "host": "go.example",
                    "kind": rng.choice(["human", "human", "human", *KINDS]),
                    "outcome": rng.choice([*COUNTED, *COUNTED, *COUNTED, *OUTCOMES]),
                    "lat": 48.9 if located else None,
                    "lon": 2.4 if located else None,
                    "visitor": visitor(ts_ms, rng.randint(0, 11)),
                }
            )
        )
    return found


def store(client: Client, scans: Sequence[ScanEvent]) -> None:
    """As the aggregator does, in a few batches. Unknown links are counted for nobody."""
    step = len(scans) // 3 + 1
    for start in range(0, len(scans), step):
        part = [
            scan if scan.code else msgspec.structs.replace(scan, outcome="unknown")
            for scan in scans[start : start + step]
        ]
        client.raw_insert(
            "scans", list(EVENT_COLUMNS), b"\n".join(map(msgspec.json.encode, part)), fmt="JSONCompactEachRow"
        )
        add_values(client, f"source = {part[0].source} AND seq BETWEEN {part[0].seq} AND {part[-1].seq}")


def at(scan: ScanEvent) -> datetime:
    return _moment(scan.ts_ms)


@cache
def _moment(ms: int) -> datetime:
    return datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=ms)
