"""`/v1/dynamic`: making, reading, editing and deleting one code."""

from starlette.responses import Response

from api.dialect import Call, Route
from api.dialects.openqr import examples, from_wire
from api.dialects.openqr.schemas import Deleted, DynamicCode, DynamicCodeEdit, NewDynamicCode, dynamic_code
from api.parameters import Parameter
from api.parsing import convert, read_object
from api.problems import Problem, not_found
from api.responses import Json
from codes.code_fields import Edit, NewCode
from codes.index import is_id
from schemas.code import Code

# Sent back by clients that read, change and write; ignored.
READ_ONLY = frozenset({"id", "short_url", "created_at", "updated_at", "has_password"})
ID = Parameter("id", "path", "The code's id (not its slug).", {"type": "string", "format": "uuid"})


def identity(call: Call) -> str:
    """The id in the path. What cannot be an id is nobody's: a Problem (404)."""
    found: str = call.request.path_params["id"]
    if not is_id(found):
        raise _no_such_code()
    return found


async def wanted(call: Call) -> Code:
    """The code that the path names. Raises Problem: 404 when there is none in the caller's workspace."""
    code = await call.context.codes.get(call.key.workspace, identity(call))
    if code is None:
        raise _no_such_code()
    return code


def _no_such_code() -> Problem:
    return not_found("there is no code with this id")


def _shown(call: Call, code: Code, status: int = 200) -> Response:
    call.shows(code)
    return Json(dynamic_code(code, call.context.settings.short_url), status)


async def create_code(call: Call) -> Response:
    sent = convert(await read_object(call.request), NewDynamicCode, READ_ONLY)
    new = NewCode(**from_wire.given(sent), created_by=call.key.id, id=call.id())
    return _shown(call, await call.context.codes.create(call.key.workspace, new), 201)


async def read_code(call: Call) -> Response:
    return _shown(call, await wanted(call))


async def edit_code(call: Call) -> Response:
    at = identity(call)
    sent = convert(await read_object(call.request), DynamicCodeEdit, READ_ONLY)
    edit = Edit(**from_wire.given(sent))
    return _shown(call, await call.context.codes.edit(call.key.workspace, at, edit, match=call.match))


async def delete_code(call: Call) -> Response:
    if not await call.context.codes.delete(call.key.workspace, identity(call), match=call.match):
        raise _no_such_code()
    return Json(Deleted())


ROUTES = (
    Route(
        method="POST",
        path="/v1/dynamic",
        scope="write",
        summary="Create a code",
        description="Answers once every redirector knows it: a scan that comes next is sent to `destination`.",
        handler=create_code,
        status=201,
        answer=DynamicCode,
        body=NewDynamicCode,
        sent=examples.NEW,
        ignored=READ_ONLY,
        problems=(400, 409),
        example=examples.CODE,
        creates=True,
        tagged=True,
    ),
    Route(
        method="GET",
        path="/v1/dynamic/{id}",
        scope="read",
        summary="Read a code",
        description="The code as it is now.",
        handler=read_code,
        status=200,
        answer=DynamicCode,
        parameters=(ID,),
        problems=(404,),
        example=examples.CODE,
        tagged=True,
    ),
    Route(
        method="PATCH",
        path="/v1/dynamic/{id}",
        scope="write",
        summary="Edit a code",
        description="Send only what is to change. When it has answered, no scan is sent to the old destination. "
        "Null clears what can be empty. A changed `slug` moves the short link: the old one stops "
        "resolving, and only this workspace can take it again; with `keep_old` it stays as one of the `aliases`. "
        "Fields that cannot be written (`id`, `short_url`, `created_at`, `updated_at`, `has_password`) are ignored, "
        "unknown ones are refused.",
        handler=edit_code,
        status=200,
        answer=DynamicCode,
        body=DynamicCodeEdit,
        sent=examples.EDIT,
        ignored=READ_ONLY,
        parameters=(ID,),
        problems=(400, 404, 409),
        example={**examples.CODE, **examples.EDIT},
        tagged=True,
    ),
    Route(
        method="DELETE",
        path="/v1/dynamic/{id}",
        scope="write",
        summary="Delete a code",
        description="The short link stops resolving at once, and the code's scans are erased.",
        handler=delete_code,
        status=200,
        answer=Deleted,
        parameters=(ID,),
        problems=(404,),
        example=examples.DELETED,
        tagged=True,
    ),
)
