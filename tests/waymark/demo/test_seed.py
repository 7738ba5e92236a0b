"""The demonstration's year, drawn."""

import random
from collections import Counter
from datetime import UTC, datetime

import msgspec

from schemas.event import ScanEvent
from waymark.demo.seed import DAYS, Year
from waymark.demo.world import STORIES

NOW = datetime(2026, 3, 4, 15, 30, tzinfo=UTC)
NUMBERS = {story.label: number for number, story in enumerate(STORIES, 1)}


def drawn(scans: int, seed: int = 7) -> list[ScanEvent]:
    codes = {label: (number, f"demo-{number}") for label, number in NUMBERS.items()}
    year = Year(codes, workspace=1, host="go.example", scans=scans, now=NOW, rng=random.Random(seed))
    lines = [line for day in year.days() for line in day]
    assert len(lines) == year.total
    return [msgspec.json.decode(b"[5,6," + line + b"]", type=ScanEvent) for line in lines]


def test_a_year_is_as_long_as_it_was_asked_for_and_ends_now() -> None:
    events = drawn(20_000)
    assert len(events) == 20_000
    now_ms = int(NOW.timestamp() * 1000)
    assert max(event.ts_ms for event in events) <= now_ms
    days = {event.ts_ms // 86_400_000 for event in events}
    assert len(days) == DAYS
    assert max(days) == now_ms // 86_400_000


def test_the_same_seed_draws_the_same_year() -> None:
    assert drawn(500) == drawn(500)
    assert drawn(500) != drawn(500, seed=8)


def test_codes_have_their_own_lives() -> None:
    events = drawn(30_000)
    of = {story.label: [event for event in events if event.code == NUMBERS[story.label]] for story in STORIES}
    spring = {(event.ts_ms // 86_400_000) for event in of["Spring poster, bus stops"]}
    assert max(spring) - min(spring) <= 120
    bio = sorted(event.ts_ms for event in of["Instagram bio"])
    # It grows: most of its scans are in the second half of the year.
    assert bio[len(bio) // 2] > bio[0] + (bio[-1] - bio[0]) / 2
    menu = Counter(datetime.fromtimestamp(event.ts_ms / 1000, UTC).weekday() for event in of["Menu, every table"])
    assert menu[5] > 2 * menu[0]


def test_visitors_come_back_the_same_day_and_only_then() -> None:
    events = [event for event in drawn(20_000) if event.kind == "human"]
    days: dict[tuple[int, int], set[int]] = {}
    for event in events:
        days.setdefault((event.code, event.visitor), set()).add(event.ts_ms // 86_400_000)
    assert len(days) < len(events)
    # (Local hours of a day may reach into the neighbouring day in UTC: at most one apart.)
    assert all(len(found) == 1 for found in days.values())
