"""`/api/qr/codes`: list, create and read codes, and change where they lead."""

from contextlib import suppress

import msgspec
from starlette.responses import Response

from api.dialect import Call, Route
from api.dialects.exaroutes import examples, from_wire
from api.dialects.exaroutes.lookup import ID, find_code
from api.dialects.exaroutes.pagination import CURSOR, LIMIT, STATUS, TYPE, read_page, sent_cursor, sent_filter
from api.dialects.exaroutes.schemas import NewQrCode, QrCode, QrCodePage, QrCodeUpdate, QrPagination
from api.dialects.exaroutes.to_wire import qr_code, secure
from api.parsing import read_object
from api.problems import Problem, problem_of
from api.responses import Json
from codes import etags
from codes.code_fields import Edit
from codes.errors import Conflict, Refused, Stale
from schemas.code import Code


def _answer(call: Call, code: Code, status: int = 200) -> Response:
    call.set_etag(code)
    return Json(qr_code(code, call.context.settings.short_url), status)


async def list_qr_codes(call: Call) -> Response:
    limit, start = LIMIT.read(call.request), sent_cursor(call)
    codes, total = await read_page(call, start, limit, sent_filter(call))
    next_cursor = str(start + limit) if start + limit < total else None
    base = call.context.settings.short_url
    page = [qr_code(code, base) for code in codes]
    return Json(QrCodePage(page, QrPagination(total, limit, str(start), next_cursor)))


async def create_qr_code(call: Call) -> Response:
    sent = await read_object(call.request)
    new = await from_wire.new_code(call.context, sent, call.key.id, call.key.workspace)
    new = msgspec.structs.replace(new, id=call.id())
    try:
        return _answer(call, await call.context.codes.create(call.key.workspace, new), 201)
    except (Refused, Conflict) as error:
        raise from_wire.with_sent_field(problem_of(error)) from None


async def read_qr_code(call: Call) -> Response:
    return _answer(call, await find_code(call))


async def update_qr_code(call: Call) -> Response:
    sent = from_wire.convert_known(await read_object(call.request), QrCodeUpdate)
    while True:
        code = await find_code(call)
        etags.check(code, call.match)
        _check_not_secured(code)
        edit = Edit(**from_wire.changes_of(code, sent.destination, "destination"))
        # Only if it has not changed since it was checked: a password may have been set in between.
        with suppress(Stale):
            return _answer(
                call,
                await call.context.codes.edit(
                    code.workspace, code.id, edit, match=[etags.etag_of(code)], by=call.actor
                ),
            )


def _check_not_secured(code: Code) -> None:
    """Raises Problem (409) for a code that cannot be changed here."""
    if reasons := secure(code):
        why = " and ".join({"password": "protected by a password", "locked": "locked"}[reason] for reason in reasons)
        raise Problem(409, "code_secured", f"the code is {why} and cannot be updated through this API")


ROUTES = (
    Route(
        method="POST",
        path="/api/qr/codes",
        scope="write",
        summary="Create a dynamic QR code",
        description="Answers once every redirector knows the code. The QR code holds `redirectUrl`; the printable "
        "image is fetched separately.",
        handler=create_qr_code,
        status=201,
        answer=QrCode,
        body=NewQrCode,
        sent=examples.NEW,
        problems=(400,),
        example=examples.CODE,
        creates=True,
        tagged=True,
    ),
    Route(
        method="GET",
        path="/api/qr/codes/{id}",
        scope="read",
        summary="Get one QR code",
        description="The code as it is now.",
        handler=read_qr_code,
        status=200,
        answer=QrCode,
        parameters=(ID,),
        problems=(404,),
        example=examples.CODE,
        tagged=True,
    ),
    Route(
        method="PUT",
        path="/api/qr/codes/{id}",
        scope="write",
        summary="Update a QR code's destination",
        description="The id and the printed QR code stay; only the destination changes. A code with a page takes "
        "a new payload of its type. Codes that are locked or have a password are refused (409).",
        handler=update_qr_code,
        status=200,
        answer=QrCode,
        body=QrCodeUpdate,
        sent=examples.UPDATE,
        parameters=(ID,),
        problems=(400, 404, 409),
        example={**examples.CODE, **examples.UPDATE},
        tagged=True,
    ),
    Route(
        method="GET",
        path="/api/qr/codes",
        scope="read",
        summary="List QR codes",
        description="Every dynamic code of the workspace, whichever API made it, newest first.",
        handler=list_qr_codes,
        status=200,
        answer=QrCodePage,
        parameters=(LIMIT, CURSOR, TYPE, STATUS),
        problems=(400,),
        example=examples.PAGE,
    ),
)
