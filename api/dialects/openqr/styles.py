"""`/v1/styles`: the styles of pictures that a workspace keeps under a name."""

from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType
from starlette.responses import Response

from api.dialect import Call, Route
from api.dialects.openqr import examples, from_wire
from api.dialects.openqr.schemas import Deleted
from api.parameters import Parameter
from api.parsing import convert, read_object
from api.problems import Problem, not_found
from api.responses import Json
from api.timestamps import second
from codes import styles
from codes.errors import Missing
from schemas.code import SavedStyle

READ_ONLY = frozenset({"id", "created_at", "updated_at"})
ID = Parameter("id", "path", "The style's id.", {"type": "string", "format": "uuid"})
_NAME = Meta(description="Need not be unique.", extra_json_schema={"maxLength": styles.MAX_NAME})
_STYLE = Meta(description="As a code's `style`, and checked like one.")


class PictureStyle(msgspec.Struct, frozen=True):
    id: Annotated[str, Meta(extra_json_schema={"format": "uuid"})]
    name: Annotated[str, _NAME]
    style: Annotated[dict[str, Any], _STYLE]
    created_at: Annotated[str, Meta(extra_json_schema={"format": "date-time"})]
    updated_at: Annotated[str, Meta(extra_json_schema={"format": "date-time"})]


class PictureStyles(msgspec.Struct, frozen=True):
    styles: Annotated[list[PictureStyle], Meta(description="Oldest first.")]


class NewPictureStyle(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: Annotated[str, _NAME]
    style: Annotated[dict[str, Any], _STYLE]


class PictureStyleEdit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is left out stays as it is; `style` is replaced as a whole."""

    name: Annotated[str, _NAME] | UnsetType = UNSET
    style: Annotated[dict[str, Any], _STYLE] | UnsetType = UNSET


def _to_wire(saved: SavedStyle) -> PictureStyle:
    return PictureStyle(saved.id, saved.name, saved.style, second(saved.created_at_ms), second(saved.updated_at_ms))


def _no_such_style() -> Problem:
    return not_found("there is no style with this id")


async def list_styles(call: Call) -> Response:
    found = await styles.list_styles(call.context.codes.redis, call.key.workspace)
    return Json(PictureStyles([_to_wire(saved) for saved in found]))


async def create_style(call: Call) -> Response:
    sent = convert(await read_object(call.request), NewPictureStyle, READ_ONLY)
    from_wire.check_drawable(sent.style)
    made = await styles.create(
        call.context.codes.redis,
        call.key.workspace,
        sent.name,
        sent.style,
        plans=call.context.codes.plans,
        id=call.id(),
        now_ms=call.context.now_ms,
    )
    return Json(_to_wire(made), 201)


async def edit_style(call: Call) -> Response:
    sent = convert(await read_object(call.request), PictureStyleEdit, READ_ONLY)
    if not isinstance(sent.style, UnsetType):
        from_wire.check_drawable(sent.style)
    try:
        changed = await styles.replace(
            call.context.codes.redis,
            call.key.workspace,
            call.request.path_params["id"],
            name=None if isinstance(sent.name, UnsetType) else sent.name,
            style=None if isinstance(sent.style, UnsetType) else sent.style,
            now_ms=call.context.now_ms,
        )
    except Missing:
        raise _no_such_style() from None
    return Json(_to_wire(changed))


async def delete_style(call: Call) -> Response:
    if not await styles.delete(call.context.codes.redis, call.key.workspace, call.request.path_params["id"]):
        raise _no_such_style()
    return Json(Deleted())


ROUTES = (
    Route(
        method="GET",
        path="/v1/styles",
        scope="read",
        summary="List styles",
        description="All styles that the workspace keeps.",
        handler=list_styles,
        status=200,
        answer=PictureStyles,
        example=examples.STYLES,
    ),
    Route(
        method="POST",
        path="/v1/styles",
        scope="write",
        summary="Keep a style",
        description="A code that is given it later gets a copy. The workspace's plan limits how many there may be.",
        handler=create_style,
        status=201,
        answer=PictureStyle,
        body=NewPictureStyle,
        sent=examples.NEW_STYLE,
        ignored=READ_ONLY,
        problems=(400,),
        example=examples.STYLE,
        creates=True,
    ),
    Route(
        method="PATCH",
        path="/v1/styles/{id}",
        scope="write",
        summary="Edit a style",
        description="Its name, its style, or both. Codes that were given it stay as they are.",
        handler=edit_style,
        status=200,
        answer=PictureStyle,
        body=PictureStyleEdit,
        sent=examples.NEW_STYLE,
        ignored=READ_ONLY,
        parameters=(ID,),
        problems=(400, 404),
        example=examples.STYLE,
    ),
    Route(
        method="DELETE",
        path="/v1/styles/{id}",
        scope="write",
        summary="Delete a style",
        description="Codes that were given it stay as they are.",
        handler=delete_style,
        status=200,
        answer=Deleted,
        parameters=(ID,),
        problems=(404,),
        example=examples.DELETED,
    ),
)
