"""Find the code that a path names."""

from api.dialect import Call
from api.parameters import Parameter
from api.problems import not_found
from api.slug_lookup import find_by_slug
from schemas.code import Code

ID = Parameter("id", "path", "The code's id: the last part of its `redirectUrl`.", {"type": "string"})


async def find_code(call: Call) -> Code:
    """The code that the path names. Raises Problem: 404 if the workspace has no such code."""
    code = await find_by_slug(call.context, call.key.workspace, call.request.path_params["id"], unverified=True)
    if code is None:
        raise not_found("there is no code with this id")
    return code
