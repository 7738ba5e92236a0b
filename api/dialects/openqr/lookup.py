"""Find the code that a path names."""

from api.dialect import Call
from api.parameters import Parameter
from api.problems import Problem, not_found
from codes.index import is_id
from schemas.code import Code

ID = Parameter("id", "path", "The code's id (not its slug).", {"type": "string", "format": "uuid"})


def no_such_code() -> Problem:
    return not_found("there is no code with this id")


def code_id(call: Call) -> str:
    """The id in the path. Raises Problem: 404 for a text that is no id."""
    id: str = call.request.path_params["id"]
    if not is_id(id):
        raise no_such_code()
    return id


async def find_code(call: Call) -> Code:
    """The code that the path names. Raises Problem: 404 if the workspace has no such code."""
    code = await call.context.codes.get(call.key.workspace, code_id(call))
    if code is None:
        raise no_such_code()
    return code
