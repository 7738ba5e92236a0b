"""What a dialect is: a path prefix, a shape for errors, and a table of routes.

A route is data, with the scope it needs and all it can answer. So no route can forget to check a
key, and the OpenAPI document says what the code does.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any, Literal

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from api import etags
from api.context import ApiContext
from api.idempotency import Attempt
from api.parameters import Parameter
from api.problems import Problem
from codes.apikeys import Scope
from schemas.code import ApiKey, Code, StaticCode

Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]


# Who asks where no key is needed.
NOBODY = ApiKey(id="", workspace=0, name="", scope="read", digest="", last_four="", created_at_ms=0)


class Call(msgspec.Struct, frozen=True):
    """One request of a known caller; of NOBODY where the route's scope is None."""

    context: ApiContext
    key: ApiKey
    request: Request
    # Of a creation that was sent with an Idempotency-Key.
    attempt: Attempt | None = None

    def id(self, part: str = "") -> str | None:
        """The id of what is made here, the same when it is asked for again; None for any. `part` tells several
        apart."""
        return None if self.attempt is None else self.attempt.id(part)

    @property
    def match(self) -> frozenset[str] | None:
        """What a change depends on, for `Codes.edit` and `Codes.delete`."""
        return etags.if_match(self.request)

    def shows(self, code: Code | StaticCode, *, alone: bool = True) -> None:
        """Says that the answer is about this code, and so gives it its ETag; `alone` when nothing else is in it that
        may change (counts of scans do); else the ETag covers that too."""
        etags.set_code_etag(self.request, code, alone=alone)


class Route(msgspec.Struct, frozen=True):
    """One operation. Without a `scope` it needs no key. `answer` is a type, a list of one, or None for an answer
    without a body or of another kind (`media`). A route that `creates` honours Idempotency-Key, one that is `tagged`
    shows or changes one code and says so by `Call.shows` and `Call.match`. `problems` are the statuses it can answer
    besides those that every route can, and those that follow from what it is (`api.openapi.problems`);
    `ignored` are fields of the body that cannot be written and may be sent all the same; `sent` and
    `example` are what the documentation shows of its body and its answer; an `upload` takes a form with a file."""

    method: Method
    path: str
    scope: Scope | None
    summary: str
    description: str
    handler: Callable[[Call], Awaitable[Response]]
    status: int
    answer: Any
    body: Any = None
    sent: Any = None
    upload: bool = False
    ignored: frozenset[str] = frozenset()
    parameters: tuple[Parameter, ...] = ()
    problems: tuple[int, ...] = ()
    example: Any = None
    media: tuple[str, ...] = ()
    creates: bool = False
    # False for an answer that must not be kept; it is made again.
    remembered: bool = True
    tagged: bool = False


class Dialect(msgspec.Struct, frozen=True):
    """`shape` turns a problem into the body of its answer; `error` is that body's type.

    `authenticate` knows the caller another way than by a bearer key, and raises Problem (401). `before` is called
    with each call of a known caller, before its scope is looked at, and may raise; `finish` with every answer, errors
    too, to add headers (the key is None where nobody is known). `invalid_status` stands for 400, `statuses` for those
    of single problems by their code, `problems` are what `before` can raise. Each path is served with and without its
    last slash."""

    name: str
    prefix: str
    routes: tuple[Route, ...]
    shape: Callable[[Problem], msgspec.Struct]
    error: type[msgspec.Struct]
    authenticate: Callable[[Request, ApiContext], Awaitable[ApiKey]] | None = None
    before: Callable[[Call], Awaitable[None]] | None = None
    finish: Callable[[ApiContext, ApiKey | None, Request, Response], Awaitable[None]] | None = None
    invalid_status: int = 400
    statuses: Mapping[str, int] = {}
    problems: tuple[int, ...] = ()
    # What the OpenAPI document says of it: what it is, how its callers say who they are (`api.openapi.SECURITY`), and
    # headers of its answers to known callers.
    about: str = ""
    security: tuple[str, ...] = ("bearer",)
    headers: Mapping[str, str] = {}
    # What it has promised to do afterwards, in every process that serves it, until the event is set.
    work: Callable[[ApiContext, asyncio.Event], Coroutine[Any, Any, None]] | None = None

    def status(self, problem: Problem) -> int:
        """What it is called here."""
        return self.statuses.get(problem.code, self.invalid_status if problem.status == 400 else problem.status)

    def paths(self, route: Route) -> tuple[str, ...]:
        """All that lead to the route; the first is the one that is documented."""
        other = route.path.removesuffix("/") if route.path.endswith("/") else f"{route.path}/"
        return (route.path, other)

    def covers(self, path: str) -> bool:
        return path == self.prefix or path.startswith(self.prefix + "/")
