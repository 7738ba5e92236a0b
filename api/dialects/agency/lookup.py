"""Find the code that a `short_id` in the path names."""

from api.dialect import Call
from api.parameters import Parameter
from api.problems import Problem, not_found
from api.slug_lookup import find_by_slug
from schemas.code import Code

SHORT_ID = Parameter("short_id", "path", "The code's `short_id`.", {"type": "string"})


def no_such_code() -> Problem:
    return not_found("The QR does not exist or does not belong to you.")


def short_id(call: Call) -> str:
    found: str = call.request.path_params["short_id"]
    return found


async def find_code(call: Call) -> Code:
    """The code that the path names. Raises Problem (404)."""
    code = await find_by_slug(call.context, call.key.workspace, short_id(call))
    if code is None:
        raise no_such_code()
    return code
