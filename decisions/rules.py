"""Compile the conditions of rules into functions, once per version of a route."""

import logging
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache, partial
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from schemas.scan_options import Conditions

# The local day and time in a zone.

MS_OF_MINUTE = 60_000
ZONES = 1_024

log = logging.getLogger(__name__)


class LocalTime:
    """The time in one zone. It caches the last minute, so that all scans of a minute share one conversion."""

    __slots__ = ("_found", "_minute", "_zone")

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone
        self._minute = -1
        self._found = (0, 0)

    def at(self, at_ms: int) -> tuple[int, int]:
        """Weekday (Monday is 0) and minutes since midnight. Zones differ by whole minutes."""
        minute = at_ms // MS_OF_MINUTE
        if minute != self._minute:
            local = datetime.fromtimestamp(minute * 60, self._zone)
            self._found = (local.weekday(), local.hour * 60 + local.minute)
            self._minute = minute
        return self._found


@lru_cache(ZONES)
def local_time(zone: str) -> LocalTime | None:
    """The zone's local time; None if this machine does not know the zone."""
    try:
        return LocalTime(ZoneInfo(zone or "UTC"))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        log.warning("a rule names the time zone %r, which this machine does not know", zone[:64])
        return None


# The facts that rules can test.

LONGEST_QUERY = 2048
MOST_PARAMETERS = 64
# Queries that many scans of an hour share.
KEPT = 4_096
_NOTHING: Mapping[str, list[str]] = {}


class Facts(msgspec.Struct, frozen=True, gc=False):
    """What rules can ask of a scan, as its event says it. Values are case-folded; `os` is also kept as the event has
    it."""

    at_ms: int
    country: str
    region: str
    city: str
    device: str
    os: str
    folded_os: str
    browser: str
    language: str
    query: bytes


def parameters(query: bytes) -> Mapping[str, list[str]]:
    """The decoded parameters of a scan's query: name → values."""
    return _parameters(query[:LONGEST_QUERY]) if query else _NOTHING


@lru_cache(KEPT)
def _parameters(query: bytes) -> Mapping[str, list[str]]:
    found: dict[str, list[str]] = {}
    text = "&".join(query.decode("latin-1").split("&")[:MOST_PARAMETERS])
    for name, value in parse_qsl(text, keep_blank_values=True, errors="replace"):
        found.setdefault(name, []).append(value)
    return found


Test = Callable[[Facts], bool]

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def compiled(when: Conditions) -> Test:
    """Compile conditions. Never raises: `codes` refuses bad rules when they are written. A condition that this machine
    cannot evaluate (an unknown time zone) never holds."""
    tests = [test for _, test in named_tests(when)]
    if not tests:
        return lambda facts: True
    if len(tests) == 1:
        return tests[0]
    return partial(_any if when.match == "any" else _all, tuple(tests))


def _all(tests: tuple[Test, ...], facts: Facts) -> bool:
    for test in tests:  # noqa: SIM110 - a generator would take twice as long, for each scan
        if not test(facts):
            return False
    return True


def _any(tests: tuple[Test, ...], facts: Facts) -> bool:
    for test in tests:  # noqa: SIM110 - as above
        if test(facts):
            return True
    return False


def named_tests(when: Conditions) -> list[tuple[str, Test]]:
    """The tests of the conditions by the names that `/v1` gives them, cheapest first."""
    tests: list[tuple[str, Test]] = []
    if when.since is not None or when.until is not None:
        tests.append(("from" if when.until is None else "to", _within(when.since, when.until)))
    # One function per condition, so that none looks up its attribute by name.
    if wanted := _folded(when.country):
        tests.append(("country", lambda facts, wanted=wanted: facts.country in wanted))  # type: ignore[misc]
    if wanted := _folded(when.region):
        tests.append(("region", lambda facts, wanted=wanted: facts.region in wanted))  # type: ignore[misc]
    if wanted := _folded(when.city):
        tests.append(("city", lambda facts, wanted=wanted: facts.city in wanted))  # type: ignore[misc]
    if wanted := _folded(when.device):
        tests.append(("device", lambda facts, wanted=wanted: facts.device in wanted))  # type: ignore[misc]
    if wanted := _folded(when.os):
        tests.append(("os", lambda facts, wanted=wanted: facts.folded_os in wanted))  # type: ignore[misc]
    if wanted := _folded(when.browser):
        tests.append(("browser", lambda facts, wanted=wanted: facts.browser in wanted))  # type: ignore[misc]
    if when.language:
        tests.append(("language", _speaks(when.language)))
    if when.days or when.hours:
        tests += _local(when)
    tests += [(f"query.{name}", _asked(name, values)) for name, values in when.query.items()]
    return tests


def _folded(values: tuple[str, ...]) -> frozenset[str]:
    return frozenset(value.casefold() for value in values)


def _within(since: int | None, until: int | None) -> Test:
    first = float("-inf") if since is None else since
    after = float("inf") if until is None else until
    return lambda facts: first <= facts.at_ms < after


def _speaks(languages: tuple[str, ...]) -> Test:
    """Match the first choice only: browsers add English to nearly every list."""
    wanted = frozenset(language.lower() for language in languages)

    def speaks(facts: Facts) -> bool:
        tag = facts.language
        while tag:
            if tag in wanted:
                return True
            tag = tag.rpartition("-")[0]
        return False

    return speaks


def _local(when: Conditions) -> list[tuple[str, Test]]:
    clock = local_time(when.zone)
    if clock is None:
        return [("zone", lambda facts: False)]
    at = clock.at
    tests: list[tuple[str, Test]] = []
    if when.days:
        days = frozenset(DAYS.index(day) for day in when.days)
        tests.append(("days", lambda facts: at(facts.at_ms)[0] in days))
    if when.hours:
        spans = when.hours
        tests.append(("hours", lambda facts: _in_one(at(facts.at_ms)[1], spans)))
    return tests


def _in_one(minute: int, spans: tuple[tuple[int, int], ...]) -> bool:
    for first, after in spans:
        if first <= minute < after if first <= after else minute >= first or minute < after:
            return True
    return False


def _asked(name: str, values: tuple[str, ...]) -> Test:
    wanted = frozenset(values)

    def asked(facts: Facts) -> bool:
        if not facts.query:
            return False
        found = parameters(facts.query).get(name)
        return found is not None and (not wanted or not wanted.isdisjoint(found))

    return asked
