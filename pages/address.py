"""Parse postal addresses and opening hours, written as text or as objects."""

from pages.content_fields import ContentFields, text

_PARTS = (
    ("street", "street_address", "line1", "address_line1", "address"),
    ("line2", "address_line2"),
    ("city", "town"),
    ("state", "region", "province"),
    ("zip", "postal_code", "postcode", "zip_code"),
    ("country",),
)
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MOST = 21


def parts(value: object) -> list[str]:
    """Return street, second line, city, region, post code and country; each may be empty."""
    if isinstance(value, dict):
        fields = ContentFields(value)
        return [fields.text(*names) for names in _PARTS]
    return [text(value, 1_000), "", "", "", "", ""]


def line(value: object) -> str:
    """Format the whole address, one part a line."""
    street, second, city, region, code, country = parts(value)
    return "\n".join(filter(None, [street, second, " ".join(filter(None, [code, city])), region, country]))


def hours(value: object) -> str:
    """Format opening hours, one day a line, from text, `{"monday": "9–17"}` or `[{"day", "open", "close"}]`."""
    if isinstance(value, dict):
        named = {str(day)[:32].lower(): said for day, said in list(value.items())[:_MOST]}
        order = sorted(named, key=lambda day: next((i for i, one in enumerate(_DAYS) if one[:3] == day[:3]), 7))
        return "\n".join(filter(None, (_day(day.capitalize(), named[day]) for day in order)))
    if isinstance(value, list):
        return "\n".join(filter(None, (_day(ContentFields(one).text("day", "days"), one) for one in value[:_MOST])))
    return text(value, 1_000)


def _day(day: str, said: object) -> str:
    if isinstance(said, str):
        return f"{day}: {text(said, 100)}" if day and said.strip() else text(said, 100)
    fields = ContentFields(said)
    if fields.raw("closed") is True or fields.raw("is_open") is False or fields.raw("isOpen") is False:
        return f"{day}: closed"
    opens, closes = fields.text("open", "from", "start", longest=32), fields.text("close", "to", "end", longest=32)
    span = f"{opens}–{closes}" if opens and closes else fields.text("hours", "time", longest=100) or opens
    return f"{day}: {span}" if day and span else ""
