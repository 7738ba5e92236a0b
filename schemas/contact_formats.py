"""vCard and iCalendar: the lines of a contact and of an event, for symbols and for downloads alike.

vCard 3.0 (RFC 2426), which every phone reads, and 4.0 (RFC 6350); iCalendar (RFC 5545). Both are lines of `NAME:value`
with the same escapes. Values that are empty are left out. Folding and line ends are the caller's: a symbol has no
width, and each fold would cost it three bytes.
"""

from collections.abc import Iterator

import msgspec


class Contact(msgspec.Struct, frozen=True, kw_only=True):
    """`name` is the full one. `phones` are kind (`CELL`, `WORK`, `FAX`) and number; `address` is street, city, region,
    post code and country; `profiles` are network and URL."""

    name: str
    first_name: str = ""
    last_name: str = ""
    company: str = ""
    department: str = ""
    title: str = ""
    phones: tuple[tuple[str, str], ...] = ()
    email: str = ""
    website: str = ""
    address: tuple[str, ...] = ()
    profiles: tuple[tuple[str, str], ...] = ()
    note: str = ""


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """`start` and `end` have their parameters: `:20260314T183000Z`, `;VALUE=DATE:20260314`. A file must have `uid` and
    `stamp`; a scanner does not read them."""

    name: str
    start: str
    end: str = ""
    location: str = ""
    description: str = ""
    url: str = ""
    uid: str = ""
    stamp: str = ""


def escaped(text: str) -> str:
    """Escape a value, so that it cannot end its line or its component."""
    text = text.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    return text.replace("\r\n", "\\n").replace("\n", "\\n").replace("\r", "\\n")


def vcard(contact: Contact, version: str = "3.0") -> list[str]:
    """`version` is 3.0 or 4.0."""
    return ["BEGIN:VCARD", f"VERSION:{version}", *_vcard(contact, version == "3.0"), "END:VCARD"]


def _vcard(contact: Contact, is_3: bool) -> Iterator[str]:
    yield f"N:{escaped(contact.last_name)};{escaped(contact.first_name)};;;"
    yield f"FN:{escaped(contact.name)}"
    if contact.department:
        yield f"ORG:{escaped(contact.company)};{escaped(contact.department)}"
    elif contact.company:
        yield f"ORG:{escaped(contact.company)}"
    yield from _line("TITLE", contact.title)
    for kind, number in contact.phones:
        yield from _line(f"TEL;TYPE={kind if is_3 else kind.lower()}", number)
    yield from _line("EMAIL;TYPE=INTERNET" if is_3 else "EMAIL", contact.email)
    # A web address is not text: nothing in it is escaped, and nothing in it can end the line.
    if contact.website:
        yield f"URL:{contact.website}"
    if any(contact.address):
        yield f"ADR;TYPE={'WORK' if is_3 else 'work'}:;;" + ";".join(map(escaped, contact.address))
    for network, url in contact.profiles:
        yield f"X-SOCIALPROFILE;TYPE={network}:{url}"
    yield from _line("NOTE", contact.note)


def ical(event: Event) -> list[str]:
    """A calendar with one event."""
    file = [f"UID:{event.uid}", f"DTSTAMP:{event.stamp}"] if event.uid else []
    return [
        *("BEGIN:VCALENDAR", "VERSION:2.0", *(["PRODID:-//Waymark//EN"] if event.uid else []), "BEGIN:VEVENT"),
        *(*file, f"DTSTART{event.start}", *([f"DTEND{event.end}"] if event.end else [])),
        *_line("SUMMARY", event.name),
        *_line("LOCATION", event.location),
        *_line("DESCRIPTION", event.description),
        *([f"URL:{event.url}"] if event.url else []),
        *("END:VEVENT", "END:VCALENDAR"),
    ]


def _line(name: str, value: str) -> list[str]:
    return [f"{name}:{escaped(value)}"] if value else []
