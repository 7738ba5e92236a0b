"""`/api/qr/codes`: making, reading and repointing one code."""

from contextlib import suppress

import msgspec
from starlette.responses import Response

from api.dialect import Call, Route
from api.dialects.exaroutes import data, examples, from_wire
from api.dialects.exaroutes.schemas import NewQrCode, QrCode, QrCodeUpdate, qr_code, secure
from api.parameters import Parameter
from api.parsing import read_object
from api.problems import Problem, not_found, problem_of
from api.responses import Json
from codes import etags
from codes.code_fields import Edit
from codes.errors import Conflict, Refused, Stale
from schemas.code import Code

ID = Parameter("id", "path", "The code's id: the last part of its `redirectUrl`.", {"type": "string"})


async def wanted(call: Call) -> Code:
    """The code that the path names. Raises Problem: 404 when there is none in the caller's workspace."""
    slug = call.request.path_params["id"]
    if (code := await _at(call, "", slug)) is not None:
        return code
    # Where two codes of a workspace have one slug, the one on the default host is meant.
    for domain in await call.context.domains.list(call.key.workspace):
        if (code := await _at(call, domain.name, slug)) is not None:
            return code
    raise not_found("there is no code with this id")


async def _at(call: Call, host: str, slug: str) -> Code | None:
    code = await call.context.codes.by_slug(host, slug)
    return code if code is not None and code.workspace == call.key.workspace else None


def _shown(call: Call, code: Code, status: int = 200) -> Response:
    call.shows(code)
    return Json(qr_code(code, call.context.settings.short_url), status)


async def create_qr_code(call: Call) -> Response:
    sent = await read_object(call.request)
    new = await from_wire.new_code(call.context, sent, call.key.id, call.key.workspace)
    new = msgspec.structs.replace(new, id=call.id())
    try:
        return _shown(call, await call.context.codes.create(call.key.workspace, new), 201)
    except (Refused, Conflict) as refused:
        raise from_wire.at_data(problem_of(refused)) from None


async def read_qr_code(call: Call) -> Response:
    return _shown(call, await wanted(call))


async def update_qr_code(call: Call) -> Response:
    sent = from_wire.known(await read_object(call.request), QrCodeUpdate)
    while True:
        code = await wanted(call)
        etags.check(code, call.match)
        check_open(code)
        edit = Edit(**data.changes_of(code, sent.destination, "destination"))
        # Only as it was looked at: a password may be set in between.
        with suppress(Stale):
            return _shown(
                call, await call.context.codes.edit(code.workspace, code.id, edit, match=[etags.etag_of(code)])
            )


def check_open(code: Code) -> None:
    """Raises Problem (409) for a code that is not to be changed here."""
    if kept := secure(code):
        why = " and ".join({"password": "protected by a password", "locked": "locked"}[reason] for reason in kept)
        raise Problem(409, "code_secured", f"the code is {why} and cannot be updated through this API")


ROUTES = (
    Route(
        method="POST",
        path="/api/qr/codes",
        scope="write",
        summary="Create a dynamic QR code",
        description="Answers once every redirector knows it. Its symbol holds `redirectUrl`; the printable image is "
        "fetched separately.",
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
        description="The code keeps its id and what is printed; only where it leads changes. A code with a page takes "
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
)
