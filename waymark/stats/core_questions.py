"""Questions that the command asks the running core: of a workspace by its name, past the HTTP API."""

from typing import Any

import msgspec

from api import questions
from api.context import ApiContext
from api.dialects.openqr.query import to_wire
from api.dialects.openqr.query_schemas import QueryAnswer
from api.problems import EXPECTED_ERRORS, problem_of
from codes import workspaces
from infra import fair_queue
from infra.fair_queue import Owner


class Unanswered(RuntimeError):
    """Says why."""


class _Question(msgspec.Struct, frozen=True):
    workspace: str
    question: dict[str, Any]


async def answer(context: ApiContext | None, body: bytes) -> QueryAnswer:
    """The answer of `/v1/query` to the question in the body. Raises Unanswered."""
    if context is None:
        raise Unanswered("no API runs in this process; ask one with --url")
    asked = msgspec.json.decode(body, type=_Question)
    try:
        found = {each.name: each for each in await workspaces.all_workspaces(context.codes.redis)}
        if asked.workspace not in found:
            raise Unanswered(f"there is no workspace {asked.workspace!r}")
        number = found[asked.workspace].number
        fair_queue.owner.set(Owner(workspace=number, key="command"))
        return to_wire(await questions.ask(context, number, asked.question), context.settings.short_url)
    except EXPECTED_ERRORS as error:
        raise Unanswered(problem_of(error).message) from None
