"""`/v1/folders`: list, create, rename and delete the folders of codes."""

from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType
from starlette.responses import Response

from api.dialect import Call, Route
from api.dialects.openqr import examples
from api.dialects.openqr.schemas import Deleted
from api.parameters import Parameter
from api.parsing import convert, read_object
from api.problems import Problem, not_found
from api.responses import Json
from api.timestamps import second
from codes import folders
from codes.errors import Missing
from schemas.code import Folder

READ_ONLY = frozenset({"id", "created_at"})
ID = Parameter("id", "path", "The folder's id.", {"type": "string", "format": "uuid"})
_NAME = Meta(description="Need not be unique.", extra_json_schema={"maxLength": folders.MAX_NAME})


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


def _to_wire(folder: Folder) -> CodeFolder:
    return CodeFolder(folder.id, folder.name, second(folder.created_at_ms))


def _no_such_folder() -> Problem:
    return not_found("there is no folder with this id")


async def list_folders(call: Call) -> Response:
    found = await folders.list_folders(call.context.codes.redis, call.key.workspace)
    return Json(CodeFolders([_to_wire(folder) for folder in found]))


async def create_folder(call: Call) -> Response:
    sent = convert(await read_object(call.request), NewCodeFolder, READ_ONLY)
    made = await folders.create(
        call.context.codes.redis,
        call.key.workspace,
        sent.name,
        plans=call.context.codes.plans,
        id=call.id(),
        now_ms=call.context.now_ms,
    )
    return Json(_to_wire(made), 201)


async def edit_folder(call: Call) -> Response:
    redis, workspace, id = call.context.codes.redis, call.key.workspace, call.request.path_params["id"]
    sent = convert(await read_object(call.request), CodeFolderEdit, READ_ONLY)
    if sent.name is not UNSET:
        try:
            return Json(_to_wire(await folders.rename(redis, workspace, id, sent.name)))
        except Missing:
            raise _no_such_folder() from None
    folder = await folders.get(redis, workspace, id)
    if folder is None:
        raise _no_such_folder()
    return Json(_to_wire(folder))


async def delete_folder(call: Call) -> Response:
    gone = await folders.delete(
        call.context.codes.redis, call.key.workspace, call.request.path_params["id"], now_ms=call.context.now_ms
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
        description="The workspace's plan limits how many there may be.",
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
        description="It keeps its id and its codes.",
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
        description="Its codes stay, in no folder.",
        handler=delete_folder,
        status=200,
        answer=Deleted,
        parameters=(ID,),
        problems=(404,),
        example=examples.DELETED,
    ),
)
