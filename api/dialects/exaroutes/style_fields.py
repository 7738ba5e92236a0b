"""The styling fields of a body: how they are read, and their JSON schemas.

They are the parts of our style, in camel case and at the top level of the body.
"""

import re
from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Meta

from api.problems import Problem, invalid
from qr.errors import Refused
from qr.logo import SAFE_SHAPES
from qr.shapes import EYES, RINGS, SHAPES
from qr.style import LEVELS, MAX_MARGIN, MAX_STOPS, Style, parse

_word = re.compile(r"_([a-z])")
_capital = re.compile(r"(?<=[a-z0-9])([A-Z])")


def _camel(name: str) -> str:
    return _word.sub(lambda found: found[1].upper(), name)


def _snake(name: str) -> str:
    return _capital.sub(r"_\1", name).lower()


FIELDS = {_camel(name): name for name in msgspec.structs.asdict(Style())}
# Other common names of some fields.
FIELDS |= {"foregroundColor": "color", "backgroundColor": "background"}
FIELDS |= {"fgColor": "color", "bgColor": "background", "errorCorrectionLevel": "error_correction"}


def style_of(sent: Mapping[str, Any]) -> dict[str, Any] | None:
    """The style that a body holds, or None. Raises Problem (400) for one that cannot be drawn."""
    style = {to: _snake_keys(sent[name]) for name, to in FIELDS.items() if sent.get(name) is not None}
    if not style:
        return None
    try:
        parse(style)
    except Refused as refused:
        raise with_sent_field(invalid(refused.field, f"{refused.field} {refused.message}", "invalid_style")) from None
    return style


def with_sent_field(problem: Problem) -> Problem:
    """The problem under the name of the field that was sent: `style.error_correction` is `errorCorrection` here."""
    field = problem.field or ""
    if field.partition(".")[0] != "style":
        return problem
    sent = ".".join(map(_camel, field.split(".")[1:]))
    message = problem.message.replace(field, sent or "the style", 1)
    return Problem(problem.status, problem.code, message, sent or None, problem.headers)


def _snake_keys(value: Any) -> Any:
    if isinstance(value, dict):
        return {_snake(name): _snake_keys(part) for name, part in value.items()}
    return [_snake_keys(part) for part in value] if isinstance(value, list) else value


_COLOUR = {"type": "string", "examples": ["#1a2b3c"]}


def _object(**properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "additionalProperties": False}


def _one_of(names: Any) -> dict[str, Any]:
    return {"type": "string", "enum": list(names)}


def _or(short: dict[str, Any], long: dict[str, Any]) -> dict[str, Any]:
    return {"anyOf": [short, long]}


def _meta(description: str, schema: dict[str, Any]) -> Meta:
    return Meta(description=description, extra_json_schema=schema)


SHAPE = _meta("The shape of the modules.", _one_of(SHAPES))
FINDER = _meta(
    "The shape of the three corner patterns, or of their ring and eye.",
    _or(
        _one_of(RINGS),
        _object(ring=_one_of(RINGS), eye=_one_of(EYES), ringColor=_COLOUR, eyeColor=_COLOUR),
    ),
)
COLOR = _meta("The colour of dark modules, `#rrggbb`.", _COLOUR)
COLOR_ALIAS = _meta("Another name of `color`.", _COLOUR)
BACKGROUND = _meta("The colour of light modules, `#rrggbb`, or `transparent`.", _COLOUR)
BACKGROUND_ALIAS = _meta("Another name of `background`.", _COLOUR)
GRADIENT = _meta(
    "A gradient of colours, in place of `color`.",
    _object(
        type=_one_of(("linear", "radial")),
        colors={"type": "array", "items": _COLOUR, "minItems": 2, "maxItems": MAX_STOPS},
        angle={"type": "number", "minimum": -360, "maximum": 360},
    )
    | {"required": ["colors"]},
)
MARGIN = _meta("The quiet zone on each side, in modules.", {"type": "number", "minimum": 0, "maximum": MAX_MARGIN})
LEVEL = _meta("The level of error correction.", _one_of(LEVELS))
LEVEL_ALIAS = _meta("Another name of `errorCorrection`.", _one_of(LEVELS))
LOGO = _meta(
    "A picture in the middle: the id of an uploaded file, a web address, or a `data:` URI.",
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
