"""`/api/v1/dynamic/`: list, create, read, edit and delete dynamic QRs."""

from calendar import monthrange
from datetime import datetime

import msgspec
from starlette.responses import Response

import analytics.types
from analytics.totals import Total, totals
from api.dialect import Call, Route
from api.dialects.agency import examples, from_wire, pagination
from api.dialects.agency.lookup import SHORT_ID, find_code, no_such_code
from api.dialects.agency.schemas import AgencyCode, AgencyCodeEdit, AgencyCodePage, NewAgencyCode
from api.dialects.agency.to_wire import agency_code
from api.imported_scans import imported_scans
from api.parsing import convert, read_object
from api.problems import unavailable
from api.responses import Json, no_content
from codes.code_fields import Edit, NewCode
from schemas.code import Code
from schemas.event import KINDS

# Ignored in what is sent, like unknown fields: clients may send back what they have read.
READ_ONLY = frozenset(AgencyCode.__struct_fields__) - frozenset(NewAgencyCode.__struct_fields__)
SLUG_LENGTH = 8
KEPT_MONTHS = 13
LIST = "/api/v1/dynamic/"
ONE = "/api/v1/dynamic/{short_id}/"


async def _scans(call: Call, codes: list[Code]) -> dict[int, Total]:
    births = [code.birth for code in codes]
    found = await call.context.questions.ask(totals, call.key.workspace, births, kinds=KINDS)
    past = await imported_scans(call, births, KINDS)
    return {birth: msgspec.structs.replace(one, n=one.n + past.get(birth, 0)) for birth, one in found.items()}


def _answer(call: Call, code: Code, scans: Total, status: int = 200) -> Response:
    call.set_etag(code, alone=False)
    return Json(agency_code(code, scans, call.context.settings.short_url), status)


async def list_qrs(call: Call) -> Response:
    page = pagination.sent_page(call, LIST, await call.context.codes.count(call.key.workspace))
    codes = await call.context.codes.part(call.key.workspace, page.start, page.size)
    scans = await _scans(call, codes)
    base = call.context.settings.short_url
    results = [agency_code(code, scans[code.birth], base) for code in codes]
    return Json(AgencyCodePage(page.count, page.next, page.previous, results))


async def create_qr(call: Call) -> Response:
    sent = await read_object(call.request)
    fields = from_wire.code_fields(convert(sent, NewAgencyCode, sent.keys()))
    new = NewCode(**fields, slug_length=SLUG_LENGTH, created_by=call.key.id, id=call.id())
    return _answer(call, await call.context.codes.create(call.key.workspace, new), Total(), 201)


async def read_qr(call: Call) -> Response:
    code = await find_code(call)
    return _answer(call, code, (await _scans(call, [code]))[code.birth])


async def edit_qr(call: Call) -> Response:
    code = await find_code(call)
    sent = await read_object(call.request)
    edit = Edit(**from_wire.code_fields(convert(sent, AgencyCodeEdit, sent.keys()), code))
    code = await call.context.codes.edit(call.key.workspace, code.id, edit, match=call.match, by=call.actor)
    try:
        scans = await _scans(call, [code])
    except analytics.types.Unavailable:
        # Pausing a code must not wait for the warehouse, and counts are never invented.
        raise unavailable("the edit is in force, but its scans cannot be counted now: the warehouse is away") from None
    return _answer(call, code, scans[code.birth])


async def delete_qr(call: Call) -> Response:
    code = await find_code(call)
    until = _months_after(call.context.now(), KEPT_MONTHS)
    gone = await call.context.codes.delete(
        call.key.workspace, code.id, keep_until_ms=round(until.timestamp() * 1000), match=call.match
    )
    if not gone:
        raise no_such_code()
    return no_content()


def _months_after(moment: datetime, months: int) -> datetime:
    """The same day of the month `months` later, or the last day of that month."""
    years, month = divmod(moment.month - 1 + months, 12)
    year, month = moment.year + years, month + 1
    return moment.replace(year=year, month=month, day=min(moment.day, monthrange(year, month)[1]))


ROUTES = (
    Route(
        method="GET",
        path=LIST,
        scope="read",
        summary="List dynamic QRs",
        description="The workspace's dynamic QRs, newest first, whoever made them, by page number.",
        handler=list_qrs,
        status=200,
        answer=AgencyCodePage,
        parameters=(pagination.PAGE, pagination.PAGE_SIZE),
        problems=(400, 404),
        example=examples.PAGE,
    ),
    Route(
        method="POST",
        path=LIST,
        scope="write",
        summary="Create a dynamic QR",
        description="Creates the code only; `POST /api/v1/generate/` also draws it. 403 if the plan allows no more "
        "active codes.",
        handler=create_qr,
        status=201,
        answer=AgencyCode,
        body=NewAgencyCode,
        sent=examples.NEW,
        ignored=READ_ONLY,
        problems=(400, 409),
        example=examples.NEW_CODE,
        creates=True,
        tagged=True,
    ),
    Route(
        method="GET",
        path=ONE,
        scope="read",
        summary="Retrieve a dynamic QR",
        description="As in the list.",
        handler=read_qr,
        status=200,
        answer=AgencyCode,
        parameters=(SHORT_ID,),
        problems=(404,),
        example=examples.CODE,
        tagged=True,
    ),
    Route(
        method="PATCH",
        path=ONE,
        scope="write",
        summary="Update a dynamic QR",
        description="Send only what changes. After the answer, no scan goes to the old destination. Read-only and "
        "unknown fields are ignored. 402 if the plan allows no more changes of the destination.",
        handler=edit_qr,
        status=200,
        answer=AgencyCode,
        body=AgencyCodeEdit,
        sent=examples.EDIT,
        ignored=READ_ONLY,
        parameters=(SHORT_ID,),
        problems=(400, 404, 409),
        example=examples.EDITED,
        tagged=True,
    ),
    Route(
        method="DELETE",
        path=ONE,
        scope="write",
        summary="Delete a dynamic QR",
        description="The short link stops working at once. The scans are kept for 13 months, and their "
        "analytics stay readable here.",
        handler=delete_qr,
        status=204,
        answer=None,
        parameters=(SHORT_ID,),
        problems=(404,),
        tagged=True,
    ),
)
