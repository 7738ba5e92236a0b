"""Whether a rule's conditions hold for a visit: made into functions once for each version of a route."""

from collections.abc import Callable
from functools import partial

from redirect.facts import Facts, parameters
from redirect.hours import local_time
from schemas.scan_options import Conditions

Test = Callable[[Facts], bool]

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def compiled(when: Conditions) -> Test:
    """Never raises: `codes` refuses bad rules when they are written. What cannot hold here all the same (a time zone
    that this machine does not know) does not."""
    tests = _tests(when)
    if not tests:
        return lambda facts: True
    if len(tests) == 1:
        return tests[0]
    return partial(_any if when.match == "any" else _all, tuple(tests))


def _all(tests: tuple[Test, ...], facts: Facts) -> bool:
    for test in tests:  # noqa: SIM110 - a generator would take twice as long, for each visit
        if not test(facts):
            return False
    return True


def _any(tests: tuple[Test, ...], facts: Facts) -> bool:
    for test in tests:  # noqa: SIM110 - as above
        if test(facts):
            return True
    return False


def _tests(when: Conditions) -> list[Test]:
    """The cheapest first."""
    tests: list[Test] = []
    if when.since is not None or when.until is not None:
        tests.append(_within(when.since, when.until))
    # One function for each, so that none has to look its part up by name.
    if wanted := _folded(when.country):
        tests.append(lambda facts, wanted=wanted: facts.country in wanted)  # type: ignore[misc]
    if wanted := _folded(when.region):
        tests.append(lambda facts, wanted=wanted: facts.region in wanted)  # type: ignore[misc]
    if wanted := _folded(when.city):
        tests.append(lambda facts, wanted=wanted: facts.city in wanted)  # type: ignore[misc]
    if wanted := _folded(when.device):
        tests.append(lambda facts, wanted=wanted: facts.device in wanted)  # type: ignore[misc]
    if wanted := _folded(when.os):
        tests.append(lambda facts, wanted=wanted: facts.folded_os in wanted)  # type: ignore[misc]
    if wanted := _folded(when.browser):
        tests.append(lambda facts, wanted=wanted: facts.browser in wanted)  # type: ignore[misc]
    if when.language:
        tests.append(_speaks(when.language))
    if when.days or when.hours:
        tests += _local(when)
    tests += [_asked(name, values) for name, values in when.query.items()]
    return tests


def _folded(values: tuple[str, ...]) -> frozenset[str]:
    return frozenset(value.casefold() for value in values)


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


def _local(when: Conditions) -> list[Test]:
    clock = local_time(when.zone)
    if clock is None:
        return [lambda facts: False]
    at = clock.at
    tests: list[Test] = []
    if when.days:
        days = frozenset(DAYS.index(day) for day in when.days)
        tests.append(lambda facts: at(facts.at_ms)[0] in days)
    if when.hours:
        spans = when.hours
        tests.append(lambda facts: _in_one(at(facts.at_ms)[1], spans))
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
