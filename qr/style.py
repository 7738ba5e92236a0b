"""How a symbol is drawn: colours, shapes, margin and what is around it."""

from typing import Any, Literal

import msgspec

from qr.errors import Refused

Level = Literal["L", "M", "Q", "H"]


class Style(msgspec.Struct, frozen=True, kw_only=True):
    color: str = "#000000"
    background: str = "#ffffff"
    # Modules of quiet zone on each side.
    margin: int = 4
    error_correction: Level = "M"


PLAIN = Style()


def parse(style: dict[str, Any] | None) -> Style:
    """Raises Refused, with the field that is at fault."""
    if not style:
        return PLAIN
    try:
        return msgspec.convert(style, Style)
    except msgspec.ValidationError as error:
        raise Refused("style", str(error)) from None
