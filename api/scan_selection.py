"""Which scans a caller names: the dates, zone, kinds and filters of a question, as parameters of a URL."""

from collections.abc import Iterable

from analytics.query import code_names
from analytics.query.grammar import Query, parse
from analytics.query.refusal import Refused
from analytics.scan_rows import Selection
from api import query_parameters
from api.context import ApiContext
from api.parameters import Parameter
from api.problems import invalid
from codes.code_table import TooManyCodes

# What only a question has.
_QUESTIONS = {"metrics", "dimensions", "compare", "order_by", "include", "limit", "cursor"}
_TEXT = {"type": "string"}
PARAMETERS = (
    Parameter("date_range", "query", "As in `POST /v1/query`, a pair parted by a comma. Left out: `all`.", _TEXT),
    *(one for one in query_parameters.PARAMETERS if one.name not in {*_QUESTIONS, "date_range"}),
)


def scan_query(parameters: Iterable[tuple[str, str]]) -> Query:
    """Raises Refused."""
    sent = list(parameters)
    for name, _ in sent:
        if name in _QUESTIONS:
            known = ", ".join(one.name for one in PARAMETERS)
            raise Refused(name, f"is no parameter here; there are {known}")
    question = query_parameters.question(sent)
    if all(name != "date_range" for name, _ in sent):
        question["date_range"] = "all"
    return parse(question)


async def selected(context: ApiContext, workspace: int, query: Query) -> Selection:
    """Raises Refused, Problem, and Unavailable of codes."""
    try:
        codes = await context.codes.attributes(workspace)
    except TooManyCodes as error:
        raise invalid(None, f"scans cannot be listed in a workspace of so many codes ({error})") from None
    now = context.now()
    complete = context.complete_until() or now
    return Selection(code_names.named(query, codes), workspace, now, min(now, complete), codes)
