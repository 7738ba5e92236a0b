"""Errors of `/api/v1`: one sentence that begins with the field at fault."""

from typing import Annotated

import msgspec
from msgspec import Meta

from api.problems import Problem

# Our name of a field → its name here.
_NAMES = {"destination": "destination_url", "label": "name", "status": "is_active"}


class AgencyFailure(msgspec.Struct, frozen=True):
    detail: Annotated[
        str, Meta(description="A sentence for people. It begins with the field or parameter at fault, if there is one.")
    ]


def shape(problem: Problem) -> AgencyFailure:
    if problem.field is None:
        return AgencyFailure(problem.message)
    field = _NAMES.get(problem.field, problem.field)
    has_field = problem.message.startswith((f"{field} ", f"{field}:"))
    return AgencyFailure(problem.message if has_field else f"{field}: {problem.message}")
