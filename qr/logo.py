"""The logo in the middle of a symbol: its source, its limits, and the space around it.

Its bytes are untrusted, so none of them are passed on: they are decoded within bounds and encoded again.
"""

import base64
import binascii
import io
import re
import warnings
from urllib.parse import unquote_to_bytes

import msgspec
from PIL import Image, ImageOps

from qr.errors import Refused

MAX_BYTES = 1024 * 1024
# The largest logo takes 64 MB while its pixels are read.
MAX_PIXELS = 16_000_000
# Logos are scaled down to this size: more is invisible in the middle of a symbol.
KEPT = 640
# No format that can hold programs or external links (SVG), and no rare ones.
KINDS = ("PNG", "JPEG", "WEBP", "GIF")
SAFE_SHAPES = ("square", "circle")

_data = re.compile(r"data:(?P<type>[\w.+-]+/[\w.+-]+)?(?P<rest>(?:;[^,;]*)*),(?P<body>.*)", re.ASCII | re.DOTALL)
_web = re.compile(r"https?://", re.IGNORECASE)
_uuid = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class Logo(msgspec.Struct, frozen=True):
    """A logo. `image`: its original bytes, once fetched. `source`: where to get them, an address or
    the id of an uploaded file. `size`: its larger side as a share of the symbol's."""

    image: bytes | None = None
    source: str = ""
    size: float = 0.22
    # Free modules around the logo, and the shape of the free area.
    margin: float = 1.0
    safe_area: str = "square"

    @property
    def at_web(self) -> bool:
        return _web.match(self.source) is not None


def source(value: object, field: str) -> tuple[bytes | None, str]:
    """Return the bytes of a data: address, or None and the source to get them from. Raises Refused."""
    if not isinstance(value, str):
        raise Refused(field, "must be the id of a file, an address, or a data: address")
    if value.startswith("data:"):
        return _decoded(value, field), ""
    if _uuid.fullmatch(value) or _web.match(value):
        return None, value
    raise Refused(field, "must be the id of a file, an address, or a data: address")


def _decoded(value: str, field: str) -> bytes:
    found = _data.fullmatch(value)
    if found is None:
        raise Refused(field, "is not a data: address")
    if len(value) > MAX_BYTES * 3:
        raise _too_large(field)
    try:
        body = unquote_to_bytes(found["body"])
        image = base64.b64decode(body, validate=True) if found["rest"].endswith(";base64") else body
    except (binascii.Error, ValueError):
        raise Refused(field, "is not base64") from None
    if len(image) > MAX_BYTES:
        raise _too_large(field)
    return image


def _too_large(field: str) -> Refused:
    return Refused(field, f"must have at most {MAX_BYTES // 1024:,} KB")


def opened(image: bytes, field: str = "style.logo") -> Image.Image:
    """Decode a logo: upright, with its transparency, scaled down to the needed size. Decodes nothing until the
    header shows that it is small enough. Raises Refused."""
    if len(image) > MAX_BYTES:
        raise _too_large(field)
    try:
        with warnings.catch_warnings():
            # Pillow's warning about large pictures; the bound here is lower.
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(image), formats=KINDS) as picture:
                width, height = picture.size
                if width * height > MAX_PIXELS or max(width, height) > 8 * min(width, height):
                    raise Refused(field, f"must have at most {MAX_PIXELS:,} pixels, and no side 8 times the other")
                if picture.format == "JPEG":
                    picture.draft("RGB", (KEPT, KEPT))
                picture.load()
                found = ImageOps.exif_transpose(picture).convert("RGBA")
    except Refused:
        raise
    except (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise Refused(field, "must be a PNG, JPEG, WebP or GIF picture that can be read") from None
    found.thumbnail((KEPT, KEPT), Image.Resampling.LANCZOS)
    return found


def png(picture: Image.Image) -> bytes:
    written = io.BytesIO()
    picture.save(written, "PNG")
    return written.getvalue()
