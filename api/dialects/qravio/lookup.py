"""Which code a path names, and what its answer needs besides the code: the workspace's id, the domain's, its scans."""

from collections.abc import Mapping, Sequence

from analytics.totals import totals
from api.dialect import Call
from api.dialects.qravio.schemas import QravioCode
from api.dialects.qravio.to_wire import qr_code, static_code
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
    context = call.context
    redis = context.codes.redis

    async def check_folder(workspace: int, id: str) -> None:
        if not await folders.exists(redis, workspace, validation.storable("folder_id", id)):
            raise Refused("folder_id", "unknown_folder", "there is no such folder")

    return StaticCodes(
        redis,
        check_folder=check_folder,
        plans=context.codes.plans,
        now_ms=lambda: round(context.now().timestamp() * 1000),
    )


def identity(call: Call) -> str:
    """The id in the path. What cannot be an id is nobody's: a Problem (404)."""
    found: str = call.request.path_params["id"]
    if not index.is_id(found):
        raise no_such_code()
    return found


async def wanted(call: Call) -> Code | StaticCode:
    """The code that the path names. Raises Problem: 404 when there is none in the caller's workspace."""
    id = identity(call)
    code = await call.context.codes.get(call.key.workspace, id)
    found = code if code is not None else await statics(call).get(call.key.workspace, id)
    if found is None:
        raise no_such_code()
    return found


async def workspace_id(call: Call) -> str:
    found = await workspaces.get(call.context.codes.redis, call.key.workspace)
    return found.id if found else ""


async def scan_totals(call: Call, codes: Sequence[Code | StaticCode]) -> dict[int, int]:
    """How many scans each has had, by its birth. However many they are, the warehouse is asked once. Raises
    Unavailable."""
    births = [code.birth for code in codes if isinstance(code, Code)]
    counts = await call.context.questions.ask(totals, births, kinds=KINDS) if births else {}
    return {birth: total.n for birth, total in counts.items()}


async def shown(
    call: Call, codes: Sequence[Code | StaticCode], counts: Mapping[int, int], owner: str | None = None
) -> list[QravioCode]:
    """As they are answered, with `counts` of scans by their births."""
    owner = owner if owner is not None else await workspace_id(call)
    domains: dict[str, str] = {}
    if any(isinstance(code, Code) and code.host for code in codes):
        domains = {one.name: one.id for one in await call.context.domains.list(call.key.workspace)}
    base = call.context.settings.short_url
    return [
        static_code(code, workspace_id=owner)
        if isinstance(code, StaticCode)
        else qr_code(
            code,
            workspace_id=owner,
            domain_id=domains.get(code.host),
            total=counts.get(code.birth, 0),
            base=base,
        )
        for code in codes
    ]
