"""`GET /v1/stream`: the scans of a workspace as they are stored, as server-sent events."""

from starlette.responses import Response

from analytics import feed
from analytics.feed_position import Unreadable
from analytics.query import code_names
from analytics.query.grammar import parse
from analytics.query.refusal import Refused
from api import query_parameters
from api.dialect import Call, Route
from api.parameters import Parameter
from api.problems import Problem, invalid
from api.stream.selection import Selection, check, selection_of
from api.stream.stream import Start
from codes.code_table import TooManyCodes

HEADER = "Last-Event-ID"
PARAMETER = "last_event_id"
FOLLOW = "follow"
# Of the parameters of a question, those that say which scans; the other ones say how to count them.
_COUNTING = ("metrics", "date_range", "timezone", "dimensions", "compare", "order_by", "include", "limit", "cursor")
_TEXT = {"type": "string"}
PARAMETERS = (
    Parameter(HEADER, "header", "The `id` of the last event that you have: the stream goes on behind it.", _TEXT),
    Parameter(PARAMETER, "query", f"The same, for whoever cannot send `{HEADER}`, which precedes it.", _TEXT),
    Parameter(FOLLOW, "query", "`false` ends the answer once it has caught up.", {"type": "boolean", "default": True}),
    *(each for each in query_parameters.PARAMETERS if each.name not in _COUNTING),
)


async def stream_scans(call: Call) -> Response:
    selection = await _selection(call)
    start = await _start(call)
    try:
        return await call.context.streams.open(call.context, selection, call.key.id, start)
    except feed.Gone:
        text = f"{_named(call)} is too old: scans after it are not known any more; begin anew without it"
        raise Problem(410, "gone", text, _named(call)) from None


async def _selection(call: Call) -> Selection:
    asked = [
        (name, value) for name, value in call.request.query_params.multi_items() if name not in (PARAMETER, FOLLOW)
    ]
    for name, _ in asked:
        if name in _COUNTING:
            raise Refused(name, "is for questions; a stream takes filters and kinds")
    query = parse(query_parameters.question(asked))
    try:
        codes = await call.context.codes.attributes(call.key.workspace)
    except TooManyCodes as error:
        raise invalid(None, f"a workspace of so many codes ({error}) has no stream", "too_many_codes") from None
    selection = selection_of(code_names.named(query, codes), call.key.workspace)
    if selection.scans or selection.codes:
        await call.context.questions.ask(check, selection)
    return selection


async def _start(call: Call) -> Start:
    sent = call.request.headers.get(HEADER) or call.request.query_params.get(PARAMETER)
    follow = call.request.query_params.get(FOLLOW, "true")
    if follow not in ("true", "false"):
        raise invalid(FOLLOW, f"{FOLLOW} must be true or false")
    if not sent:
        return Start(None, follow == "true")
    try:
        return Start(await call.context.streams.read_position(call.context, sent), follow == "true")
    except Unreadable:
        raise invalid(_named(call), f"{_named(call)} is no id of an event of this stream") from None


def _named(call: Call) -> str:
    return HEADER if call.request.headers.get(HEADER) else PARAMETER


EXAMPLE = """\
retry: 2000
id: 4VbYxGgq0dZ0u2sE3hXk
event: position
data: {}

id: mF0p1zJm2V5lYw7kqOZb
event: scan
data: {"at":"2026-05-21T15:00:00.250Z","code":"7e0d8a4e-0000-4000-8000-000000000000","slug":"spring","country":"DE", …}
"""

_ABOUT = f"""\
Server-sent events, about a second after each scan: `scan` has the fields of `GET /v1/scans`, and `position` only moves
the id. Connect again with the last `id` as `Last-Event-ID`, within seven days, and the stream goes on without a gap or
a repeat. A comment comes after 15 s of silence. `overflow`, `revoked`, `gone` and `trouble` are the last event of a
stream, and say why it ends.

```
{EXAMPLE}```
"""

ROUTES = (
    Route(
        method="GET",
        path="/v1/stream",
        scope="read",
        summary="Follow scans as they are stored",
        description=_ABOUT,
        handler=stream_scans,
        status=200,
        answer=None,
        media=("text/event-stream",),
        parameters=PARAMETERS,
        problems=(400, 410, 429),
    ),
)
