"""What a shared view may ask: of a code, any question about that code alone; of a report, its own question.

The server puts the code's filter into each question of a code's view, around whatever the client sent. Nothing about
codes is asked for by such a client: neither which there are, nor where one leads.
"""

from typing import Any

from analytics.query.catalogue import DIMENSIONS
from analytics.query.filter_grammar import conditions
from analytics.query.grammar import parse
from analytics.query.refusal import Refused
from analytics.window import instant
from api.context import ApiContext
from codes.errors import Refused as Invalid
from schemas.code import Code

# No shared view says where codes lead.
_HIDDEN = "code:destination"


def about_code(context: ApiContext, code: Code, sent: dict[str, Any]) -> dict[str, Any]:
    """The question as it is answered: all that was sent, of this code alone. Raises Refused."""
    query = parse(sent)
    for field, names in (("dimensions", query.dimensions), ("breakdowns", query.breakdowns)):
        for at, name in enumerate(names):
            if DIMENSIONS[name].family == "code":
                raise Refused(f"{field}[{at}]", "a shared view of a code shows nothing of codes")
    for one in conditions(query.filters):
        if DIMENSIONS[one.dimension].family == "code":
            raise Refused(f"{one.field}[1]", "a shared view of a code shows nothing of codes")
    question = {**sent, "filters": [["is", "code", [code.id]], *sent.get("filters", [])]}
    if sent["date_range"] == "all":
        # "All" begins with the first scan of the workspace, which is no business of this view.
        today = context.now().astimezone(query.zone).date()
        first = instant(code.created_at_ms).astimezone(query.zone).date()
        question["date_range"] = [str(min(first, today)), str(today)]
    return question


def check_report(query: dict[str, Any], field: str) -> None:
    """Raises Refused of codes for the question of a report that a shared view must not answer."""
    if _HIDDEN in parse(query).names():
        raise Invalid(field, "not_shareable", f"this report asks for {_HIDDEN}, which a shared view does not show")
