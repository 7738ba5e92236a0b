"""Contacts: from a vCard (2.1 to 4.0) or a MECARD to the fields of `vCardContent`."""

import re
from collections.abc import Iterator

Contact = dict[str, str]

# Name of a property, its parameters, its value; a group (`item1.TEL`) may stand before it.
_line = re.compile(r"(?:[\w-]+\.)?([A-Za-z-]+)((?:;[^:\"]*(?:\"[^\"]*\"[^:\"]*)*)?):(.*)", re.DOTALL)
_escape = re.compile(r"\\(.)", re.DOTALL)
_split = re.compile(r"((?:[^\\;]|\\.)*)(?:;|\Z)", re.DOTALL)
_ADDRESS = ("street", "city", "state", "zip", "country")
_SIMPLE = {"EMAIL": "email", "URL": "website", "TITLE": "job_title", "NOTE": "note"}


def unescaped(text: str) -> str:
    return _escape.sub(lambda found: "\n" if found[1] in "nN" else found[1], text)


def of_vcard(text: str) -> Contact:
    """The first of several properties with one name counts; telephones are told apart by their type."""
    found: Contact = {}
    shown = ""
    for name, parameters, value in _properties(text):
        if name == "N":
            last, first = [*_parts(value), "", ""][:2]
            found |= {"first_name": first, "last_name": last}
        elif name == "FN":
            shown = shown or unescaped(value).strip()
        elif name == "ORG":
            company, department = [*_parts(value), "", ""][:2]
            _first(found, company=company, department=department)
        elif name == "ADR":
            _first(found, **dict(zip(_ADDRESS, [*_parts(value)[2:7], *[""] * 5], strict=False)))
        elif name == "TEL":
            _telephone(found, parameters, unescaped(value).removeprefix("tel:").strip())
        elif name == "URL":
            _first(found, website=value.strip())
        elif name in _SIMPLE:
            _first(found, **{_SIMPLE[name]: unescaped(value).strip()})
    return _named(found, shown)


def of_mecard(said: dict[str, str]) -> Contact:
    found: Contact = {}
    names = {"TEL": "phone", "EMAIL": "email", "ORG": "company", "URL": "website", "ADR": "address", "NOTE": "note"}
    _first(found, **{to: said.get(name, "") for name, to in names.items()})
    last, comma, first = said.get("N", "").partition(",")
    if comma:
        found |= {"first_name": first.strip(), "last_name": last.strip()}
    return _named(found, last.strip())


def _properties(text: str) -> Iterator[tuple[str, str, str]]:
    """Name, parameters in upper case, value. A line that starts with a space goes on with the one before it."""
    unfolded = re.sub(r"\r?\n[ \t]", "", text.replace("\r\n", "\n").replace("\r", "\n"))
    for line in unfolded.split("\n"):
        if found := _line.fullmatch(line.strip()):
            yield found[1].upper(), found[2].upper(), found[3]


def _parts(value: str) -> list[str]:
    return [unescaped(part).strip() for part in _split.findall(value)]


def _first(found: Contact, **given: str) -> None:
    for name, value in given.items():
        if value:
            found.setdefault(name, value)


def _telephone(found: Contact, parameters: str, number: str) -> None:
    if "FAX" in parameters:
        name = "fax"
    elif "WORK" in parameters:
        name = "work_phone"
    elif "CELL" in parameters and "phone" in found:
        name = "mobile"
    else:
        name = "phone"
    _first(found, **{name: number})


def _named(found: Contact, shown: str) -> Contact:
    """A card may say only how the name is shown."""
    if not found.get("first_name") and not found.get("last_name") and shown:
        first, _, last = shown.rpartition(" ")
        found |= {"first_name": first, "last_name": last}
    return {name: value for name, value in found.items() if value}
