"""The styling fields: our style, in camel case and not in an object of its own."""

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from api.problems import Problem, invalid
from qr.errors import Refused
from qr.style import Style, parse

_word = re.compile(r"_([a-z])")
_capital = re.compile(r"(?<=[a-z0-9])([A-Z])")


def camel(name: str) -> str:
    return _word.sub(lambda found: found[1].upper(), name)


def _snake(name: str) -> str:
    return _capital.sub(r"_\1", name).lower()


FIELDS = {camel(name): name for name in msgspec.structs.asdict(Style())}
# Other common names of some of them.
FIELDS |= {"foregroundColor": "color", "backgroundColor": "background"}
FIELDS |= {"fgColor": "color", "bgColor": "background", "errorCorrectionLevel": "error_correction"}


def style_of(sent: Mapping[str, Any]) -> dict[str, Any] | None:
    """The style that is in a body, or None. Raises Problem (400) for one that cannot be drawn."""
    style = {to: _inside(sent[name]) for name, to in FIELDS.items() if sent.get(name) is not None}
    if not style:
        return None
    try:
        parse(style)
    except Refused as refused:
        raise renamed(invalid(refused.field, f"{refused.field} {refused.message}", "invalid_style")) from None
    return style


def renamed(problem: Problem) -> Problem:
    """`style.error_correction` is `errorCorrection` to whoever sent it."""
    field = problem.field or ""
    if field.partition(".")[0] != "style":
        return problem
    here = ".".join(map(camel, field.split(".")[1:]))
    message = problem.message.replace(field, here or "the style", 1)
    return Problem(problem.status, problem.code, message, here or None, problem.headers)


def _inside(value: Any) -> Any:
    if isinstance(value, dict):
        return {_snake(name): _inside(part) for name, part in value.items()}
    return [_inside(part) for part in value] if isinstance(value, list) else value
