"""Events, as a calendar with one event (RFC 5545).

It omits the fields that a calendar file must have and scanners ignore (its author, time and unique id): they
would make the symbol a third larger.
"""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from qr.payload.fields import Fields
from schemas import contact_formats
from schemas.contact_formats import Event

_day = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_zone = re.compile(r"[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+)*", re.ASCII)
_LOCATION = ("name", "street", "address", "city", "state", "zip", "country")


def event(fields: Fields) -> str:
    start = _moment(fields, "start_date")
    if start is None:
        raise fields.refused("start_date", "is missing")
    end = _moment(fields, "end_date")
    last = ""
    if end is not None:
        if isinstance(end, datetime) is not isinstance(start, datetime):
            raise fields.refused("end_date", "must be a day when start_date is one, and else a time")
        # DTEND is exclusive: calendars show the day before it as the last one.
        last = _written(end if isinstance(end, datetime) else end + timedelta(days=1))
    calendar = Event(
        name=fields.line("event_name", "name", "title", needed=True),
        start=_written(start),
        end=last,
        location=_location(fields),
        description=fields.lines("description"),
        url=fields.line("rsvp_url"),
    )
    return "\r\n".join(contact_formats.ical(calendar))


def _location(fields: Fields) -> str:
    said = fields.raw("location")
    if not isinstance(said, Mapping):
        return fields.line("location")
    within = Fields(said, "content.eventContent.location")
    return ", ".join(filter(None, (within.line(name) for name in _LOCATION)))


def _moment(fields: Fields, name: str) -> date | datetime | None:
    """A day, or a time: in UTC if its zone is known, else in the reader's local time."""
    said = fields.line(name)
    if not said:
        return None
    try:
        if _day.fullmatch(said):
            return date.fromisoformat(said)
        at = datetime.fromisoformat(said)
        zone = fields.line("timezone")
        if at.tzinfo is None and zone:
            at = at.replace(tzinfo=_time_zone(zone))
        return at if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError, KeyError, OSError):
        raise fields.refused(name, "must be a day (2026-03-14) or a time (2026-03-14T18:30)") from None


def _time_zone(zone: str) -> ZoneInfo:
    if not _zone.fullmatch(zone):
        raise ValueError("no time zone")
    return ZoneInfo(zone)


def _written(moment: date | datetime) -> str:
    """Format a moment with its parameters and the colon in front."""
    if not isinstance(moment, datetime):
        return f";VALUE=DATE:{moment:%Y%m%d}"
    return f":{moment:%Y%m%dT%H%M%S}{'Z' if moment.tzinfo else ''}"
