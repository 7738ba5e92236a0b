"""Text that people and programs read: its bounds, and that it can be written down."""

from codes.errors import Refused

MAX_LABEL = 255


def check_label(label: str | None, field: str = "label") -> str | None:
    if label is None:
        return None
    if len(label) > MAX_LABEL:
        raise Refused(field, "label_too_long", f"a label has at most {MAX_LABEL} characters")
    return storable(field, label)


def storable(field: str, text: str) -> str:
    """JSON can spell half a character (a lone surrogate), which has no bytes, and NUL, at which others stop reading."""
    if "\0" in text:
        raise Refused(field, "invalid_text", "text must not hold a NUL character")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise Refused(field, "invalid_text", "text must be valid Unicode") from error
    return text


def plain(field: str, text: str, most: int) -> str:
    """One line that is not empty: no control characters, at most `most` characters."""
    if not text.strip() or len(text) > most or not text.isprintable():
        raise Refused(field, "invalid_text", f"must be 1 to {most} printable characters")
    return storable(field, text)
