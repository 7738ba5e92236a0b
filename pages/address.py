"""Addresses and opening hours, which owners write as text or as objects."""

from pages.reading import Given, text

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
    """Street, second line, city, region, post code, country; each may be empty."""
    if isinstance(value, dict):
        given = Given(value)
        return [given.text(*names) for names in _PARTS]
    return [text(value, 1_000), "", "", "", "", ""]


def line(value: object) -> str:
    """The whole address, its parts on lines of their own."""
    street, second, city, region, code, country = parts(value)
    return "\n".join(filter(None, [street, second, " ".join(filter(None, [code, city])), region, country]))


def hours(value: object) -> str:
    """Opening hours as lines: from text, from `{"monday": "9–17"}` or from `[{"day", "open", "close"}]`."""
    if isinstance(value, dict):
        named = {str(day)[:32].lower(): said for day, said in list(value.items())[:_MOST]}
        order = sorted(named, key=lambda day: next((i for i, one in enumerate(_DAYS) if one[:3] == day[:3]), 7))
        return "\n".join(filter(None, (_day(day.capitalize(), named[day]) for day in order)))
    if isinstance(value, list):
        return "\n".join(filter(None, (_day(Given(one).text("day", "days"), one) for one in value[:_MOST])))
    return text(value, 1_000)


def _day(day: str, said: object) -> str:
    if isinstance(said, str):
        return f"{day}: {text(said, 100)}" if day and said.strip() else text(said, 100)
    given = Given(said)
    if given.raw("closed") is True or given.raw("is_open") is False or given.raw("isOpen") is False:
        return f"{day}: closed"
    opens, closes = given.text("open", "from", "start", longest=32), given.text("close", "to", "end", longest=32)
    span = f"{opens}–{closes}" if opens and closes else given.text("hours", "time", longest=100) or opens
    return f"{day}: {span}" if day and span else ""
