"""A year of believable scans: drawn here, written through the journal as a redirector does it.

Drawing is pure: the same seed and the same day give the same year. Events come out in the order of time.
"""

import itertools
import math
import random
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from schemas.event import Kind, ScanEvent, encode_line
from waymark.demo.world import CITIES, DEVICES, REFERRERS, STORIES, City, Device, Story

DAYS = 365
_DAY_MS = 86_400_000

# Per thousand. What is no person is stored as well, and shows what the totals leave out.
_KINDS: tuple[tuple[Kind, int], ...] = (("human", 940), ("bot", 38), ("preview", 17), ("prefetch", 5))


def weight_of_day(story: Story, day: int, weekday: int, rng: random.Random) -> float:
    """How busy a day of the year is for a code, before anything is scaled."""
    if not story.first_day <= day < story.last_day:
        return 0.0
    so_far = (day - story.first_day) / max(1, story.last_day - story.first_day)
    season = 1.0 + 0.12 * math.sin(2 * math.pi * day / DAYS)
    burst = 1.0 + sum(3.0 * math.exp(-abs(day - at) / 2.0) for at in story.bursts)
    weather = rng.uniform(0.8, 1.2)
    return float(story.growth**so_far * season * burst * weather * story.weekdays[weekday])


def scans_of_days(story: Story, total: int, today: datetime, rng: random.Random) -> list[int]:
    """How many scans a code has on each day, oldest first; together exactly `total`."""
    first = today - timedelta(days=DAYS - 1)
    weights = [weight_of_day(story, day, (first + timedelta(days=day)).weekday(), rng) for day in range(DAYS)]
    whole = sum(weights)
    sums = [0, *(round(total * part / whole) for part in itertools.accumulate(weights))]
    return [after - before for before, after in itertools.pairwise(sums)]


class Year:
    """Scans of the codes that were made for the stories, which have the given births and slugs, by label."""

    def __init__(
        self,
        codes: Mapping[str, tuple[int, str]],
        *,
        workspace: int,
        host: str,
        scans: int,
        now: datetime,
        rng: random.Random,
        stories: Sequence[Story] = STORIES,
    ) -> None:
        self._codes = codes
        self._workspace = workspace
        self._host = host
        self._rng = rng
        self._now_ms = int(now.timestamp() * 1000)
        today = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        self._first_ms = int((today - timedelta(days=DAYS - 1)).timestamp() * 1000)
        shares = sum(story.share for story in stories)
        self._stories = [
            (story, scans_of_days(story, round(scans * story.share / shares), today, rng)) for story in stories
        ]
        self.total = sum(sum(days) for _, days in self._stories)

    def days(self) -> Iterator[list[bytes]]:
        """For each day its scans as `Journal.append` takes them."""
        for day in range(DAYS):
            drawn = [event for story, counts in self._stories for event in self._day(story, day, counts[day])]
            drawn.sort(key=lambda event: event.ts_ms)
            # The journal puts source and seq before what follows them.
            yield [encode_line(event).removeprefix(b"[0,0,").rpartition(b",")[0] for event in drawn]

    def _day(self, story: Story, day: int, scans: int) -> Iterator[ScanEvent]:
        rng = self._rng
        cities = rng.choices(CITIES, [_likely(city, story) for city in CITIES], k=scans)
        devices = rng.choices(DEVICES, [device.weight for device in DEVICES], k=scans)
        referrers = rng.choices(REFERRERS, [weight for _, _, weight in REFERRERS], k=scans)
        placements = rng.choices(*zip(*story.placements, strict=True), k=scans)
        hours = rng.choices([hour for hour, _ in story.hours], [weight for _, weight in story.hours], k=scans)
        kinds = rng.choices([kind for kind, _ in _KINDS], [weight for _, weight in _KINDS], k=scans)
        midnight = self._first_ms + day * _DAY_MS
        seen: list[tuple[int, City, Device]] = []
        for city, device, referrer, placement, hour, kind in zip(
            cities, devices, referrers, placements, hours, kinds, strict=True
        ):
            # Most come once a day; who comes back is the same person at the same place with the same phone.
            if seen and kind == "human" and rng.random() < 0.12:
                visitor, city, device = rng.choice(seen)
            else:
                visitor = rng.getrandbits(63)
                seen.append((visitor, city, device))
            minute = ((hour - city.hours) % 24) * 60 + rng.randrange(60)
            at_ms = midnight + minute * 60_000 + rng.randrange(60_000)
            # Today is not over: what would be later than now happened earlier today.
            if at_ms > self._now_ms:
                at_ms = midnight + rng.randrange(max(1, self._now_ms - midnight))
            yield self._event(story, at_ms, kind, city, device, referrer, placement, visitor)

    def _event(
        self,
        story: Story,
        at_ms: int,
        kind: Kind,
        city: City,
        device: Device,
        referrer: tuple[str, str, int],
        placement: str,
        visitor: int,
    ) -> ScanEvent:
        birth, slug = self._codes[story.label]
        person = kind in {"human", "prefetch"}
        printed = person and self._rng.randrange(100) < story.printed
        return ScanEvent(
            source=0,
            seq=0,
            ts_ms=at_ms,
            code=birth,
            workspace=self._workspace,
            host=self._host,
            slug=slug,
            kind=kind,
            outcome="redirect",
            country=city.country,
            region=city.region,
            city=city.city,
            lat=city.lat if city.city else None,
            lon=city.lon if city.city else None,
            device=device.device if person else "",
            model=device.model if person else "",
            os=device.os if person else "",
            browser=device.browser if person else "",
            client=device.client if person else "Bot",
            referrer_host=referrer[0] if person else "",
            referrer=referrer[1] if person else "",
            language=city.language if person else "",
            utm_source=story.utm[0],
            utm_medium=story.utm[1],
            utm_campaign=story.utm[2],
            utm_term="",
            utm_content="",
            variant="",
            entry="qr" if printed else "link",
            placement=placement if printed else "",
            visitor=visitor,
        )


def _likely(city: City, story: Story) -> float:
    """A code that hangs in one country is mostly scanned there."""
    return city.weight * (12.0 if story.home and city.country == story.home else 1.0)
