"""`/v1/shared`: open a shared view, and what it may ask once it is open.

These routes take the session of a shared view and no key; no other route takes such a session (`api.pipeline`).
"""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta
from starlette.responses import Response

from api import questions, shared_sessions
from api.dialect import Call, Route
from api.dialects.openqr import examples
from api.dialects.openqr.query import to_wire
from api.dialects.openqr.query_schemas import QueryAnswer, QueryRequest
from api.parameters import Parameter
from api.parsing import convert, read_object
from api.problems import Problem, not_found
from api.proofs import proof_of
from api.responses import Json
from api.shared_questions import about_code, check_report
from api.timestamps import second
from codes import apikeys, reports, shared_views
from codes.timestamps import format_ms
from schemas.code import Code, Report, SharedView
from schemas.proof import Verdict

_LONGEST_TOKEN = 128
CURSOR = Parameter("cursor", "query", "The `next_cursor` of the page before.", {"type": "string"})


class OpenSharedView(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    token: Annotated[str, Meta(description="The last part of the link.")]
    password: Annotated[str, Meta(description="If the link asks for one.")] = ""


class OpenedView(msgspec.Struct, frozen=True):
    name: Annotated[str, Meta(description="The title of the page.")]
    shows: Annotated[Literal["code", "report"], Meta(description="What `query` or `answer` is about.")]
    question: Annotated[
        dict[str, Any] | None, Meta(description="Of a report: what is asked, without its filters. Else null.")
    ]
    expires_at: Annotated[
        str | None,
        Meta(description="When the link ends. Null: not by itself.", extra_json_schema={"format": "date-time"}),
    ]


class OpenedSession(OpenedView, frozen=True):
    session: Annotated[str, Meta(description="Sent as `Authorization: Bearer <session>`; lives for 12 hours.")]


class SharedProof(msgspec.Struct, frozen=True):
    verdict: Annotated[Verdict, Meta(description="As in `GET /v1/proof`.")]
    complete_until: Annotated[
        str | None, Meta(description="As in `GET /v1/proof`.", extra_json_schema={"format": "date-time"})
    ]


def _no_such_view() -> Problem:
    return not_found("this link leads nowhere: it has ended, or never was")


async def open_shared_view(call: Call) -> Response:
    sent = convert(await read_object(call.request), OpenSharedView)
    if not 0 < len(sent.token) <= _LONGEST_TOKEN or not sent.token.isascii():
        raise _no_such_view()
    context = call.context
    digest = apikeys.digest_of(f"{sent.token}\n{sent.password}")
    await context.wrong_keys.turn(call.request, digest)
    view = await shared_views.find(context.codes.redis, sent.token, now_ms=context.now_ms)
    if view is None:
        context.wrong_keys.found(call.request, digest, right=False)
        raise _no_such_view()
    await context.rates.take_shared(context.codes, view.workspace, call.request)
    if view.password is not None and not sent.password:
        # Who does not know yet that there is a password guesses none.
        context.wrong_keys.found(call.request, digest, right=True)
        raise Problem(403, "password_needed", "this link asks for a password", "password")
    right = view.password is None or await context.view_passwords.is_right(view.id, view.password, sent.password)
    context.wrong_keys.found(call.request, digest, right=right)
    if not right:
        raise Problem(403, "wrong_password", "this password is wrong", "password")
    shown = await _shown(call, view)
    await shared_views.note_opened(context.codes.redis, view, now_ms=context.now_ms)
    session = await shared_sessions.sign(context, view)
    return Json(OpenedSession(**msgspec.structs.asdict(shown), session=session))


async def read_shared_view(call: Call) -> Response:
    return Json(await _shown(call, _view(call)))


async def query_shared_view(call: Call) -> Response:
    view = _view(call)
    code = await _code(call, view)
    question = about_code(call.context, code, await read_object(call.request))
    asked = await questions.ask(call.context, view.workspace, question)
    answer = to_wire(asked, call.context.settings.short_url)
    # Its own filters are told, and not the one that was put before them.
    return Json(msgspec.structs.replace(answer, query={**answer.query, "filters": answer.query["filters"][1:]}))


async def read_shared_answer(call: Call) -> Response:
    view = _view(call)
    question = dict((await _report(call, view)).query)
    cursor = call.request.query_params.get("cursor")
    if cursor:
        question["pagination"] = {**question.get("pagination", {}), "cursor": cursor}
    asked = await questions.ask(call.context, view.workspace, question)
    answer = to_wire(asked, call.context.settings.short_url)
    # Filters may name codes, folders and tags.
    return Json(msgspec.structs.replace(answer, query={**answer.query, "filters": []}))


async def read_shared_proof(call: Call) -> Response:
    view, context = _view(call), call.context
    number = (await _code(call, view)).birth if view.code_id is not None else None
    complete = context.completeness()
    found = proof_of(context.proof(), view.workspace, context.now_ms(), number)
    return Json(SharedProof(found.verdict, None if complete.until_ms is None else format_ms(complete.until_ms)))


def _view(call: Call) -> SharedView:
    assert call.shared is not None
    return call.shared


async def _shown(call: Call, view: SharedView) -> OpenedView:
    """Raises Problem (404) for a view whose code or report is gone."""
    question = None
    if view.code_id is not None:
        await _code(call, view)
    else:
        query = (await _report(call, view)).query
        question = {name: value for name, value in query.items() if name != "filters"}
    expires = None if view.expires_at_ms is None else second(view.expires_at_ms)
    return OpenedView(view.name, "report" if view.code_id is None else "code", question, expires)


async def _code(call: Call, view: SharedView) -> Code:
    """Raises Problem: 404 for a view of a report, or of a code that is gone."""
    found = None if view.code_id is None else await call.context.codes.get(view.workspace, view.code_id)
    if found is None:
        raise _no_such_view()
    return found


async def _report(call: Call, view: SharedView) -> Report:
    """As it is now: an edit of the report is seen by whoever has the link. Raises Problem (404)."""
    redis, id = call.context.codes.redis, view.report_id
    found = None if id is None else await reports.get(redis, view.workspace, id)
    if found is None:
        raise _no_such_view()
    check_report(found.query, "report_id")
    return found


OPEN_SHARED_VIEW = {"token": "3kD8vQxT7mWbYcHs2nLrEaZpJ4gFuK9V", "password": "for the agency"}
OPENED_VIEW = {"name": "Posters of May", "shows": "code", "question": None, "expires_at": "2026-06-30T22:00:00Z"}
SHARED_PROOF = {"verdict": "green", "complete_until": "2026-05-21T14:59:59Z"}

ROUTES = (
    Route(
        method="POST",
        path="/v1/shared/open",
        scope=None,
        summary="Open a shared view",
        description="Gives a session for the token of a link, and its password if it has one. Wrong ones are slowed "
        "down.",
        handler=open_shared_view,
        status=200,
        answer=OpenedSession,
        body=OpenSharedView,
        sent=OPEN_SHARED_VIEW,
        problems=(400, 404),
        example={**OPENED_VIEW, "session": "eyJhbGciOiJIUzI1NiIsImtpZCI6Ij…"},
    ),
    Route(
        method="GET",
        path="/v1/shared",
        scope="shared",
        summary="Read an open shared view",
        description="What the session shows.",
        handler=read_shared_view,
        status=200,
        answer=OpenedView,
        problems=(400, 404),
        example=OPENED_VIEW,
    ),
    Route(
        method="POST",
        path="/v1/shared/query",
        scope="shared",
        summary="Ask about a shared code",
        description="As `POST /v1/query`, of the view's code alone: the server adds that filter. Dimensions of codes "
        "are refused, and 404 is what a view of a report answers.",
        handler=query_shared_view,
        status=200,
        answer=QueryAnswer,
        body=QueryRequest,
        sent=examples.QUERY,
        problems=(400, 404),
        example=examples.QUERY_ANSWER,
    ),
    Route(
        method="GET",
        path="/v1/shared/answer",
        scope="shared",
        summary="Read a shared report",
        description="The answer of now; 404 is what a view of a code answers.",
        handler=read_shared_answer,
        status=200,
        answer=QueryAnswer,
        parameters=(CURSOR,),
        problems=(400, 404),
        example=examples.QUERY_ANSWER,
    ),
    Route(
        method="GET",
        path="/v1/shared/proof",
        scope="shared",
        summary="Read the proof of a shared view",
        description="Whether its totals can be relied on, and until when.",
        handler=read_shared_proof,
        status=200,
        answer=SharedProof,
        problems=(404,),
        example=SHARED_PROOF,
    ),
)
