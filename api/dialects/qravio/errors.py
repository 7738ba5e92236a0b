"""How Qravio says that something went wrong: one sentence, with the field first."""

from typing import Annotated

import msgspec
from msgspec import Meta

from api.problems import Problem


class QravioError(msgspec.Struct, frozen=True):
    detail: Annotated[str, Meta(description="One sentence; where a field is at fault, it comes first.")]


def shape(problem: Problem) -> QravioError:
    if problem.field is None or problem.message.startswith(problem.field):
        return QravioError(problem.message)
    return QravioError(f"{problem.field}: {problem.message}")
