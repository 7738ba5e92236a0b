"""Which problem each exception of the rooms below is to a client."""

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

import analytics.types
import codes.errors
from api.errors import Problem, invalid, not_found, unavailable
from infra.fair_queue import TooMany

# Everything else is a fault of ours: a 500, with its traceback in the log.
KNOWN: tuple[type[Exception], ...] = (
    Problem,
    codes.errors.Refused,
    codes.errors.Conflict,
    codes.errors.NotInPlan,
    codes.errors.Stale,
    codes.errors.Missing,
    codes.errors.Unavailable,
    analytics.types.Unavailable,
    TooMany,
    HTTPException,
    RequestValidationError,
    ClientDisconnect,
)

_NOT_IN_PLAN = {"limit": 402, "feature": 403, "rate": 429}


def problem_of(error: Exception) -> Problem:
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
            return Problem(412, "changed_meanwhile", "the code has been changed since; read it again", "If-Match")
        case codes.errors.Missing():
            return not_found("there is no such code")
        case codes.errors.Unavailable():
            return unavailable("the store of codes is away; nothing is lost, try again shortly")
        case analytics.types.Unavailable():
            return unavailable("the warehouse is away or busy; nothing is lost, try again shortly")
        case TooMany():
            text = "too many calls of this workspace are waiting for an answer; send fewer at a time"
            return Problem(429, "too_many_waiting", text, None, {"Retry-After": "1"})
        case HTTPException(status_code=404):
            return not_found("there is nothing at this path")
        case HTTPException(status_code=405):
            return Problem(405, "method_not_allowed", "this path does not take that method")
        case HTTPException():
            return Problem(error.status_code, "invalid", error.detail)
        case RequestValidationError():
            return invalid(None, "the request cannot be understood")
        case ClientDisconnect():
            return invalid("body", "the body ended before it was complete", "incomplete")
    return Problem(500, "internal", "something went wrong here, and it has been written down")
