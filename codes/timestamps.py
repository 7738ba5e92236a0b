"""Timestamps: RFC 3339 with a zone, in Unix milliseconds."""

import re
from datetime import UTC, date, datetime, timedelta, tzinfo

from codes.errors import Refused

_moment = re.compile(r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?([Zz]|[+-]\d\d:\d\d)", re.ASCII)
_day = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_FIRST_YEAR = 1970
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def parse(text: str, field: str) -> int:
    """Raises Refused, also for a time without a zone, which is ambiguous."""
    found = _moment.fullmatch(text)
    if found is None:
        raise _refused(field)
    day, clock, fraction, zone = found.groups()
    try:
        at = datetime.fromisoformat(f"{day}T{clock}{'+00:00' if zone in 'Zz' else zone}").astimezone(UTC)
    except (ValueError, OverflowError):
        raise _refused(field) from None
    if at.year < _FIRST_YEAR:
        raise _refused(field)
    return _ms(at) + int((fraction or "0").ljust(3, "0")[:3])


def parse_day(text: str, zone: tzinfo, field: str, *, end: bool) -> int | None:
    """Return when a day begins, or ends, in `zone`; None for text that is no day. Raises Refused."""
    if not _day.fullmatch(text):
        return None
    try:
        day = date.fromisoformat(text) + timedelta(days=end)
        at = datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)
    except (ValueError, OverflowError):
        raise _refused(field) from None
    if at.year < _FIRST_YEAR:
        raise _refused(field)
    return _ms(at)


def format_ms(at_ms: int) -> str:
    """Format as `2026-05-21T15:00:00Z`, with milliseconds if there are any."""
    seconds, thousandths = divmod(at_ms, 1000)
    text = (_EPOCH + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{text}.{thousandths:03}Z" if thousandths else f"{text}Z"


def _ms(at: datetime) -> int:
    return (at - _EPOCH) // timedelta(milliseconds=1)


def _refused(field: str) -> Refused:
    return Refused(
        field, "invalid_time", "must be a time with its zone, like 2026-05-21T15:00:00Z, in the years 1970 to 9999"
    )
