"""Find the code that a path names, and what its answer needs besides: the workspace's id and the number of scans."""

from collections.abc import Sequence

from analytics.totals import totals
from api.dialect import Call
from api.imported_scans import imported_scans
from api.parameters import Parameter
from api.problems import Problem, not_found
from codes import folders, index, validation, workspaces
from codes.errors import Refused
from codes.static_codes import StaticCodes
from schemas.code import Code, StaticCode
from schemas.event import KINDS

ID = Parameter("id", "path", "The QR code's id.", {"type": "string", "format": "uuid"})


def no_such_code() -> Problem:
    return not_found("there is no QR code with this id in your workspace")


def statics(call: Call) -> StaticCodes:
    redis = call.context.codes.redis

    async def check_folder(workspace: int, id: str) -> None:
        if not await folders.exists(redis, workspace, validation.storable("folder_id", id)):
            raise Refused("folder_id", "unknown_folder", "there is no such folder")

    return StaticCodes(
        redis,
        check_folder=check_folder,
        plans=call.context.codes.plans,
        now_ms=call.context.now_ms,
    )


def code_id(call: Call) -> str:
    """The id in the path. Raises Problem: 404 for a text that is no id."""
    id: str = call.request.path_params["id"]
    if not index.is_id(id):
        raise no_such_code()
    return id


async def find_code(call: Call) -> Code | StaticCode:
    """The code that the path names, dynamic or static. Raises Problem: 404 if the workspace has no such code."""
    id = code_id(call)
    code = await call.context.codes.get(call.key.workspace, id)
    found = code if code is not None else await statics(call).get(call.key.workspace, id)
    if found is None:
        raise no_such_code()
    return found


async def workspace_id(call: Call) -> str:
    found = await workspaces.get(call.context.codes.redis, call.key.workspace)
    return found.id if found else ""


async def scan_totals(call: Call, codes: Sequence[Code | StaticCode]) -> dict[int, int]:
    """How many scans each code has had, by its birth, in one query of the warehouse. Raises Unavailable."""
    births = [code.birth for code in codes if isinstance(code, Code)]
    counts = await call.context.questions.ask(totals, call.key.workspace, births, kinds=KINDS) if births else {}
    past = await imported_scans(call, births, KINDS)
    return {birth: total.n + past.get(birth, 0) for birth, total in counts.items()}
