"""Errors of Qravio's API: one sentence, with the field first."""

from typing import Annotated

import msgspec
from msgspec import Meta

from api.problems import Problem


class QravioError(msgspec.Struct, frozen=True):
    detail: Annotated[str, Meta(description="One sentence; it begins with the field at fault, if there is one.")]


def shape(problem: Problem) -> QravioError:
    if problem.field is None or problem.message.startswith(problem.field):
        return QravioError(problem.message)
    return QravioError(f"{problem.field}: {problem.message}")
