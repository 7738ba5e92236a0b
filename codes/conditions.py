"""The conditions of a rule, as people write them and as redirectors read them.

`parse` accepts what is easy to write (one value instead of a list, names of days, hours as text, dates) and refuses
what could never hold. `to_json` writes the one form that `parse` returns unchanged.
"""

import re
from collections.abc import Callable, Mapping
from functools import cache
from importlib import resources
from typing import Any
from zoneinfo import ZoneInfo

from codes import timestamps
from codes.errors import Refused
from codes.validation import single_line
from schemas.scan_options import Conditions

MAX_VALUES = 300
MAX_TEXT = 128
MAX_PARAMETERS = 20
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DEVICES = ("mobile", "tablet", "desktop")
DAY_MINUTES = 24 * 60

_NAMES = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_day_of = {
    spelling: day
    for number, (day, name) in enumerate(zip(DAYS, _NAMES, strict=True), 1)
    for spelling in (day, name, str(number))
}
_country = re.compile(r"[A-Za-z]{2}", re.ASCII)
_language = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*", re.ASCII)
_hours = re.compile(r"(\d\d?)(?::(\d\d))?\s?[-–]\s?(\d\d?)(?::(\d\d))?", re.ASCII)

# How each list is read, value by value.
_Read = Callable[[str, str], str]


def parse(written: Mapping[str, Any], field: str) -> Conditions:
    """Raises Refused, which names the part that is wrong: `rules[2].if.zone`."""
    for name in written:
        if name not in _KNOWN:
            raise Refused(f"{field}.{name[:64]}", "unknown_field", f"must be one of: {', '.join(_KNOWN)}")
    zone = _zone(written.get("zone"), f"{field}.zone")
    lists = {
        name: _list(written[name], f"{field}.{name}", each) for name, each in _LISTS.items() if is_set(written, name)
    }
    found = Conditions(
        **lists,  # type: ignore[arg-type]
        hours=_all_hours(written["hours"], f"{field}.hours") if is_set(written, "hours") else (),
        zone=zone,
        since=_time(written.get("from"), zone, f"{field}.from", end=False),
        until=_time(written.get("to"), zone, f"{field}.to", end=True),
        query=_query(written["query"], f"{field}.query") if is_set(written, "query") else {},
        match=_match(written.get("match"), f"{field}.match"),
    )
    if found == Conditions(zone=found.zone, match=found.match):
        raise Refused(field, "no_condition", "a rule needs at least one condition")
    if found.since is not None and found.until is not None and found.since >= found.until:
        raise Refused(f"{field}.to", "empty_range", "must be later than from")
    return found


def to_json(found: Conditions) -> dict[str, Any]:
    """Return the conditions in the form that answers have."""
    parts: dict[str, Any] = {name: list(getattr(found, name)) for name in _LISTS}
    parts["hours"] = [f"{_clock(first)}-{_clock(last)}" for first, last in found.hours]
    parts["zone"] = found.zone
    parts["from"] = None if found.since is None else timestamps.format_ms(found.since)
    parts["to"] = None if found.until is None else timestamps.format_ms(found.until)
    parts["query"] = {name: list(values) or True for name, values in found.query.items()}
    parts["match"] = found.match if found.match != "all" else None
    return {name: part for name, part in parts.items() if part}


def is_set(written: Mapping[str, Any], name: str) -> bool:
    """Return whether a part asks for anything: null and empty lists do not."""
    return written.get(name) not in (None, [], {})


def _list(value: object, field: str, each: _Read) -> tuple[str, ...]:
    values = _values(value, field)
    found: dict[str, str] = {}
    for at, text in enumerate(values):
        one = each(text, f"{field}[{at}]" if isinstance(value, list) else field)
        # Redirectors ignore case.
        found.setdefault(one.casefold(), one)
    return tuple(found.values())


def _values(value: object, field: str) -> list[str]:
    """Return a list of texts from a list or from one text. Whole numbers become text."""
    values = value if isinstance(value, list) else [value]
    if len(values) > MAX_VALUES:
        raise Refused(field, "too_many_values", f"must have at most {MAX_VALUES} values")
    for at, one in enumerate(values):
        if not isinstance(one, str | int) or isinstance(one, bool):
            where = f"{field}[{at}]" if isinstance(value, list) else field
            raise Refused(where, "wrong_type", "must be text, or a list of texts")
    return [str(one) for one in values]


def _read_country(text: str, field: str) -> str:
    if not _country.fullmatch(text):
        raise Refused(field, "invalid_country", "a country is a code of two letters, like GB")
    return text.upper()


def _read_language(text: str, field: str) -> str:
    if not _language.fullmatch(text):
        raise Refused(field, "invalid_language", "a language is a tag like de or de-AT")
    return text


def _read_device(text: str, field: str) -> str:
    if text.lower() not in DEVICES:
        raise Refused(field, "invalid_device", f"a device is one of: {', '.join(DEVICES)}")
    return text.lower()


def _read_day(text: str, field: str) -> str:
    if text.strip().lower() not in _day_of:
        raise Refused(field, "invalid_day", f"a day is one of: {', '.join(DAYS)}, or 1 (Monday) to 7")
    return _day_of[text.strip().lower()]


def _read_text(text: str, field: str) -> str:
    return single_line(field, text, MAX_TEXT).strip()


_LISTS: dict[str, _Read] = {
    "country": _read_country,
    "region": _read_text,
    "city": _read_text,
    "device": _read_device,
    "os": _read_text,
    "browser": _read_text,
    "language": _read_language,
    "days": _read_day,
}
_KNOWN = (*_LISTS, "hours", "zone", "from", "to", "query", "match")


def _all_hours(value: object, field: str) -> tuple[tuple[int, int], ...]:
    many = isinstance(value, list)
    return tuple(
        dict.fromkeys(
            _one_range(text, f"{field}[{at}]" if many else field) for at, text in enumerate(_values(value, field))
        )
    )


def _one_range(text: str, field: str) -> tuple[int, int]:
    """`09:00-17:30`, `22-6` past midnight, or a whole hour: `9` is from nine until ten."""
    wrong = Refused(field, "invalid_hours", "hours are like 09:00-17:30, or a whole hour from 0 to 23")
    if text.isascii() and text.isdigit() and len(text) <= 2:
        first, last = int(text) * 60, int(text) * 60 + 60
    else:
        found = _hours.fullmatch(text)
        if found is None or int(found[2] or 0) > 59 or int(found[4] or 0) > 59:
            raise wrong
        first, last = int(found[1]) * 60 + int(found[2] or 0), int(found[3]) * 60 + int(found[4] or 0)
    if first >= DAY_MINUTES or last > DAY_MINUTES or first == last:
        raise wrong
    return first, last


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


def _zone(value: object, field: str) -> str:
    if value is None or value == "":
        return ""
    name = _zones().get(value.casefold()) if isinstance(value, str) else None
    if name is None:
        raise Refused(field, "unknown_zone", "must be a time zone of the IANA database, like Europe/London")
    return name


@cache
def _zones() -> dict[str, str]:
    """Zones of the tzdata package, which every redirector has, whatever its system knows."""
    names = resources.files("tzdata").joinpath("zones").read_text().split()
    return {name.casefold(): name for name in names}


def _time(value: object, zone: str, field: str, *, end: bool) -> int | None:
    """Parse a time, or a day in the rule's zone. A day in `to` is included."""
    if value is None:
        return None
    if not isinstance(value, str):
        raise Refused(field, "wrong_type", "must be a time or a date, as text")
    day = timestamps.parse_day(value, ZoneInfo(zone or "UTC"), field, end=end)
    return timestamps.parse(value, field) if day is None else day


def _query(value: object, field: str) -> dict[str, tuple[str, ...]]:
    if not isinstance(value, dict):
        raise Refused(field, "wrong_type", "must be an object: parameter to value, list of values, or true")
    if len(value) > MAX_PARAMETERS:
        raise Refused(field, "too_many_values", f"must have at most {MAX_PARAMETERS} parameters")
    found: dict[str, tuple[str, ...]] = {}
    for name, values in value.items():
        at = f"{field}.{name[:64]}"
        single_line(at, name, MAX_TEXT)
        if values is True:
            found[name] = ()
        elif values == []:
            raise Refused(at, "no_value", "must be a value, a list of values, or true for any")
        else:
            # Values are compared byte for byte, so they stay as they are; an empty one counts.
            found[name] = tuple(
                dict.fromkeys(one and single_line(at, one, 2 * MAX_TEXT) for one in _values(values, at))
            )
    return found


def _match(value: object, field: str) -> Any:
    if value is None:
        return "all"
    if value not in ("all", "any"):
        raise Refused(field, "invalid_match", "must be one of: all, any")
    return value
