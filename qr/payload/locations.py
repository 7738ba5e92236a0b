"""Locations: web addresses, and points on the map."""

import math
import re
from urllib.parse import quote

from qr.payload.fields import Fields

_schemeless = re.compile(r"(?:[\w-]+\.)+[^\W\d_]{2,24}(?::[0-9]{1,5})?(?:[/?#].*)?", re.DOTALL)


def url(fields: Fields) -> str:
    """Unchanged; without a scheme it gets https, since a phone would take it for plain text."""
    found = fields.lines("url", needed=True)
    if found != found.strip() or any(mark.isspace() for mark in found):
        raise fields.refused("url", "must not hold spaces")
    return f"https://{found}" if _schemeless.fullmatch(found) else found


def geo(fields: Fields) -> str:
    """RFC 5870. The label is written as Android's maps read it; others ignore it."""
    at = ",".join(_degrees(fields, name, most) for name, most in (("latitude", 90), ("longitude", 180)))
    label = fields.line("label")
    return f"geo:{at}?q={at}({quote(label, safe='')})" if label else f"geo:{at}"


def _degrees(fields: Fields, name: str, most: int) -> str:
    value = fields.raw(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or abs(value) > most:
        raise fields.refused(name, f"must be a number, -{most} to {most}")
    text = f"{value:.6f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text
