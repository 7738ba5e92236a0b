"""`/qrcodes`: list, create, read, edit and delete QR codes."""

from collections.abc import Mapping

import msgspec
from msgspec import UNSET
from starlette.responses import Response

from api.dialect import Call, Route
from api.dialects.qravio import examples, from_wire, to_wire
from api.dialects.qravio.lookup import ID, code_id, find_code, no_such_code, scan_totals, statics, workspace_id
from api.dialects.qravio.pagination import stream_codes
from api.dialects.qravio.schemas import NewQravioCode, QravioCode, QravioCodeEdit
from api.parsing import read_object
from api.problems import invalid
from api.responses import Json, no_content
from codes import etags
from codes.errors import Stale, Unavailable
from schemas.code import Code, StaticCode

PATH = "/api/public/v1/qrcodes"
MAX_ATTEMPTS = 10


async def _answer(call: Call, code: Code | StaticCode, counts: Mapping[int, int], status: int = 200) -> Response:
    # The answer has its scans, too, which are no change of the code.
    call.set_etag(code, alone=isinstance(code, StaticCode))
    return Json((await to_wire.qravio_codes(call, [code], counts, await workspace_id(call)))[0], status)


async def _domain_host(call: Call, id: str | None) -> str:
    """The host of a custom domain; "" is the default host. Raises Problem."""
    if id is None:
        return ""
    domain = await call.context.domains.get(call.key.workspace, id)
    if domain is None or domain.verified_at_ms is None:
        raise invalid("custom_domain_id", "there is no such verified domain in this workspace", "unknown_domain")
    return domain.name


async def list_qravio_codes(call: Call) -> Response:
    return await stream_codes(call)


async def create_qravio_code(call: Call) -> Response:
    sent = from_wire.convert_known(await read_object(call.request), NewQravioCode)
    if sent.category == "static":
        new_static = from_wire.new_static(sent, created_by=call.key.id, id=call.id())
        return await _answer(call, await statics(call).create(call.key.workspace, new_static), {}, 201)
    host = await _domain_host(call, sent.custom_domain_id)
    new, sent_entries = from_wire.new_code(sent, host, created_by=call.key.id, id=call.id())
    with from_wire.sent_names(sent_entries):
        return await _answer(call, await call.context.codes.create(call.key.workspace, new), {}, 201)


async def read_qravio_code(call: Call) -> Response:
    code = await find_code(call)
    return await _answer(call, code, await scan_totals(call, [code]))


async def edit_qravio_code(call: Call) -> Response:
    sent = from_wire.convert_known(await read_object(call.request), QravioCodeEdit)
    for _ in range(MAX_ATTEMPTS):
        code = await find_code(call)
        etags.check(code, call.match)
        try:
            if isinstance(code, StaticCode):
                return await _answer(call, await _edit_static(call, sent, code), {})
            # Before the edit: if the warehouse is away, nothing has changed.
            counts = await scan_totals(call, [code])
            return await _answer(call, await _edit_code(call, sent, code), counts)
        except Stale:
            # What the edit means depends on the code, which has changed meanwhile.
            continue
    raise Unavailable("the code is changed by too many at once")


async def _edit_code(call: Call, sent: QravioCodeEdit, code: Code) -> Code:
    host: str | msgspec.UnsetType = UNSET
    if sent.custom_domain_id is not UNSET:
        host = await _domain_host(call, sent.custom_domain_id)
    current = to_wire.destinations(code, call.context.settings.short_url)
    edit, sent_entries = from_wire.edit_of_code(sent, code, current, host)
    with from_wire.sent_names(sent_entries):
        return await call.context.codes.edit(
            call.key.workspace, code.id, edit, match={etags.etag_of(code)}, by=call.actor
        )


async def _edit_static(call: Call, sent: QravioCodeEdit, code: StaticCode) -> StaticCode:
    edit = from_wire.edit_of_static(sent)
    return await statics(call).edit(call.key.workspace, code.id, edit, match={etags.etag_of(code)})


async def delete_qravio_code(call: Call) -> Response:
    workspace, id = call.key.workspace, code_id(call)
    if not (
        await call.context.codes.delete(workspace, id, match=call.match)
        or await statics(call).delete(workspace, id, match=call.match)
    ):
        raise no_such_code()
    return no_content()


ROUTES = (
    Route(
        method="GET",
        path=PATH,
        scope="read",
        summary="List QR codes",
        description="Every QR code in the API key's workspace, newest first, whoever made it. Lists of more than "
        "1,000 are streamed; after an error the connection ends before the array does.",
        handler=list_qravio_codes,
        status=200,
        answer=list[QravioCode],
        example=[examples.CODE],
    ),
    Route(
        method="POST",
        path=PATH,
        scope="write",
        summary="Create a QR code",
        description="Answers once every redirector knows the code. A dynamic `website` needs `destinations`; other "
        "dynamic types show a page made of `content`. Unknown fields are ignored.",
        handler=create_qravio_code,
        status=201,
        answer=QravioCode,
        body=NewQravioCode,
        sent=examples.NEW,
        problems=(402, 409, 422),
        example=examples.CODE,
        creates=True,
        tagged=True,
    ),
    Route(
        method="GET",
        path=PATH + "/{id}",
        scope="read",
        summary="Retrieve a QR code",
        description="The QR code as it is now.",
        handler=read_qravio_code,
        status=200,
        answer=QravioCode,
        parameters=(ID,),
        tagged=True,
        problems=(404,),
        example=examples.CODE,
    ),
    Route(
        method="PATCH",
        path=PATH + "/{id}",
        scope="write",
        summary="Update a QR code",
        description="Send only what changes. `destinations` replaces all; an entry with the id, the letter or "
        "else the address of an existing one is that one. After the answer, no scan goes to an old destination.",
        handler=edit_qravio_code,
        status=200,
        answer=QravioCode,
        body=QravioCodeEdit,
        sent=examples.EDIT,
        parameters=(ID,),
        tagged=True,
        problems=(402, 404, 409, 422),
        example={**examples.CODE, **examples.EDIT},
    ),
    Route(
        method="DELETE",
        path=PATH + "/{id}",
        scope="write",
        summary="Delete a QR code",
        description="The short link stops resolving at once, and the code's scans are erased.",
        handler=delete_qravio_code,
        status=204,
        answer=None,
        parameters=(ID,),
        tagged=True,
        problems=(404,),
    ),
)
