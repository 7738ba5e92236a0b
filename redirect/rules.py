"""Whether a rule's conditions hold for a visit: made into functions once for each version of a route."""

import logging
from collections.abc import Callable
from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from redirect.facts import Facts
from schemas.behaviour import Conditions

Test = Callable[[Facts], bool]

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
ZONES = 1024

log = logging.getLogger(__name__)


def compiled(when: Conditions) -> Test:
    """Never raises: `codes` refuses bad rules when they are written. What cannot hold here all the same (a time zone
    that this machine does not know) does not."""
    tests = _tests(when)
    if not tests:
        return lambda facts: True
    if len(tests) == 1:
        return tests[0]
    if when.match == "any":
        return lambda facts: any(test(facts) for test in tests)
    return lambda facts: all(test(facts) for test in tests)


def _tests(when: Conditions) -> list[Test]:
    """The cheapest first, those that need the query or a clock of another zone last."""
    tests: list[Test] = []
    if when.since is not None or when.until is not None:
        tests.append(_within(when.since, when.until))
    if when.country:
        tests.append(_among(lambda facts: facts.country, when.country))
    if when.region:
        tests.append(_among(lambda facts: facts.region, when.region))
    if when.city:
        tests.append(_among(lambda facts: facts.city, when.city))
    if when.device:
        tests.append(_among(lambda facts: facts.device, when.device))
    if when.os:
        tests.append(_among(lambda facts: facts.os.casefold(), when.os))
    if when.browser:
        tests.append(_among(lambda facts: facts.browser, when.browser))
    if when.language:
        tests.append(_speaks(when.language))
    if when.days or when.hours:
        tests += _local(when)
    tests += [_asked(name, values) for name, values in when.query.items()]
    return tests


def _among(part: Callable[[Facts], str], values: tuple[str, ...]) -> Test:
    wanted = frozenset(value.casefold() for value in values)
    return lambda facts: part(facts) in wanted


def _within(since: int | None, until: int | None) -> Test:
    first = float("-inf") if since is None else since
    after = float("inf") if until is None else until
    return lambda facts: first <= facts.at_ms < after


def _speaks(languages: tuple[str, ...]) -> Test:
    """Of what a scanner understands only the first choice counts: browsers add English to nearly every list."""
    wanted = frozenset(language.lower() for language in languages)

    def speaks(facts: Facts) -> bool:
        tag = facts.language
        while tag:
            if tag in wanted:
                return True
            tag = tag.rpartition("-")[0]
        return False

    return speaks


@lru_cache(ZONES)
def _zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name or "UTC")
    except (ZoneInfoNotFoundError, ValueError, OSError):
        log.warning("a rule names the time zone %r, which this machine does not know", name[:64])
        return None


def _local(when: Conditions) -> list[Test]:
    zone = _zone(when.zone)
    if zone is None:
        return [lambda facts: False]

    def at(facts: Facts) -> datetime:
        return datetime.fromtimestamp(facts.at_ms / 1000, zone)

    tests: list[Test] = []
    if when.days:
        days = frozenset(DAYS.index(day) for day in when.days)
        tests.append(lambda facts: at(facts).weekday() in days)
    if when.hours:
        spans = when.hours
        tests.append(lambda facts: any(_in_span(_minute(at(facts)), first, after) for first, after in spans))
    return tests


def _minute(at: datetime) -> int:
    return at.hour * 60 + at.minute


def _in_span(minute: int, first: int, after: int) -> bool:
    if first <= after:
        return first <= minute < after
    return minute >= first or minute < after


def _asked(name: str, values: tuple[str, ...]) -> Test:
    wanted = frozenset(values)

    def asked(facts: Facts) -> bool:
        found = facts.parameters.get(name)
        return found is not None and (not wanted or not wanted.isdisjoint(found))

    return asked
