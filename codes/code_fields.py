"""The fields of a code that a caller can write: `NewCode` to create one, `Edit` to change one."""

from typing import Any

import msgspec

from codes.validation import ImageFormat, Status
from codes.variants import NewRule, NewVariant
from schemas.scan_options import Apps, Query, Sticky

Unset = msgspec.UnsetType
UNSET = msgspec.UNSET


class NewCode(msgspec.Struct, frozen=True, kw_only=True):
    """A code to create. Only a `website` has a destination, and needs one. Without a `slug` a random one of
    `slug_length` characters is taken. `keep_slug`: slug and aliases are printed already, and may have the form of
    imported ones. `host` is a custom domain, "" for the default short host."""

    destination: str = ""
    label: str | None = None
    slug: str | None = None
    slug_length: int = 7
    aliases: tuple[str, ...] = ()
    keep_slug: bool = False
    host: str = ""
    status: Status = "active"
    tags: tuple[str, ...] = ()
    folder_id: str | None = None
    style: dict[str, Any] | None = None
    created_by: str = ""
    type: str = "website"
    content: dict[str, Any] | None = None
    page_design: dict[str, Any] | None = None
    starts_at_ms: int | None = None
    expires_at_ms: int | None = None
    expired_destination: str | None = None
    scan_limit: int | None = None
    # In clear; only a hash of it is stored.
    password: str | None = None
    locked: bool = False
    query: Query = "drop"
    variants: tuple[NewVariant, ...] = ()
    # The destination as a list of one (`Code.sole`); needs empty `variants` beside it.
    sole: NewVariant | None = None
    rules: tuple[NewRule, ...] = ()
    sticky: Sticky = "visitor"
    apps: Apps | None = None
    # Of utm_source, utm_medium, utm_campaign, utm_term, utm_content.
    utm: dict[str, str] = {}
    # Stored as it was sent, and not drawn.
    design: dict[str, Any] | None = None
    image_format: ImageFormat = ""
    # For callers that may have to repeat the call: a code of the workspace with this id is the answer.
    id: str | None = None
    # One of a bulk: not counted among the single creations that a plan may limit.
    one_of_many: bool = False


class Edit(msgspec.Struct, frozen=True, kw_only=True):
    """Changes of a code; UNSET fields stay as they are. Fields as in NewCode."""

    destination: str | Unset = UNSET
    label: str | Unset | None = UNSET
    slug: str | Unset = UNSET
    # The whole list; one that becomes the slug leaves it.
    aliases: tuple[str, ...] | Unset = UNSET
    # If the slug changes, the old one becomes an alias.
    keep_old: bool | Unset = UNSET
    host: str | Unset = UNSET
    status: Status | Unset = UNSET
    tags: tuple[str, ...] | Unset = UNSET
    folder_id: str | Unset | None = UNSET
    style: dict[str, Any] | Unset | None = UNSET
    type: str | Unset = UNSET
    content: dict[str, Any] | Unset | None = UNSET
    page_design: dict[str, Any] | Unset | None = UNSET
    starts_at_ms: int | Unset | None = UNSET
    expires_at_ms: int | Unset | None = UNSET
    expired_destination: str | Unset | None = UNSET
    scan_limit: int | Unset | None = UNSET
    password: str | Unset | None = UNSET
    locked: bool | Unset = UNSET
    query: Query | Unset = UNSET
    variants: tuple[NewVariant, ...] | Unset = UNSET
    sole: NewVariant | Unset = UNSET
    rules: tuple[NewRule, ...] | Unset = UNSET
    sticky: Sticky | Unset = UNSET
    apps: Apps | Unset | None = UNSET
    utm: dict[str, str] | Unset = UNSET
    design: dict[str, Any] | Unset | None = UNSET
    image_format: ImageFormat | Unset = UNSET

    def changes(self) -> dict[str, Any]:
        """The fields that are set."""
        return {name: value for name in self.__struct_fields__ if (value := getattr(self, name)) is not UNSET}


# Fields of an edit that a new code has, too.
LASTING = tuple(name for name in Edit.__struct_fields__ if name not in ("slug", "keep_old"))
