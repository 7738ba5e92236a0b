"""From a body of `/api/qr` to a new code: for one that is made at once, and for an item of a bulk."""

from typing import Any, TypeVar

import msgspec

from api.context import ApiContext
from api.dialects.exaroutes import data, style_fields
from api.dialects.exaroutes.schemas import SIZE, NewQrCode, QrCode
from api.parsing import convert
from api.problems import Problem
from codes.code_fields import NewCode

SLUG_LENGTH = 8

Shape = TypeVar("Shape", bound=msgspec.Struct)


# A client may send back what it has read; what only a creation takes changes nothing later.
READ_ONLY = frozenset({*QrCode.__struct_fields__, *NewQrCode.__struct_fields__})


def known(sent: dict[str, Any], shape: type[Shape]) -> Shape:
    """`sent` as a `shape`. A field that it does not know is refused by its name: a misspelt one would do nothing.
    Raises Problem (400)."""
    return convert(sent, shape, READ_ONLY)


async def new_code(context: ApiContext, sent: dict[str, Any], created_by: str, workspace: int) -> NewCode:
    """Everything about it is checked but its destination, which `codes` does. Raises Problem (400)."""
    new = as_sent(sent, created_by)
    if new.style is not None:
        await _readable(context, new.style, new.image_format, workspace)
    return new


def as_sent(sent: dict[str, Any], created_by: str) -> NewCode:
    """What a body says, as far as it can be checked without asking anyone or drawing anything. Raises Problem (400)."""
    body = known(sent, NewQrCode)
    given = data.fields_of(body.dataType, body.data, "data")
    style = style_fields.style_of(sent)
    return NewCode(**given, slug_length=SLUG_LENGTH, style=style, image_format=body.returnType, created_by=created_by)


def pruned(sent: dict[str, Any]) -> dict[str, Any]:
    """Without what is ignored anyway."""
    return {name: value for name, value in sent.items() if name in NewQrCode.__struct_fields__}


async def _readable(context: ApiContext, style: dict[str, Any], format: str, workspace: int) -> None:
    """A style is looked at with a link of the length that the code's will have."""
    link = f"{context.settings.short_url}/r/{'x' * SLUG_LENGTH}"
    try:
        await context.images.draw(link, style, format, SIZE.default, workspace=workspace)
    except Problem as problem:
        raise style_fields.renamed(problem) from None


def at_data(problem: Problem, at: str = "data") -> Problem:
    """The domain's `destination` is `data` to whoever sent it."""
    if problem.field != "destination":
        return problem
    return Problem(problem.status, problem.code, problem.message, at, problem.headers)
