"""Contacts as vCard (`schemas.contact_formats`) and as the shorter MECARD."""

from collections.abc import Mapping

from qr.payload.fields import Fields, backslashed
from qr.payload.uris import number
from schemas import contact_formats
from schemas.contact_formats import Contact

_PHONES = (("phone", "CELL"), ("mobile", "CELL"), ("work_phone", "WORK"), ("fax", "FAX"))
_ADDRESS = (("street", "address"), ("city",), ("state", "region"), ("zip", "postal_code"), ("country",))


def vcard(fields: Fields) -> str:
    version = fields.line("version") or "3.0"
    if version not in ("3", "3.0", "4", "4.0"):
        raise fields.refused("version", "must be 3.0 or 4.0")
    first, last = fields.line("first_name"), fields.line("last_name")
    contact = Contact(
        name=f"{first} {last}".strip() or fields.line("company", needed=True),
        first_name=first,
        last_name=last,
        company=fields.line("company"),
        department=fields.line("department"),
        title=fields.line("job_title", "title"),
        phones=tuple((kind, number(fields, name)) for name, kind in _PHONES if fields.line(name)),
        email=fields.line("email"),
        website=fields.line("website"),
        address=tuple(_address(fields)),
        note=fields.lines("note", "bio"),
    )
    return "\r\n".join(contact_formats.vcard(contact, f"{version[0]}.0"))


def mecard(fields: Fields) -> str:
    first, last = fields.line("first_name"), fields.line("last_name")
    names = ",".join(_part(name) for name in (last, first) if name) or _part(fields.line("company", needed=True))
    parts = [f"N:{names}"]
    parts += [f"TEL:{_part(number(fields, name))}" for name, _ in _PHONES[:3] if fields.line(name)]
    found = (
        ("EMAIL", fields.line("email")),
        ("ORG", fields.line("company")),
        ("URL", fields.line("website")),
        ("ADR", ", ".join(filter(None, _address(fields)))),
        ("NOTE", " ".join(fields.lines("note", "bio").split())),
    )
    parts += [f"{name}:{_part(value)}" for name, value in found if value]
    return f"MECARD:{';'.join(parts)};;"


def _address(fields: Fields) -> list[str]:
    """Return street, city, region, post code and country."""
    said = fields.raw("address")
    within = Fields(said, "content.vCardContent.address") if isinstance(said, Mapping) else fields
    return [within.line(*names) for names in _ADDRESS]


def _part(text: str) -> str:
    return backslashed(text, ';:,"')
