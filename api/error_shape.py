"""How `/v1` says that something went wrong: one shape for everything."""

from typing import Annotated

import msgspec
from msgspec import Meta

from api.errors import Problem


class Fault(msgspec.Struct, frozen=True):
    code: Annotated[str, Meta(description="A word for programs; it does not change.", examples=["slug_taken"])]
    message: Annotated[str, Meta(description="A sentence for people.")]
    field: Annotated[
        str | None,
        Meta(description="The field or parameter at fault, `body` for one that cannot be read, or null."),
    ]


class Failure(msgspec.Struct, frozen=True):
    error: Fault


def shape(problem: Problem) -> Failure:
    return Failure(Fault(problem.code, problem.message, problem.field))
