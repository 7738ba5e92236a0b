"""Believable scans of more than a year: drawn here, written through the journal as a redirector does it.

Drawing is pure: the same seed, codes and day give the same scans. They come out in the order of time.
"""

import itertools
import math
import random
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta

from schemas.code import Code
from schemas.event import Kind, Outcome, ScanEvent, encode_line
from waymark.demo.story import DAYS, Story
from waymark.demo.world import CITIES, CLICKED_REFERRERS, DEVICES, PRINTED_REFERRERS, City, Device

_DAY_MS = 86_400_000
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

# Per thousand. What is no person is stored as well, and shows what the totals leave out.
_KINDS: Mapping[Kind, int] = {"human": 940, "bot": 38, "preview": 17, "prefetch": 5}
# Of a link, which messengers and crawlers follow, too; and on the day of a crawler.
_LINK_KINDS: Mapping[Kind, int] = {"human": 850, "bot": 70, "preview": 70, "prefetch": 10}
_CRAWLED_KINDS: Mapping[Kind, int] = {"human": 80, "bot": 900, "preview": 15, "prefetch": 5}
_CRAWLED = 7.0
# So many of those who find the code still come after it has ended, and before it has begun.
_STILL = 0.06
# A code that hangs in one place is mostly scanned there.
_AT_HOME = 40.0
_COME_BACK = 0.12
_UNLOCKED = 0.7


def weight_of_day(story: Story, ago: int, day: date, rng: random.Random) -> float:
    """How busy a day is for a code, before anything is scaled."""
    if ago > story.began:
        return 0.0
    so_far = (story.began - ago) / max(1, story.began)
    burst = sum(height * math.exp(-abs(at - ago) / (1.4 if ago < at else 0.5)) for at, height in story.bursts)
    weight: float = story.rate * story.growth**so_far * (1.0 + burst) * rng.uniform(0.85, 1.15)
    weight *= story.season[day.month - 1] * story.weekdays[day.weekday()]
    return weight * (_CRAWLED if ago == story.crawled else 1.0) * (_STILL if _ended(story, ago) else 1.0)


def _ended(story: Story, ago: int) -> Outcome | None:
    """What a scan meets on a day on which the code leads nowhere."""
    if story.expired is not None and ago <= story.expired:
        return "expired"
    if story.paused is not None and ago <= story.paused:
        return "paused"
    return "early" if story.opens is not None else None


class Year:
    """Scans of the codes that were made for the stories, by label."""

    def __init__(
        self,
        stories: Sequence[Story],
        codes: Mapping[str, Code],
        *,
        host: str,
        scans: int,
        now: datetime,
        rng: random.Random,
    ) -> None:
        self._codes = codes
        self._host = host
        self._rng = rng
        self._now_ms = int(now.timestamp() * 1000)
        today = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        self._days = [(ago, (today - timedelta(days=ago)).date()) for ago in range(DAYS - 1, -1, -1)]
        # Today is not over.
        elapsed = (now - today) / timedelta(days=1)
        weights = [
            weight_of_day(story, ago, day, rng) * (elapsed if ago == 0 else 1.0)
            for ago, day in self._days
            for story in stories
        ]
        whole = sum(weights)
        sums = [0, *(round(scans * part / whole) for part in itertools.accumulate(weights))]
        counts = iter([after - before for before, after in itertools.pairwise(sums)])
        self._counts = [[(story, next(counts)) for story in stories] for _ in self._days]
        self._first_ms = int((today - timedelta(days=DAYS - 1)).timestamp() * 1000)
        self._likely = {story.label: [_likely(city, story) for city in CITIES] for story in stories}
        self.total = sums[-1]

    def days(self) -> Iterator[list[bytes]]:
        """For each day its scans as `Journal.append` takes them."""
        for at, (ago, day) in enumerate(self._days):
            drawn = [
                event
                for story, scans in self._counts[at]
                if scans
                for event in self._day(story, ago, day, scans, self._first_ms + at * _DAY_MS)
            ]
            drawn.sort(key=lambda event: event.ts_ms)
            # The journal puts source and seq before what follows them.
            yield [encode_line(event).removeprefix(b"[0,0,").rpartition(b",")[0] for event in drawn]

    def _day(self, story: Story, ago: int, day: date, scans: int, midnight: int) -> Iterator[ScanEvent]:
        rng = self._rng
        link = story.printed < 50
        kinds = _CRAWLED_KINDS if ago == story.crawled else _LINK_KINDS if link else _KINDS
        referrers = CLICKED_REFERRERS if link else PRINTED_REFERRERS
        cities = rng.choices(CITIES, self._likely[story.label], k=scans)
        devices = rng.choices(DEVICES, [device.weight for device in DEVICES], k=scans)
        came_from = rng.choices(referrers, [weight for _, _, weight in referrers], k=scans)
        placements = rng.choices(*zip(*story.placements, strict=True), k=scans)
        hours = rng.choices([hour for hour, _ in story.hours], [weight for _, weight in story.hours], k=scans)
        drawn = rng.choices(list(kinds), list(kinds.values()), k=scans)
        ended = _ended(story, ago)
        seen: list[tuple[int, City, Device]] = []
        for city, device, referrer, placement, hour, kind in zip(
            cities, devices, came_from, placements, hours, drawn, strict=True
        ):
            # Most come once a day; who comes back is the same person at the same place with the same phone.
            if seen and kind == "human" and rng.random() < _COME_BACK:
                visitor, city, device = rng.choice(seen)
            else:
                visitor = rng.getrandbits(63)
                seen.append((visitor, city, device))
            at_ms = midnight + ((hour - city.hours) % 24) * 3_600_000 + rng.randrange(3_600_000)
            # What would be later than now happened earlier today.
            if at_ms > self._now_ms:
                at_ms = midnight + rng.randrange(max(1, self._now_ms - midnight))
            yield self._event(story, day, at_ms, kind, ended, city, device, referrer, placement, visitor)

    def _event(
        self,
        story: Story,
        day: date,
        at_ms: int,
        kind: Kind,
        ended: Outcome | None,
        city: City,
        device: Device,
        referrer: tuple[str, str, int],
        placement: str,
        visitor: int,
    ) -> ScanEvent:
        rng = self._rng
        code = self._codes[story.label]
        person = kind in {"human", "prefetch"}
        printed = person and rng.randrange(100) < story.printed
        outcome: Outcome = ended or ("page" if story.type != "website" else "redirect")
        if story.password and outcome == "page" and (not person or rng.random() > _UNLOCKED):
            outcome = "gate"
        return ScanEvent(
            source=0,
            seq=0,
            ts_ms=at_ms,
            code=code.birth,
            workspace=code.workspace,
            host=self._host,
            slug=rng.choice(code.aliases) if code.aliases and rng.random() < 0.2 else code.slug,
            kind=kind,
            outcome=outcome,
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
            variant=_led(code, day, city, device, visitor) if outcome == "redirect" else "",
            entry="qr" if printed else "link",
            placement=placement if printed else "",
            visitor=visitor,
        )


def _led(code: Code, day: date, city: City, device: Device, visitor: int) -> str:
    """The letter of the rule or variant that a scan follows: for the conditions that the demonstration uses."""
    for rule in code.rules:
        when = rule.when
        asked = (
            (when.country, city.country),
            (when.language, city.language),
            (when.device, device.device),
            (when.days, _WEEKDAYS[day.weekday()]),
        )
        if all(value in wanted for wanted, value in asked if wanted):
            return rule.key
    if not code.variants:
        return ""
    at = visitor % sum(variant.weight for variant in code.variants)
    weights = itertools.accumulate(variant.weight for variant in code.variants)
    return next(variant.key for variant, until in zip(code.variants, weights, strict=True) if at < until)


def _likely(city: City, story: Story) -> float:
    return city.weight * (_AT_HOME if {city.country, city.city} & set(story.home) else 1.0)
