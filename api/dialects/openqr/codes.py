"""`/v1/dynamic`: list, create, read, edit and delete codes."""

from starlette.responses import Response

from api.dialect import Call, Route
from api.dialects.openqr import examples, from_wire
from api.dialects.openqr.lookup import ID, code_id, find_code, no_such_code
from api.dialects.openqr.pagination import (
    CURSOR,
    FOLDER,
    IDS,
    LIMIT,
    MAX_READ,
    QUERY,
    STATUS,
    TAG,
    read_page,
    sent_cursor,
    sent_filter,
    sent_ids,
)
from api.dialects.openqr.schemas import Deleted, DynamicCode, DynamicCodeEdit, DynamicCodePage, NewDynamicCode
from api.dialects.openqr.to_wire import dynamic_code
from api.parsing import convert, read_object
from api.responses import Json
from codes.code_fields import Edit, NewCode
from schemas.code import Code

# Ignored in what is sent: clients may send back what they have read.
READ_ONLY = frozenset(DynamicCode.__struct_fields__) - frozenset(NewDynamicCode.__struct_fields__)


def _answer(call: Call, code: Code, status: int = 200) -> Response:
    call.set_etag(code)
    return Json(dynamic_code(code, call.context.settings.short_url), status)


async def list_codes(call: Call) -> Response:
    limit, before = LIMIT.read(call.request), sent_cursor(call)
    wanted = sent_filter(call)
    if ids := sent_ids(call):
        found, next_cursor = await call.context.codes.those(call.key.workspace, ids), None
        codes = [code for code in found if wanted.matches(code)]
    else:
        codes, next_cursor = await read_page(call, limit, before, wanted)
    base = call.context.settings.short_url
    return Json(DynamicCodePage([dynamic_code(code, base) for code in codes], next_cursor))


async def create_code(call: Call) -> Response:
    sent = convert(await read_object(call.request), NewDynamicCode, READ_ONLY)
    new = NewCode(**from_wire.code_fields(sent), created_by=call.key.id, id=call.id())
    return _answer(call, await call.context.codes.create(call.key.workspace, new), 201)


async def read_code(call: Call) -> Response:
    return _answer(call, await find_code(call))


async def edit_code(call: Call) -> Response:
    id = code_id(call)
    sent = convert(await read_object(call.request), DynamicCodeEdit, READ_ONLY)
    edit = Edit(**from_wire.code_fields(sent))
    return _answer(call, await call.context.codes.edit(call.key.workspace, id, edit, match=call.match, by=call.actor))


async def delete_code(call: Call) -> Response:
    if not await call.context.codes.delete(call.key.workspace, code_id(call), match=call.match):
        raise no_such_code()
    return Json(Deleted())


ROUTES = (
    Route(
        method="GET",
        path="/v1/dynamic",
        scope="read",
        summary="List codes",
        description="The workspace's codes, newest first, whoever made them. A page of a filtered list reads "
        f"{MAX_READ:,} codes.",
        handler=list_codes,
        status=200,
        answer=DynamicCodePage,
        parameters=(LIMIT, CURSOR, QUERY, TAG, FOLDER, STATUS, IDS),
        problems=(400,),
        example=examples.PAGE,
    ),
    Route(
        method="POST",
        path="/v1/dynamic",
        scope="write",
        summary="Create a code",
        description="Answers once every redirector knows the code: the very next scan goes to `destination`.",
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
        description="Send only what changes. After the answer, no scan goes to the old destination. "
        "Null clears what can be empty. A changed `slug` moves the short link: the old one stops "
        "resolving, and only this workspace can take it again; with `keep_old` it becomes one of the `aliases`. "
        "Read-only fields (`id`, `short_url`, `created_at`, `updated_at`, `has_password`) are ignored, "
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
