"""What a dialect is: a path prefix, a shape for errors, and a table of routes.

A route is data: its scope, its structs and every status that it can answer. So no route can forget to check a key, and
the OpenAPI document cannot drift from the code.
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
from codes.history import Actor
from schemas.code import ApiKey, Code, SharedView, StaticCode

Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]


# The caller of a route without a key.
NOBODY = ApiKey(id="", workspace=0, name="", scope="read", digest="", last_four="", created_at_ms=0)


class Call(msgspec.Struct, frozen=True):
    """One request of an authenticated caller; of NOBODY where the route's scope is None or `shared`."""

    context: ApiContext
    key: ApiKey
    request: Request
    # For a creation with an Idempotency-Key.
    attempt: Attempt | None = None
    # The view whose session asks a route of the scope `shared`.
    shared: SharedView | None = None

    def id(self, part: str = "") -> str | None:
        """The id for what is created, the same when the request is repeated; None for a random one. `part` tells
        several apart."""
        return None if self.attempt is None else self.attempt.id(part)

    @property
    def match(self) -> frozenset[str] | None:
        """The ETags in If-Match, for `Codes.edit` and `Codes.delete`."""
        return etags.if_match(self.request)

    @property
    def actor(self) -> Actor:
        """Who makes changes in this call, for the history of what is changed."""
        signed_in = getattr(self.request.state, "session", None) is not None
        return Actor(self.key.id, self.key.name, signed_in)

    def set_etag(self, code: Code | StaticCode, *, alone: bool = True) -> None:
        """Give the answer the ETag of this code. `alone`: nothing else in the answer changes; else (with counts of
        scans) the ETag covers the whole answer."""
        etags.set_code_etag(self.request, code, alone=alone)


class Route(msgspec.Struct, frozen=True):
    """One operation. Without a `scope` it needs no key; with the scope `shared` it takes sessions of shared views and
    no key. `answer` is a type, a list of one, or None for an answer
    without a body or of another media type (`media`). A route that `creates` honours Idempotency-Key; one that is
    `tagged` reads or changes one thing that has an ETag (`Call.match`). `problems` are its statuses besides those
    that follow from the rest (`api.openapi.problems`); `ignored` are read-only fields of the body, which may be sent;
    `sent` and `example` are the documented examples of body and answer; an `upload` takes a form with a file."""

    method: Method
    path: str
    scope: Scope | Literal["shared"] | None
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
    # What the answer may be besides JSON, if the caller says so. Not in the document, since a generated client has one
    # type for an answer.
    files: tuple[str, ...] = ()
    creates: bool = False
    # False for an answer that must not be stored for Idempotency-Key.
    remembered: bool = True
    tagged: bool = False


class Dialect(msgspec.Struct, frozen=True):
    """`shape` turns a problem into the body of its answer; `error` is that body's type.

    `authenticate` replaces the bearer key, and raises Problem (401). `before` sees each authenticated call before its
    scope is checked, and may raise; `problems` are the statuses it can raise. `finish` may add headers to every answer,
    errors too (the key is None where nobody is authenticated). `invalid_status` replaces 400, `statuses` replaces that
    of single problems by their code. Each path is served with and without its last slash."""

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
    # For the OpenAPI document: a description, the schemes of `api.openapi.SECURITY`, and headers of its answers to
    # authenticated callers.
    about: str = ""
    security: tuple[str, ...] = ("bearer",)
    headers: Mapping[str, str] = {}
    # Background work, in every process that serves the API, until the event is set.
    work: Callable[[ApiContext, asyncio.Event], Coroutine[Any, Any, None]] | None = None

    def status(self, problem: Problem) -> int:
        """The status of a problem in this dialect."""
        return self.statuses.get(problem.code, self.invalid_status if problem.status == 400 else problem.status)

    def paths(self, route: Route) -> tuple[str, ...]:
        """All paths of a route; the first is documented."""
        other = route.path.removesuffix("/") if route.path.endswith("/") else f"{route.path}/"
        return (route.path, other)

    def covers(self, path: str) -> bool:
        return path == self.prefix or path.startswith(self.prefix + "/")
