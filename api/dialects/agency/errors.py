"""How `/api/v1` says that something went wrong: one sentence, which begins with the field at fault."""

from typing import Annotated

import msgspec
from msgspec import Meta

from api.problems import Problem

# The domain's names of fields, as they are called here.
_NAMES = {"destination": "destination_url", "label": "name", "status": "is_active"}


class AgencyFailure(msgspec.Struct, frozen=True):
    detail: Annotated[
        str, Meta(description="A sentence for people. It begins with the field or parameter at fault, if there is one.")
    ]


def shape(problem: Problem) -> AgencyFailure:
    if problem.field is None:
        return AgencyFailure(problem.message)
    field = _NAMES.get(problem.field, problem.field)
    told = problem.message.startswith((f"{field} ", f"{field}:"))
    return AgencyFailure(problem.message if told else f"{field}: {problem.message}")
