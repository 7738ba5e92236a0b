"""Downloads of a page: a contact as .vcf (vCard 3.0, which every phone reads), an event as .ics (RFC 5545).

Both formats are lines of `NAME:value` with the same escapes and the same folding.
"""

import hashlib
from datetime import UTC, datetime

from pages import address, links
from pages.content_fields import ContentFields
from pages.views.offers import times
from pages.views.people import SITES, contact_address

_WIDTH = 75
_PHONES = (("phone", "CELL"), ("mobile", "CELL"), ("work_phone", "WORK"), ("fax", "FAX"))


def escaped(text: str) -> str:
    """Escape a value (RFC 2426, RFC 5545), so that it cannot end its line or its component."""
    text = text.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    return text.replace("\r\n", "\\n").replace("\n", "\\n").replace("\r", "\\n")


def folded(lines: list[str]) -> bytes:
    """Join lines with CRLF; fold lines above 75 bytes, never within a character."""
    written: list[bytes] = []
    for line in lines:
        piece, width = "", 0
        for char in line:
            wide = len(char.encode())
            if width + wide > _WIDTH:
                written.append(piece.encode())
                piece, width = " ", 1
            piece, width = piece + char, width + wide
        written.append(piece.encode())
    return b"\r\n".join(written) + b"\r\n"


def vcard(fields: ContentFields) -> bytes:
    first, last = fields.text("first_name"), fields.text("last_name")
    company, department = fields.text("company"), fields.text("department")
    full = f"{first} {last}".strip() or company or "Contact"
    lines = ["BEGIN:VCARD", "VERSION:3.0", f"N:{escaped(last)};{escaped(first)};;;", f"FN:{escaped(full)}"]
    if company or department:
        lines.append("ORG:" + ";".join(escaped(part) for part in (company, department) if part))
    lines += _line("TITLE", fields.text("job_title", "title"))
    for field, kind in _PHONES:
        number = fields.text(field, longest=40)
        lines += _line(f"TEL;TYPE={kind}", links.digits(number) and number)
    lines += _line("EMAIL;TYPE=INTERNET", fields.text("email"))
    lines += [f"ADR;TYPE=WORK:;;{adr}"] if (adr := _address(fields)) else []
    # A web address is written unescaped: nothing in it can end the line.
    lines += [f"URL:{url}"] if (url := links.web(fields.text("website", longest=2_048))) else []
    for field, (_, base) in SITES.items():
        url = links.profile(fields.text(field, longest=2_048), base)
        lines += [f"X-SOCIALPROFILE;TYPE={field}:{url}"] if url else []
    lines += _line("NOTE", fields.lines("note", "bio"))
    return folded([*lines, "END:VCARD"])


def _line(name: str, value: str) -> list[str]:
    return [f"{name}:{escaped(value)}"] if value else []


def _address(fields: ContentFields) -> str:
    """Street, city, region, post code and country, with semicolons between."""
    said = fields.raw("address")
    if not isinstance(said, dict):
        said = {name: fields.raw(name) for name in ("address", "street", "city", "state", "zip", "country")}
    street, second, city, region, code, country = address.parts(said)
    found = [", ".join(filter(None, [street, second])), city, region, code, country]
    return ";".join(map(escaped, found)) if contact_address(fields) else ""


def ical(fields: ContentFields, *, now_ms: int) -> bytes | None:
    """Return the .ics file, or None when the event has no start that a calendar understands."""
    start, end = times(fields)
    if start is None:
        return None
    # DTEND is exclusive: the last day shown is the one before it.
    if end is not None and end.at is None:
        end = end.after(days=1)
    if end is not None and (end.at is None) != (start.at is None):
        end = None
    name = fields.text("event_name", "name", "title") or "Event"
    uid = hashlib.sha256(f"{name}\n{start.ical}".encode()).hexdigest()[:32]
    stamp = datetime.fromtimestamp(now_ms // 1000, UTC)
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Waymark//EN", "BEGIN:VEVENT", f"UID:{uid}@waymark"]
    lines += [f"DTSTAMP:{stamp:%Y%m%dT%H%M%SZ}", f"DTSTART{start.ical}"]
    lines += [f"DTEND{end.ical}"] if end is not None else []
    where = address.line(fields.raw("location"))
    href = links.web(fields.text("rsvp_url", "rsvpUrl", longest=2_048))
    for field, value in (("SUMMARY", name), ("DESCRIPTION", fields.lines("description")), ("LOCATION", where)):
        lines += [f"{field}:{escaped(value)}"] if value else []
    lines += [f"URL:{href}"] if href else []
    return folded([*lines, "END:VEVENT", "END:VCALENDAR"])
