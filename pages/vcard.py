"""A contact as a .vcf file: vCard 3.0, which every phone reads."""

from pages import address, links
from pages.folded import escaped, folded
from pages.people import SITES, contact_address
from pages.reading import Given

_PHONES = (("phone", "CELL"), ("mobile", "CELL"), ("work_phone", "WORK"), ("fax", "FAX"))


def vcard(given: Given) -> bytes:
    first, last = given.text("first_name"), given.text("last_name")
    company, department = given.text("company"), given.text("department")
    full = f"{first} {last}".strip() or company or "Contact"
    lines = ["BEGIN:VCARD", "VERSION:3.0", f"N:{escaped(last)};{escaped(first)};;;", f"FN:{escaped(full)}"]
    if company or department:
        lines.append("ORG:" + ";".join(escaped(part) for part in (company, department) if part))
    lines += _line("TITLE", given.text("job_title", "title"))
    for field, kind in _PHONES:
        number = given.text(field, longest=40)
        lines += _line(f"TEL;TYPE={kind}", links.digits(number) and number)
    lines += _line("EMAIL;TYPE=INTERNET", given.text("email"))
    lines += [f"ADR;TYPE=WORK:;;{adr}"] if (adr := _address(given)) else []
    # An address of the web is written as it is: nothing in it could end the line.
    lines += [f"URL:{url}"] if (url := links.web(given.text("website", longest=2_048))) else []
    for field, (_, base) in SITES.items():
        url = links.profile(given.text(field, longest=2_048), base)
        lines += [f"X-SOCIALPROFILE;TYPE={field}:{url}"] if url else []
    lines += _line("NOTE", given.lines("note", "bio"))
    return folded([*lines, "END:VCARD"])


def _line(name: str, value: str) -> list[str]:
    return [f"{name}:{escaped(value)}"] if value else []


def _address(given: Given) -> str:
    """Street, city, region, post code and country, with semicolons between."""
    said = given.raw("address")
    if not isinstance(said, dict):
        said = {name: given.raw(name) for name in ("address", "street", "city", "state", "zip", "country")}
    street, second, city, region, code, country = address.parts(said)
    found = [", ".join(filter(None, [street, second])), city, region, code, country]
    return ";".join(map(escaped, found)) if contact_address(given) else ""
