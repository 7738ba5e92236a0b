"""What goes wrong in answering a request, before a dialect has given it a shape."""

from collections.abc import Mapping
from types import MappingProxyType

NONE: Mapping[str, str] = MappingProxyType({})


class Problem(Exception):
    """Raised anywhere below a route; answered in the shape of the dialect whose path was asked.

    `field` names the part of the input that is at fault: a field of the body, a parameter, `body`
    for a body that cannot be read at all, or None when the fault is in no single place."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        field: str | None = None,
        headers: Mapping[str, str] = NONE,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.field = field
        self.headers = headers


def invalid(field: str | None, message: str, code: str = "invalid") -> Problem:
    """Input that cannot be taken, and the field that is why."""
    return Problem(400, code, message, field)


def not_found(message: str) -> Problem:
    return Problem(404, "not_found", message)


def unavailable(message: str, retry_after_s: int = 1) -> Problem:
    """Something that Waymark needs is away; it comes back by itself, so the client should too."""
    return Problem(503, "unavailable", message, None, {"Retry-After": str(retry_after_s)})
