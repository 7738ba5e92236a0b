"""The language that a scanner prefers."""

import re

_RANGE = re.compile(r"\s*([A-Za-z]{2,3}(?:-[A-Za-z0-9-]{1,32})?)\s*(?:;\s*q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)\s*)?")

# The rest is ignored.
LONGEST_HEADER = 256


def first_choice(raw: bytes) -> str:
    """The tag that Accept-Language prefers, in lower case; "" if it names none."""
    best, best_q = "", 0.0
    for part in raw[:LONGEST_HEADER].decode("latin-1").split(",")[:16]:
        match = _RANGE.fullmatch(part)
        if match:
            q = float(match[2]) if match[2] else 1.0
            if q > best_q:
                best, best_q = match[1].lower(), q
    return best
