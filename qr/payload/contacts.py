"""People: vCard 3.0 (RFC 2426), which every phone reads, vCard 4.0 (RFC 6350), and the shorter MECARD.

Lines are not folded: a symbol has no width, and each fold would cost it three bytes.
"""

from collections.abc import Iterator, Mapping

from qr.payload.fields import Fields, backslashed
from qr.payload.messages import number

_PHONES = (("phone", "CELL"), ("mobile", "CELL"), ("work_phone", "WORK"), ("fax", "FAX"))
_ADDRESS = (("street", "address"), ("city",), ("state", "region"), ("zip", "postal_code"), ("country",))


def vcard(fields: Fields) -> str:
    version = fields.line("version") or "3.0"
    if version not in ("3", "3.0", "4", "4.0"):
        raise fields.refused("version", "must be 3.0 or 4.0")
    return "\r\n".join([*_vcard(fields, version[0]), "END:VCARD"])


def _vcard(fields: Fields, version: str) -> Iterator[str]:
    first, last = fields.line("first_name"), fields.line("last_name")
    full = f"{first} {last}".strip() or fields.line("company", needed=True)
    yield from ("BEGIN:VCARD", f"VERSION:{version}.0", f"N:{_value(last)};{_value(first)};;;", f"FN:{_value(full)}")
    company, department = fields.line("company"), fields.line("department")
    if company or department:
        yield "ORG:" + ";".join(map(_value, [company, department] if department else [company]))
    if title := fields.line("job_title", "title"):
        yield f"TITLE:{_value(title)}"
    for name, kind in _PHONES:
        if fields.line(name):
            kind = kind if version == "3" else kind.lower()
            yield f"TEL;TYPE={kind}:{number(fields, name)}"
    if mail := fields.line("email"):
        yield f"EMAIL{';TYPE=INTERNET' if version == '3' else ''}:{_value(mail)}"
    if site := fields.line("website"):
        # Not a text but an address, in which nothing is escaped.
        yield f"URL:{site}"
    if any(parts := _address(fields)):
        yield f"ADR;TYPE={'WORK' if version == '3' else 'work'}:;;" + ";".join(map(_value, parts))
    if note := fields.lines("note", "bio"):
        yield f"NOTE:{_value(note)}"


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
    """Street, city, region, post code, country."""
    said = fields.raw("address")
    within = Fields(said, "content.vCardContent.address") if isinstance(said, Mapping) else fields
    return [within.line(*names) for names in _ADDRESS]


def _value(text: str) -> str:
    return backslashed(text, ";,").replace("\n", "\\n")


def _part(text: str) -> str:
    return backslashed(text, ';:,"')
