"""What a reader makes of one entry of an export."""

from collections.abc import Mapping
from typing import Any

import msgspec

from schemas.scan_options import Apps

Row = Mapping[str, Any]


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """One link to be brought in. `host` is the short domain it was on, as far as the export says; `left_out` names
    what the export says of it and Waymark does not take."""

    slug: str
    destination: str
    host: str = ""
    label: str | None = None
    tags: tuple[str, ...] = ()
    paused: bool = False
    starts_at_ms: int | None = None
    expires_at_ms: int | None = None
    expired_destination: str | None = None
    scan_limit: int | None = None
    utm: dict[str, str] = {}
    apps: Apps | None = None
    left_out: tuple[str, ...] = ()


class Unusable(Exception):
    """An entry that cannot be brought in; the text says why."""
