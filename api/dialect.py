"""What a dialect is: a path prefix, a shape for errors, and a table of routes.

A route is data, with the scope it needs and all it can answer. So no route can forget to check a
key, and the OpenAPI document says what the code does.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Literal

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from api.context import ApiContext
from api.errors import Problem
from codes.apikeys import Scope
from schemas.code import ApiKey

Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]


class Call(msgspec.Struct, frozen=True):
    """One request of a known caller."""

    context: ApiContext
    key: ApiKey
    request: Request


class Parameter(msgspec.Struct, frozen=True):
    """A parameter of the path or the query, as the OpenAPI document shows it."""

    name: str
    where: Literal["path", "query"]
    description: str
    schema: Mapping[str, Any]


class Route(msgspec.Struct, frozen=True):
    """One operation. `problems` are the statuses it can answer besides those that every route can;
    `ignored` are fields of the body that cannot be written and may be sent all the same; `sent` and
    `example` are what the documentation shows of its body and its answer; an `upload` takes a form with a file."""

    method: Method
    path: str
    scope: Scope
    summary: str
    description: str
    handler: Callable[[Call], Awaitable[Response]]
    status: int
    answer: type[msgspec.Struct]
    body: type[msgspec.Struct] | None = None
    sent: Any = None
    upload: bool = False
    ignored: frozenset[str] = frozenset()
    parameters: tuple[Parameter, ...] = ()
    problems: tuple[int, ...] = ()
    example: Any = None


class Dialect(msgspec.Struct, frozen=True):
    """`shape` turns a problem into the body of its answer; `error` is that body's type."""

    name: str
    prefix: str
    routes: tuple[Route, ...]
    shape: Callable[[Problem], msgspec.Struct]
    error: type[msgspec.Struct]

    def covers(self, path: str) -> bool:
        return path == self.prefix or path.startswith(self.prefix + "/")
