"""`/v1/folders`: what codes are filed in."""

from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType
from starlette.responses import Response

from api.dialect import Call, Route
from api.dialects.openqr import examples
from api.dialects.openqr.schemas import Deleted, second
from api.parameters import Parameter
from api.parsing import convert, read_object
from api.problems import Problem, not_found
from api.responses import Json
from codes import folders
from codes.errors import Missing
from schemas.code import Folder

READ_ONLY = frozenset({"id", "created_at"})
ID = Parameter("id", "path", "The folder's id.", {"type": "string", "format": "uuid"})
_NAME = Meta(description="Two folders may have the same.", extra_json_schema={"maxLength": folders.MAX_NAME})


class CodeFolder(msgspec.Struct, frozen=True):
    id: Annotated[str, Meta(extra_json_schema={"format": "uuid"})]
    name: Annotated[str, _NAME]
    created_at: Annotated[str, Meta(extra_json_schema={"format": "date-time"})]


class CodeFolders(msgspec.Struct, frozen=True):
    folders: Annotated[list[CodeFolder], Meta(description="Oldest first.")]


class NewCodeFolder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: Annotated[str, _NAME]


class CodeFolderEdit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: Annotated[str, _NAME] | UnsetType = UNSET


def _shown(folder: Folder) -> CodeFolder:
    return CodeFolder(folder.id, folder.name, second(folder.created_at_ms))


def _no_such_folder() -> Problem:
    return not_found("there is no folder with this id")


def _now_ms(call: Call) -> int:
    return round(call.context.now().timestamp() * 1000)


async def list_folders(call: Call) -> Response:
    found = await folders.all(call.context.codes.redis, call.key.workspace)
    return Json(CodeFolders([_shown(folder) for folder in found]))


async def create_folder(call: Call) -> Response:
    sent = convert(await read_object(call.request), NewCodeFolder, READ_ONLY)
    now_ms = _now_ms(call)
    made = await folders.create(
        call.context.codes.redis, call.key.workspace, sent.name, id=call.id(), now_ms=lambda: now_ms
    )
    return Json(_shown(made), 201)


async def edit_folder(call: Call) -> Response:
    redis, workspace, id = call.context.codes.redis, call.key.workspace, call.request.path_params["id"]
    sent = convert(await read_object(call.request), CodeFolderEdit, READ_ONLY)
    if sent.name is not UNSET:
        try:
            return Json(_shown(await folders.rename(redis, workspace, id, sent.name)))
        except Missing:
            raise _no_such_folder() from None
    folder = await folders.get(redis, workspace, id)
    if folder is None:
        raise _no_such_folder()
    return Json(_shown(folder))


async def delete_folder(call: Call) -> Response:
    now_ms = _now_ms(call)
    gone = await folders.delete(
        call.context.codes.redis, call.key.workspace, call.request.path_params["id"], now_ms=lambda: now_ms
    )
    if not gone:
        raise _no_such_folder()
    return Json(Deleted())


ROUTES = (
    Route(
        method="GET",
        path="/v1/folders",
        scope="read",
        summary="List folders",
        description="All of the workspace's folders. `GET /v1/dynamic?folder_id=` lists the codes of one.",
        handler=list_folders,
        status=200,
        answer=CodeFolders,
        example=examples.FOLDERS,
    ),
    Route(
        method="POST",
        path="/v1/folders",
        scope="write",
        summary="Create a folder",
        description="How many a workspace may have is in its plan.",
        handler=create_folder,
        status=201,
        answer=CodeFolder,
        body=NewCodeFolder,
        sent=examples.NEW_FOLDER,
        ignored=READ_ONLY,
        problems=(400,),
        example=examples.FOLDER,
        creates=True,
    ),
    Route(
        method="PATCH",
        path="/v1/folders/{id}",
        scope="write",
        summary="Rename a folder",
        description="Its id and its codes stay.",
        handler=edit_folder,
        status=200,
        answer=CodeFolder,
        body=CodeFolderEdit,
        sent=examples.NEW_FOLDER,
        ignored=READ_ONLY,
        parameters=(ID,),
        problems=(400, 404),
        example=examples.FOLDER,
    ),
    Route(
        method="DELETE",
        path="/v1/folders/{id}",
        scope="write",
        summary="Delete a folder",
        description="Its codes are not deleted: they are in no folder then.",
        handler=delete_folder,
        status=200,
        answer=Deleted,
        parameters=(ID,),
        problems=(404,),
        example=examples.DELETED,
    ),
)
