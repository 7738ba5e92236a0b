"""The code that a `short_id` stands for in the caller's workspace."""

from api.context import ApiContext
from api.dialect import Call
from api.parameters import Parameter
from api.problems import Problem, not_found
from codes import slugs
from schemas.code import Code

SHORT_ID = Parameter("short_id", "path", "The code's `short_id`.", {"type": "string"})


def no_such_code() -> Problem:
    return not_found("The QR does not exist or does not belong to you.")


def short_id(call: Call) -> str:
    found: str = call.request.path_params["short_id"]
    return found


async def find(context: ApiContext, workspace: int, slug: str) -> Code | None:
    """On the default short host, else on the workspace's own."""
    if not slugs.is_possible(slug):
        return None
    code = await context.codes.by_slug("", slug)
    if code is not None and code.workspace == workspace:
        return code
    for domain in await context.domains.list(workspace):
        if domain.verified_at_ms is not None:
            code = await context.codes.by_slug(domain.name, slug)
            if code is not None and code.workspace == workspace:
                return code
    return None


async def wanted(call: Call) -> Code:
    """The code that the path names. Raises Problem (404)."""
    code = await find(call.context, call.key.workspace, short_id(call))
    if code is None:
        raise no_such_code()
    return code
