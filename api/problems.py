"""Problems: what goes wrong in a request, before the dialect of its path gives it a shape.

`problem_of` maps the errors of the rooms below to problems; `error_body` is the shape of `/v1`, which others use, too.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated

import msgspec
from msgspec import Meta
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

import analytics.types
import codes.errors
from analytics.query import refusal as query
from infra.fair_queue import TooMany

NO_HEADERS: Mapping[str, str] = MappingProxyType({})


class Problem(Exception):
    """Raised anywhere below a route; answered in the shape of the dialect whose path was asked.

    `field` names the part of the input at fault: a field of the body, a parameter, `body` for a body that cannot be
    read at all, or None when no single part is."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        field: str | None = None,
        headers: Mapping[str, str] = NO_HEADERS,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.field = field
        self.headers = headers


def invalid(field: str | None, message: str, code: str = "invalid") -> Problem:
    """Bad input, and the field at fault."""
    return Problem(400, code, message, field)


def not_found(message: str) -> Problem:
    return Problem(404, "not_found", message)


def unavailable(message: str, retry_after_s: int = 1) -> Problem:
    """Redis or the warehouse is away; it comes back by itself, so the client should retry."""
    return Problem(503, "unavailable", message, None, {"Retry-After": str(retry_after_s)})


# Everything else is a defect: a 500, with its traceback in the log.
EXPECTED_ERRORS: tuple[type[Exception], ...] = (
    Problem,
    codes.errors.Refused,
    codes.errors.Conflict,
    codes.errors.NotInPlan,
    codes.errors.Stale,
    codes.errors.Missing,
    codes.errors.Unavailable,
    analytics.types.Unavailable,
    query.Refused,
    TooMany,
    HTTPException,
    ClientDisconnect,
)

_NOT_IN_PLAN = {"limit": 402, "feature": 403, "rate": 429}


def problem_of(error: Exception) -> Problem:
    """What an exception is to a client."""
    match error:
        case Problem():
            return error
        case codes.errors.Refused():
            return invalid(error.field, error.message, error.code)
        case codes.errors.Conflict():
            return Problem(409, error.code, error.message, error.field)
        case codes.errors.NotInPlan():
            wait = {} if error.retry_after_s is None else {"Retry-After": str(error.retry_after_s)}
            return Problem(_NOT_IN_PLAN[error.kind], error.code, error.message, error.field, wait)
        case codes.errors.Stale():
            return Problem(412, "changed_meanwhile", "it has been changed since; read it again", "If-Match")
        case codes.errors.Missing():
            return not_found("there is no such code")
        case codes.errors.Unavailable():
            return unavailable("the store of codes is away; nothing is lost, try again shortly")
        case analytics.types.Unavailable():
            return unavailable("the warehouse is away or busy; nothing is lost, try again shortly")
        case query.Refused():
            code = "question_too_large" if isinstance(error, query.TooLarge) else "invalid_question"
            return invalid(error.field, str(error), code)
        case TooMany():
            text = "too many calls of this workspace are waiting for an answer; send fewer at a time"
            return Problem(429, "too_many_waiting", text, None, {"Retry-After": "1"})
        case HTTPException(status_code=404):
            return not_found("there is nothing at this path")
        case HTTPException(status_code=405):
            return Problem(405, "method_not_allowed", "this path does not take that method")
        case HTTPException():
            return Problem(error.status_code, "invalid", error.detail)
        case ClientDisconnect():
            return invalid("body", "the body ended before it was complete", "incomplete")
    return Problem(500, "internal", "something went wrong here, and it has been written down")


class Fault(msgspec.Struct, frozen=True):
    code: Annotated[str, Meta(description="A word for programs; it does not change.", examples=["slug_taken"])]
    message: Annotated[str, Meta(description="A sentence for people.")]
    field: Annotated[
        str | None,
        Meta(description="The field or parameter at fault, `body` for one that cannot be read, or null."),
    ]


class Failure(msgspec.Struct, frozen=True):
    error: Fault


def error_body(problem: Problem) -> Failure:
    return Failure(Fault(problem.code, problem.message, problem.field))
