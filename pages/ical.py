"""An event as an .ics file (RFC 5545)."""

import hashlib
from datetime import UTC, datetime

from pages import address, links
from pages.folded import escaped, folded
from pages.offers import times
from pages.reading import Given


def ical(given: Given, *, now_ms: int) -> bytes | None:
    """None for an event without a start that a calendar could understand."""
    start, end = times(given)
    if start is None:
        return None
    # The last day is not part of an event; a calendar shows the one before it as the last.
    if end is not None and end.at is None:
        end = end.after(days=1)
    if end is not None and (end.at is None) != (start.at is None):
        end = None
    name = given.text("event_name", "name", "title") or "Event"
    uid = hashlib.sha256(f"{name}\n{start.ical}".encode()).hexdigest()[:32]
    stamp = datetime.fromtimestamp(now_ms // 1000, UTC)
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Waymark//EN", "BEGIN:VEVENT", f"UID:{uid}@waymark"]
    lines += [f"DTSTAMP:{stamp:%Y%m%dT%H%M%SZ}", f"DTSTART{start.ical}"]
    lines += [f"DTEND{end.ical}"] if end is not None else []
    place = address.line(given.raw("location"))
    href = links.web(given.text("rsvp_url", "rsvpUrl", longest=2_048))
    for field, value in (("SUMMARY", name), ("DESCRIPTION", given.lines("description")), ("LOCATION", place)):
        lines += [f"{field}:{escaped(value)}"] if value else []
    lines += [f"URL:{href}"] if href else []
    return folded([*lines, "END:VEVENT", "END:VCALENDAR"])
