"""Ask a question of a workspace: its codes by name, its plan's bounds, its turn in the queue."""

from datetime import date, datetime
from typing import Any

import msgspec
from clickhouse_connect.driver.client import Client

from analytics.imported import ImportedBeside, imported_beside
from analytics.query import code_names
from analytics.query.answer import Answer, answer
from analytics.query.bounds import Bounds
from analytics.query.catalogue import DIMENSIONS
from analytics.query.code_sets import ALL_CODES, CodeSet, selected
from analytics.query.filter_grammar import Condition
from analytics.query.grammar import Query, parse
from analytics.query.refusal import Refused
from api.context import ApiContext
from codes.code_attributes import CodeAttributes
from codes.code_table import EMPTY, TooManyCodes


class Asked:
    """An answer, the codes that it speaks of, and what other services counted of these. `complete_until` is None where
    nobody knows until when every scan is stored (no aggregator has said so yet): then all that are stored are
    counted."""

    def __init__(
        self, answer: Answer, imported: ImportedBeside, codes: CodeAttributes, complete_until: datetime | None
    ) -> None:
        self.answer = answer
        self.imported = imported
        self.codes = codes
        self.complete_until = complete_until


async def ask(context: ApiContext, workspace: int, question: dict[str, Any], *, whole: bool = False) -> Asked:
    """With `whole`, a question that names no limit has all its rows on one page. Raises Refused; Unavailable of codes
    and of analytics, and TooMany."""
    query = parse(question)
    codes = await _codes(context, workspace, query)
    plan = await context.codes.plan(workspace)
    if whole and "limit" not in question.get("pagination", {}):
        query = msgspec.structs.replace(query, limit=plan.question_groups)
    known = context.complete_until()
    found, imported = await context.questions.ask(
        _answer,
        code_names.named(query, codes),
        workspace=workspace,
        now=context.now(),
        complete_until=known or context.now(),
        codes=codes,
        bounds=Bounds(rows_read=plan.question_rows, groups=plan.question_groups),
    )
    return Asked(found, imported, codes, None if known is None else found.meta.complete_until)


def _answer(client: Client, /, query: Query, *, workspace: int, **given: Any) -> tuple[Answer, ImportedBeside]:
    found = answer(client, query, workspace=workspace, **given)
    first, last = (date.fromisoformat(one[:10]) for one in found.query["date_range"])
    return found, imported_beside(client, workspace, _chosen(query, given["codes"]), first, last)


def _chosen(query: Query, codes: CodeAttributes) -> CodeSet:
    """The codes that filters on codes alone leave. (Imported scans have little else that could be filtered on.)"""
    chosen = ALL_CODES
    for one in query.filters:
        if isinstance(one, Condition) and DIMENSIONS[one.dimension].family == "code" and one.operator != "matches":
            chosen &= selected(one, codes, lambda _texts, _patterns: ())
    return chosen


async def _codes(context: ApiContext, workspace: int, query: Query) -> CodeAttributes:
    """The workspace's codes, if the question is about any of their attributes."""
    about = [name for name in sorted(query.names()) if DIMENSIONS[name].family == "code"]
    if not about:
        return CodeAttributes(EMPTY)
    try:
        return await context.codes.attributes(workspace)
    except TooManyCodes as error:
        asked = {"dimensions": query.dimensions, "breakdowns": query.breakdowns}
        field = next((field for field, names in asked.items() if about[0] in names), "filters")
        raise Refused(
            field, f"{about[0]} cannot be asked for in a workspace of so many codes ({error}): leave it out"
        ) from None
