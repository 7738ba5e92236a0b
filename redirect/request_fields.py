"""Bytes of a request, as text that may be stored: whole characters, none of control, bounded."""

import re

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ufffe\uffff]+")


def clean(raw: bytes, longest: int) -> str:
    """Latin-1 when it is not UTF-8, as headers were once said to be."""
    raw = raw[: longest * 4 + 4]
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        text = raw.decode("latin-1")
    return tidy(text, longest)


def tidy(text: str, longest: int) -> str:
    return _CONTROL.sub(" ", text).strip()[:longest].rstrip()
