"""The demonstration's scans, drawn."""

import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from functools import cache

import msgspec

from codes import conditions
from schemas.code import Code
from schemas.event import ScanEvent
from schemas.scan_options import Rule, Variant
from waymark.demo.business import FOLDERS, STORIES
from waymark.demo.story import DAYS, Story
from waymark.demo.year import Year

NOW = datetime(2026, 3, 4, 15, 30, tzinfo=UTC)
STORY = {story.label: story for story in STORIES}
NUMBER = {story.label: number for number, story in enumerate(STORIES, 1)}


def code(story: Story) -> Code:
    number = NUMBER[story.label]
    return Code(
        id=str(number),
        number=number,
        birth=number,
        workspace=1,
        slug=story.slug or f"demo-{number}",
        destination=story.to,
        created_at_ms=0,
        updated_at_ms=0,
        aliases=story.aliases,
        rules=tuple(
            Rule(id=f"r{at}", key="rstuv"[at], when=conditions.parse(when, "if"), to=to)
            for at, (when, to, _) in enumerate(story.rules)
        ),
        variants=tuple(
            Variant(id=f"v{at}", key="abc"[at], url=url, weight=weight)
            for at, (url, weight, _) in enumerate(story.variants)
        ),
    )


def drawn(scans: int, seed: int = 7) -> list[ScanEvent]:
    codes = {story.label: code(story) for story in STORIES}
    year = Year(STORIES, codes, host="go.example", scans=scans, now=NOW, rng=random.Random(seed))
    lines = [line for day in year.days() for line in day]
    assert len(lines) == year.total
    return [msgspec.json.decode(b"[5,6," + line + b"]", type=ScanEvent) for line in lines]


@cache
def events() -> list[ScanEvent]:
    return drawn(40_000)


def of(label: str) -> list[ScanEvent]:
    return [event for event in events() if event.code == NUMBER[label]]


def days_ago(event: ScanEvent) -> int:
    return (NOW.date() - datetime.fromtimestamp(event.ts_ms / 1000, UTC).date()).days


def test_a_business_has_some_forty_codes_in_folders_and_pages_of_many_types() -> None:
    assert 40 <= len(STORIES) <= 48
    assert len(FOLDERS) >= 6
    assert len({story.label for story in STORIES}) == len(STORIES)
    assert len({story.type for story in STORIES}) >= 15
    assert any(story.paused for story in STORIES)
    assert any(story.expired for story in STORIES)


def test_it_is_as_much_as_was_asked_for_and_ends_now() -> None:
    assert len(events()) == 40_000
    assert [event.ts_ms for event in events()] == sorted(event.ts_ms for event in events())
    assert events()[-1].ts_ms <= int(NOW.timestamp() * 1000)
    assert {days_ago(event) for event in events()} == set(range(DAYS))


def test_the_same_seed_draws_the_same_scans() -> None:
    assert drawn(500) == drawn(500)
    assert drawn(500) != drawn(500, seed=8)


def test_codes_have_their_own_lives() -> None:
    assert max(days_ago(event) for event in of("Night owl, bus stops")) <= STORY["Night owl, bus stops"].began
    bio = sorted(event.ts_ms for event in of("Link in bio"))
    # It grows: most of its scans are in the second half.
    assert bio[len(bio) // 2] > bio[0] + (bio[-1] - bio[0]) / 2
    menu = Counter(datetime.fromtimestamp(event.ts_ms / 1000, UTC).weekday() for event in of("Menu, every table"))
    assert menu[5] > 2 * menu[0]
    film = Counter(days_ago(event) for event in of("Night owl, film") if event.kind == "human")
    assert film.most_common(1)[0][0] in (10, 11)
    crawled = Counter(event.kind for event in of("Link in bio") if days_ago(event) == 33)
    assert crawled["bot"] > 5 * crawled["human"]


def test_scans_end_as_their_codes_say() -> None:
    for label, ended in (("We are hiring", "paused"), ("Night owl, prize draw", "expired")):
        story = STORY[label]
        last = story.paused or story.expired or 0
        assert {event.outcome for event in of(label) if days_ago(event) > last} == {"redirect"}
        assert {event.outcome for event in of(label) if days_ago(event) <= last} <= {ended}
    assert "expired" in {event.outcome for event in of("Night owl, prize draw")}
    assert {event.outcome for event in of("Guest Wi-Fi")} == {"page"}
    assert {event.outcome for event in of("Price list, resellers")} == {"page", "gate"}
    can = Counter(event.variant for event in of("Cold brew, can"))
    assert can["a"] > can["b"] > can["c"] > 0
    assert {event.language for event in of("Menu, every table") if event.variant == "r" and event.language} == {"pt"}


def test_visitors_come_back_the_same_day_and_only_then() -> None:
    days: dict[tuple[int, int], set[timedelta]] = {}
    people = [event for event in events() if event.kind == "human"]
    for event in people:
        days.setdefault((event.code, event.visitor), set()).add(timedelta(days=days_ago(event)))
    assert len(days) < len(people)
    assert all(len(found) == 1 for found in days.values())
