"""`/v1/reports`: the saved questions of a workspace."""

from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType
from starlette.responses import Response

from analytics.query.grammar import parse
from analytics.query.refusal import Refused
from api.dialect import Call, Route
from api.dialects.openqr import examples
from api.dialects.openqr.query import respond
from api.dialects.openqr.query_schemas import QueryAnswer, QueryRequest
from api.dialects.openqr.schemas import Deleted
from api.file_formats import MEDIA, QUERY_FORMAT
from api.parameters import Parameter
from api.parsing import convert, read_object
from api.problems import Problem, not_found
from api.responses import Json
from api.timestamps import second
from codes import reports
from codes.errors import Missing
from schemas.code import Report

READ_ONLY = frozenset({"id", "created_at", "updated_at"})
ID = Parameter("id", "path", "The report's id.", {"type": "string", "format": "uuid"})
CURSOR = Parameter("cursor", "query", "The `next_cursor` of the page before.", {"type": "string"})
_NAME = Meta(description="Need not be unique.", extra_json_schema={"maxLength": reports.MAX_NAME})


class SavedReport(msgspec.Struct, frozen=True):
    id: Annotated[str, Meta(extra_json_schema={"format": "uuid"})]
    name: Annotated[str, _NAME]
    query: Annotated[dict[str, Any], Meta(description="The question as it was sent.")]
    created_at: Annotated[str, Meta(extra_json_schema={"format": "date-time"})]
    updated_at: Annotated[str, Meta(extra_json_schema={"format": "date-time"})]


class SavedReports(msgspec.Struct, frozen=True):
    reports: Annotated[list[SavedReport], Meta(description="Oldest first.")]


class NewReport(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: Annotated[str, _NAME]
    query: QueryRequest


class ReportEdit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is left out stays as it is; `query` is replaced as a whole."""

    name: Annotated[str, _NAME] | UnsetType = UNSET
    query: QueryRequest | UnsetType = UNSET


class _Sent(msgspec.Struct, frozen=True):
    """As sent: the grammar reads the question, and its refusals say more."""

    name: str | UnsetType = UNSET
    query: dict[str, Any] | UnsetType = UNSET


def _to_wire(report: Report) -> SavedReport:
    return SavedReport(report.id, report.name, report.query, second(report.created_at_ms), second(report.updated_at_ms))


def _no_such_report() -> Problem:
    return not_found("there is no report with this id")


async def _sent(call: Call) -> _Sent:
    sent = convert(await read_object(call.request), _Sent, READ_ONLY)
    if isinstance(sent.query, dict):
        check_question(sent.query)
    return sent


def check_question(question: dict[str, Any]) -> None:
    """Raises Refused, with the field as in `query.filters[0]`, for what cannot be asked again and again."""
    try:
        asked = parse(question)
        if asked.cursor is not None:
            raise Refused("pagination.cursor", "belongs to one answer: leave it out")
        if asked.breakdowns:
            raise Refused("breakdowns", "are several tables, and a report has one: name dimensions")
    except Refused as refused:
        at = "query" if refused.field == "query" else f"query.{refused.field}"
        raise Refused(at, refused.message) from None


async def list_reports(call: Call) -> Response:
    found = await reports.list_reports(call.context.codes.redis, call.key.workspace)
    return Json(SavedReports([_to_wire(report) for report in found]))


async def create_report(call: Call) -> Response:
    sent = await _sent(call)
    name, query = sent.name, sent.query
    if isinstance(name, UnsetType) or isinstance(query, UnsetType):
        missing = "name" if isinstance(name, UnsetType) else "query"
        raise Problem(400, "missing_field", f"{missing} is missing", missing)
    made = await reports.create(
        call.context.codes.redis,
        call.key.workspace,
        name,
        query,
        plans=call.context.codes.plans,
        id=call.id(),
        now_ms=call.context.now_ms,
    )
    return Json(_to_wire(made), 201)


async def _report(call: Call) -> Report:
    found = await reports.get(call.context.codes.redis, call.key.workspace, call.request.path_params["id"])
    if found is None:
        raise _no_such_report()
    return found


async def read_report(call: Call) -> Response:
    return Json(_to_wire(await _report(call)))


async def edit_report(call: Call) -> Response:
    sent = await _sent(call)
    try:
        changed = await reports.replace(
            call.context.codes.redis,
            call.key.workspace,
            call.request.path_params["id"],
            name=None if isinstance(sent.name, UnsetType) else sent.name,
            query=None if isinstance(sent.query, UnsetType) else sent.query,
            now_ms=call.context.now_ms,
        )
    except Missing:
        raise _no_such_report() from None
    return Json(_to_wire(changed))


async def delete_report(call: Call) -> Response:
    if not await reports.delete(call.context.codes.redis, call.key.workspace, call.request.path_params["id"]):
        raise _no_such_report()
    return Json(Deleted())


async def read_report_answer(call: Call) -> Response:
    question = dict((await _report(call)).query)
    cursor = call.request.query_params.get("cursor")
    if cursor:
        question["pagination"] = {**question.get("pagination", {}), "cursor": cursor}
    return await respond(call, question)


ROUTES = (
    Route(
        method="GET",
        path="/v1/reports",
        scope="read",
        summary="List reports",
        description="All saved questions of the workspace.",
        handler=list_reports,
        status=200,
        answer=SavedReports,
        example=examples.REPORTS,
    ),
    Route(
        method="POST",
        path="/v1/reports",
        scope="write",
        summary="Save a question",
        description="Checked as `POST /v1/query` does, and kept as it was sent. The workspace's plan limits how many "
        "there may be.",
        handler=create_report,
        status=201,
        answer=SavedReport,
        body=NewReport,
        sent=examples.NEW_REPORT,
        ignored=READ_ONLY,
        problems=(400,),
        example=examples.REPORT,
        creates=True,
    ),
    Route(
        method="GET",
        path="/v1/reports/{id}",
        scope="read",
        summary="Read a report",
        description="The question, not its answer.",
        handler=read_report,
        status=200,
        answer=SavedReport,
        parameters=(ID,),
        problems=(404,),
        example=examples.REPORT,
    ),
    Route(
        method="GET",
        path="/v1/reports/{id}/answer",
        scope="read",
        summary="Ask a saved question",
        description="The answer of now, as `POST /v1/query` gives it.",
        handler=read_report_answer,
        status=200,
        answer=QueryAnswer,
        parameters=(ID, CURSOR, QUERY_FORMAT),
        problems=(400, 404),
        example=examples.QUERY_ANSWER,
        files=MEDIA,
    ),
    Route(
        method="PATCH",
        path="/v1/reports/{id}",
        scope="write",
        summary="Edit a report",
        description="Its name, its question, or both.",
        handler=edit_report,
        status=200,
        answer=SavedReport,
        body=ReportEdit,
        sent=examples.NEW_REPORT,
        ignored=READ_ONLY,
        parameters=(ID,),
        problems=(400, 404),
        example=examples.REPORT,
    ),
    Route(
        method="DELETE",
        path="/v1/reports/{id}",
        scope="write",
        summary="Delete a report",
        description="Scans are not touched.",
        handler=delete_report,
        status=200,
        answer=Deleted,
        parameters=(ID,),
        problems=(404,),
        example=examples.DELETED,
    ),
)
