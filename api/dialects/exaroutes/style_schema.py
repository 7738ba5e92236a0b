"""The styling fields in the OpenAPI document: what each may hold. `styling` reads them, and `qr.style` checks them."""

from typing import Any

from msgspec import Meta

from qr.logo import SAFE_SHAPES
from qr.shapes import EYES, RINGS, SHAPES
from qr.style import LEVELS, MAX_MARGIN, MAX_STOPS

_COLOUR = {"type": "string", "examples": ["#1a2b3c"]}


def _object(**properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "additionalProperties": False}


def _one_of(names: Any) -> dict[str, Any]:
    return {"type": "string", "enum": list(names)}


def _or(short: dict[str, Any], long: dict[str, Any]) -> dict[str, Any]:
    return {"anyOf": [short, long]}


def _meta(says: str, schema: dict[str, Any]) -> Meta:
    return Meta(description=says, extra_json_schema=schema)


SHAPE = _meta("The form of the modules.", _one_of(SHAPES))
FINDER = _meta(
    "The form of the three corners, or of ring and eye apart.",
    _or(
        _one_of(RINGS),
        _object(ring=_one_of(RINGS), eye=_one_of(EYES), ringColor=_COLOUR, eyeColor=_COLOUR),
    ),
)
COLOR = _meta("Of what is dark, `#rrggbb`.", _COLOUR)
COLOR_TOO = _meta("Another name of `color`.", _COLOUR)
BACKGROUND = _meta("Of what is light, `#rrggbb`, or `transparent`.", _COLOUR)
BACKGROUND_TOO = _meta("Another name of `background`.", _COLOUR)
GRADIENT = _meta(
    "Colours that take the place of `color`, one running into the next.",
    _object(
        type=_one_of(("linear", "radial")),
        colors={"type": "array", "items": _COLOUR, "minItems": 2, "maxItems": MAX_STOPS},
        angle={"type": "number", "minimum": -360, "maximum": 360},
    )
    | {"required": ["colors"]},
)
MARGIN = _meta("Modules of quiet zone on each side.", {"type": "number", "minimum": 0, "maximum": MAX_MARGIN})
LEVEL = _meta("Error correction.", _one_of(LEVELS))
LEVEL_TOO = _meta("Another name of `errorCorrection`.", _one_of(LEVELS))
LOGO = _meta(
    "A picture in the middle: the id of an uploaded file, an address, or a `data:` address.",
    _or(
        {"type": "string"},
        _object(
            image={"type": "string"},
            size={"type": "number", "minimum": 0.05, "maximum": 0.4},
            margin={"type": "number", "minimum": 0, "maximum": 4},
            safeArea=_one_of(SAFE_SHAPES),
        )
        | {"required": ["image"]},
    ),
)
FRAME = _meta(
    "A frame with a caption, or the caption alone.",
    _or(
        {"type": "string"},
        _object(
            caption={"type": "string"},
            color=_COLOUR,
            textColor=_COLOUR,
            position=_one_of(("bottom", "top")),
            corners=_one_of(("rounded", "square")),
        ),
    ),
)
