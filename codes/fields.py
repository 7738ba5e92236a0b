"""What can be said of a code when it is made or edited, and the bounds of each of it."""

from typing import Any, Literal

import msgspec

from codes.errors import Refused

MAX_LABEL = 255
MAX_TAGS = 10
MAX_TAG = 50
MAX_STYLE_BYTES = 16 * 1024

Status = Literal["active", "paused"]


class NewCode(msgspec.Struct, frozen=True, kw_only=True):
    """A code to be made. Without a `slug` one of `slug_length` characters is drawn; `keep_slug` says that the
    slug is printed already and may have the form that imports may have."""

    destination: str
    label: str | None = None
    slug: str | None = None
    slug_length: int = 7
    keep_slug: bool = False
    host: str = ""
    status: Status = "active"
    tags: tuple[str, ...] = ()
    folder_id: str | None = None
    style: dict[str, Any] | None = None
    created_by: str = ""


class Edit(msgspec.Struct, frozen=True, kw_only=True):
    """What to change; UNSET stays as it is."""

    destination: str | msgspec.UnsetType = msgspec.UNSET
    label: str | msgspec.UnsetType | None = msgspec.UNSET
    slug: str | msgspec.UnsetType = msgspec.UNSET
    status: Status | msgspec.UnsetType = msgspec.UNSET
    tags: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET
    folder_id: str | msgspec.UnsetType | None = msgspec.UNSET
    style: dict[str, Any] | msgspec.UnsetType | None = msgspec.UNSET

    def changes(self) -> dict[str, Any]:
        """The fields that are set."""
        return {name: value for name in self.__struct_fields__ if (value := getattr(self, name)) is not msgspec.UNSET}


def check_label(label: str | None) -> str | None:
    if label is None:
        return None
    if len(label) > MAX_LABEL:
        raise Refused("label", "label_too_long", f"a label has at most {MAX_LABEL} characters")
    return _storable("label", label)


def check_tags(tags: tuple[str, ...]) -> tuple[str, ...]:
    """Trimmed, in lower case, each once, in the order in which they first came."""
    clean = tuple(dict.fromkeys(_storable("tags", tag).strip().lower() for tag in tags))
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


def check_style(style: dict[str, Any] | None) -> dict[str, Any] | None:
    if style is None:
        return None
    try:
        size = len(msgspec.json.encode(style))
    except (TypeError, ValueError, RecursionError) as error:
        raise Refused("style", "invalid_style", "a style must be plain JSON") from error
    if size > MAX_STYLE_BYTES:
        raise Refused("style", "style_too_large", f"a style has at most {MAX_STYLE_BYTES // 1024} KB")
    return style


def check_folder(folder_id: str | None) -> str | None:
    """There are no folders yet, so a code is in none."""
    if folder_id is not None:
        raise Refused("folder_id", "unknown_folder", "there is no such folder")
    return None


def _storable(field: str, text: str) -> str:
    """JSON can spell half a character (a lone surrogate), which has no bytes."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise Refused(field, "invalid_text", "text must be valid Unicode") from error
    return text
