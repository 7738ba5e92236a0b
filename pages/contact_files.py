"""Downloads of a page: a contact as .vcf (vCard 3.0, which every phone reads), an event as .ics (RFC 5545).

`schemas.contact_formats` makes the lines; this module folds them.
"""

import hashlib
from datetime import UTC, datetime

from pages import address, links
from pages.content_fields import ContentFields
from pages.views.offers import times
from pages.views.people import SITES, contact_address
from schemas import contact_formats
from schemas.contact_formats import Contact, Event

_WIDTH = 75
_PHONES = (("phone", "CELL"), ("mobile", "CELL"), ("work_phone", "WORK"), ("fax", "FAX"))


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
    company = fields.text("company")
    numbers = ((kind, fields.text(field, longest=40)) for field, kind in _PHONES)
    profiles = ((field, links.profile(fields.text(field, longest=2_048), base)) for field, (_, base) in SITES.items())
    contact = Contact(
        name=f"{first} {last}".strip() or company or "Contact",
        first_name=first,
        last_name=last,
        company=company,
        department=fields.text("department"),
        title=fields.text("job_title", "title"),
        phones=tuple((kind, number) for kind, number in numbers if links.digits(number)),
        email=fields.text("email"),
        website=links.web(fields.text("website", longest=2_048)),
        address=_address(fields),
        profiles=tuple((network, url) for network, url in profiles if url),
        note=fields.lines("note", "bio"),
    )
    return folded(contact_formats.vcard(contact))


def _address(fields: ContentFields) -> tuple[str, ...]:
    """Street, city, region, post code and country."""
    if not contact_address(fields):
        return ()
    said = fields.raw("address")
    if not isinstance(said, dict):
        said = {name: fields.raw(name) for name in ("address", "street", "city", "state", "zip", "country")}
    street, second, city, region, code, country = address.parts(said)
    return ", ".join(filter(None, [street, second])), city, region, code, country


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
    event = Event(
        name=name,
        start=start.ical,
        end=end.ical if end is not None else "",
        location=address.line(fields.raw("location")),
        description=fields.lines("description"),
        url=links.web(fields.text("rsvp_url", "rsvpUrl", longest=2_048)),
        uid=f"{uid}@waymark",
        stamp=f"{datetime.fromtimestamp(now_ms // 1000, UTC):%Y%m%dT%H%M%SZ}",
    )
    return folded(contact_formats.ical(event))
