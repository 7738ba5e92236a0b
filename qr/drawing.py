"""From data and a style to the bytes of a picture."""

import io
from typing import Literal, get_args

import segno
from PIL import Image

from qr.errors import Refused
from qr.style import Style

Format = Literal["png", "svg", "pdf", "eps"]
FORMATS: tuple[str, ...] = get_args(Format)
MIN_SIZE = 64
MAX_SIZE = 4096


def draw(data: str, style: Style, format: str, size: int) -> bytes:
    """`size` is the width in pixels. Blocks for some tens of milliseconds; call it in a thread. Raises Refused."""
    if format not in ("png", "svg"):
        raise Refused("format", "must be one of: png, svg")
    if not MIN_SIZE <= size <= MAX_SIZE:
        raise Refused("size", f"must be a whole number, {MIN_SIZE} to {MAX_SIZE}")
    try:
        symbol = segno.make_qr(data, error=style.error_correction, boost_error=False)
    except ValueError:
        raise Refused("data", "is too long for a QR code") from None
    dark = [[bool(module) for module in row] for row in symbol.matrix_iter(border=style.margin)]
    return _png(dark, size) if format == "png" else _svg(dark, size).encode()


def _png(dark: list[list[bool]], size: int) -> bytes:
    side = len(dark)
    picture = Image.new("L", (side, side), 255)
    picture.putdata([0 if module else 255 for row in dark for module in row])
    whole = max(1, -(-size // side))
    picture = picture.resize((side * whole, side * whole), Image.Resampling.NEAREST)
    target = io.BytesIO()
    picture.resize((size, size), Image.Resampling.BOX).save(target, "PNG")
    return target.getvalue()


def _svg(dark: list[list[bool]], size: int) -> str:
    side = len(dark)
    path = "".join(f"M{x} {y}h1v1h-1z" for y, row in enumerate(dark) for x, module in enumerate(row) if module)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{size}" height="{size}" viewBox="0 0 {side} {side}">'
        f'<path fill="#fff" d="M0 0h{side}v{side}H0z"/><path d="{path}"/></svg>'
    )
