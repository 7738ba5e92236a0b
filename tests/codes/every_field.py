"""A value for each field of a code that can be edited."""

from typing import Any

from codes.code_fields import NewCode
from codes.service import Codes
from codes.variants import NewRule, NewVariant
from schemas.code import Code
from schemas.scan_options import Apps, Conditions

HERE = "https://example.com/here"
THERE = "https://example.com/there"
GB = Conditions(country=("GB",))
CARD = {"vCardContent": {"first_name": "Ada", "last_name": "Lovelace"}}

# A value for each field that can be edited, other than a new code's.
EDITS: dict[str, Any] = {
    "destination": THERE,
    "label": "Poster",
    "status": "paused",
    "tags": ("x",),
    "folder_id": None,
    "style": {"shape": "dots"},
    "type": "vcard_plus",
    "content": CARD,
    "page_design": {"theme": "dark"},
    "starts_at_ms": 5,
    "expires_at_ms": 6,
    "expired_destination": THERE,
    "scan_limit": 7,
    "password": "open sesame",
    "query": "append",
    "variants": (NewVariant(url=HERE), NewVariant(url=THERE, active=False, label="B")),
    "rules": (NewRule(when=GB, to=THERE), NewRule(when=GB, to=HERE, active=False)),
    "sticky": "cookie",
    "apps": Apps(ios="https://example.com/ios"),
    "utm": {"utm_source": "poster"},
    "design": {"dots": "round"},
    "image_format": "svg",
    "locked": True,
}
# Of a page alone.
PAGE = {"type", "content", "page_design"}


async def made(codes: Codes, **fields: Any) -> Code:
    return await codes.create(1, NewCode(**{"destination": HERE, **fields}))


async def whole(codes: Codes) -> Code:
    """A code with a value in every field."""
    fields = {name: value for name, value in EDITS.items() if name not in PAGE}
    return await made(codes, **fields)
