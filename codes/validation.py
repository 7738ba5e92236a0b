"""Validate text, tags and styles, and bound their sizes."""

from typing import Any, Literal

import msgspec

from codes.errors import Refused

MAX_LABEL = 255
MAX_TAGS = 10
MAX_TAG = 50
MAX_STYLE_BYTES = 16 * 1024

Status = Literal["active", "paused"]
ImageFormat = Literal["png", "svg", ""]


def check_label(label: str | None, field: str = "label") -> str | None:
    if label is None:
        return None
    if len(label) > MAX_LABEL:
        raise Refused(field, "label_too_long", f"a label has at most {MAX_LABEL} characters")
    return storable(field, label)


def storable(field: str, text: str) -> str:
    """Refuse lone surrogates, which have no bytes, and NUL, at which other programs stop reading. JSON can spell
    both."""
    if "\0" in text:
        raise Refused(field, "invalid_text", "text must not hold a NUL character")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise Refused(field, "invalid_text", "text must be valid Unicode") from error
    return text


def single_line(field: str, text: str, most: int) -> str:
    """Check for one line that is not empty: no control characters, at most `most` characters."""
    if not text.strip() or len(text) > most or not text.isprintable():
        raise Refused(field, "invalid_text", f"must be 1 to {most} printable characters")
    return storable(field, text)


def check_tags(tags: tuple[str, ...]) -> tuple[str, ...]:
    """Return the tags trimmed, in lower case, each once, in their order."""
    clean = tuple(dict.fromkeys(storable("tags", tag).strip().lower() for tag in tags))
    if "" in clean:
        raise Refused("tags", "invalid_tag", "a tag must not be empty")
    if any(len(tag) > MAX_TAG for tag in clean):
        raise Refused("tags", "tag_too_long", f"a tag has at most {MAX_TAG} characters")
    if len(clean) > MAX_TAGS:
        raise Refused("tags", "too_many_tags", f"a code has at most {MAX_TAGS} tags")
    return clean


def check_status(status: str) -> Status:
    match status:
        case "active" | "paused":
            return status
        case _:
            raise Refused("status", "invalid_status", "a status is active or paused")


def check_style(style: dict[str, Any] | None, field: str = "style") -> dict[str, Any] | None:
    if style is None:
        return None
    try:
        size = len(msgspec.json.encode(style))
    except (TypeError, ValueError, RecursionError) as error:
        raise Refused(field, f"invalid_{field}", f"a {field} must be plain JSON") from error
    if size > MAX_STYLE_BYTES:
        raise Refused(field, f"{field}_too_large", f"a {field} has at most {MAX_STYLE_BYTES // 1024} KB")
    return style


def check_page_design(design: dict[str, Any] | None) -> dict[str, Any] | None:
    return check_style(design, "page_design")


def check_design(design: dict[str, Any] | None) -> dict[str, Any] | None:
    return check_style(design, "design")


def check_image_format(name: str) -> ImageFormat:
    match name:
        case "png" | "svg" | "":
            return name
        case _:
            raise Refused("image_format", "invalid_image_format", "an image's format is png or svg")
