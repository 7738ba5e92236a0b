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
# What the pixels of the largest take while they are read: 64 MB.
MAX_PIXELS = 16_000_000
# As large as it is kept: nobody sees more of it in the middle of a symbol.
KEPT = 640
# No format that can hold programs or lead elsewhere (SVG), and none that few people send.
KINDS = ("PNG", "JPEG", "WEBP", "GIF")
SAFE_SHAPES = ("square", "circle")

_data = re.compile(r"data:(?P<type>[\w.+-]+/[\w.+-]+)?(?P<rest>(?:;[^,;]*)*),(?P<body>.*)", re.ASCII | re.DOTALL)
_web = re.compile(r"https?://", re.IGNORECASE)
_uuid = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class Logo(msgspec.Struct, frozen=True):
    """`image` are its bytes as they came, once they are there; `source` is where they are to be had: an address, or
    the id of an uploaded file. `size` is its width or height, whichever is larger, as a share of the symbol's."""

    image: bytes | None = None
    source: str = ""
    size: float = 0.22
    # Modules left free around it, and the shape of what is left free.
    margin: float = 1.0
    safe_area: str = "square"

    @property
    def at_web(self) -> bool:
        return _web.match(self.source) is not None


def source(value: object, field: str) -> tuple[bytes | None, str]:
    """Bytes from a data: address; else None and where to get them. Raises Refused."""
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
    """Its pixels, upright, with their transparency, no more of them than are needed. Nothing is decoded before the
    header says that it is small enough. Raises Refused."""
    if len(image) > MAX_BYTES:
        raise _too_large(field)
    try:
        with warnings.catch_warnings():
            # Pillow's own alarm at large pictures; the bound here is lower.
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
