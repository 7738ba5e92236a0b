"""The HTTP face: every dialect's routes, what they have in common, and how problems become answers."""

import asyncio
import logging
from collections.abc import Iterator

from fastapi import FastAPI
from fastapi.telemetry import TelemetryConfig
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match
from starlette.routing import Route as Served
from starlette.types import Scope

from api import dialects, docs_page, health, openapi, rate_limits
from api.context import ApiContext
from api.dialect import Dialect, Route
from api.mcp_server.http import MCP_HEADERS, MCP_PATH, McpHttp
from api.middleware.cors import Cors, welcome
from api.middleware.limits import RequestLimits
from api.middleware.rewrites import EncodedSlashes, HeadAsGet, NoSniff
from api.middleware.telemetry import RequestMetrics, RequestTraces
from api.pipeline import caller, endpoint
from api.problems import EXPECTED_ERRORS, Problem, problem_of
from api.responses import Json
from infra.version import VERSION

_log = logging.getLogger("waymark.api")

_DESCRIPTION = """Dynamic QR codes and short links: what is printed never changes, where it leads can, and every scan is
counted exactly once. Any key works in each of the APIs below, as `Authorization: Bearer <key>`. Times are UTC. Each API
has one shape for all its errors, and they name the field that is at fault."""

# What a page of another origin may read, where the settings let it call at all.
SHOWS = ", ".join(sorted(openapi.SHOWN.union(*(dialect.headers for dialect in dialects.DIALECTS))))

# FastAPI can report requests to OpenTelemetry with addresses and paths; `api.middleware.telemetry` reports less.
_SILENT = TelemetryConfig(tracing=False, metrics=False, logs=False, operation_spans=False, auto_configure=False)


def create_app(context: ApiContext) -> FastAPI:
    """The API as an ASGI app. It opens and closes nothing: what `context` holds belongs to the caller."""
    app = FastAPI(
        title="Waymark",
        version=VERSION,
        description=_DESCRIPTION,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        telemetry=_SILENT,
    )
    app.state.context = context
    for dialect in dialects.DIALECTS:
        for route in dialect.routes:
            _add(app, context, dialect, route)
    pages = docs_page.pages(lambda: openapi.document(app, dialects.DIALECTS, context.settings.api_url))
    for path, handler in {**pages, **health.handlers(context.readiness)}.items():
        app.add_route(path, handler)
    mcp = McpHttp(context)
    app.router.routes += [Served(path, mcp) for path in (MCP_PATH, f"{MCP_PATH}/")]
    app.add_exception_handler(Exception, _failed)
    for kind in EXPECTED_ERRORS:
        app.add_exception_handler(kind, _failed)
    # The one added last is the outermost.
    app.add_middleware(RequestLimits, limits=context.settings.limits, answer=_refused)
    app.add_middleware(RequestMetrics, registry=context.registry)
    if context.tracer is not None:
        app.add_middleware(RequestTraces, tracer=context.tracer)
    app.add_middleware(HeadAsGet)
    if context.settings.cors_origins:
        app.add_middleware(Cors, origins=context.settings.cors_origins, asks=_asks, shows=SHOWS)
    app.add_middleware(NoSniff)
    app.add_middleware(EncodedSlashes)
    return app


def _add(app: FastAPI, context: ApiContext, dialect: Dialect, route: Route) -> None:
    serve = endpoint(context, dialect, route)
    for path in dialect.paths(route):
        app.add_api_route(
            path,
            serve,
            methods=[route.method],
            status_code=route.status,
            response_class=Response,
            include_in_schema=path == route.path,
            operation_id=route.handler.__name__,
            name=route.handler.__name__,
            summary=route.summary,
            description=route.description,
            tags=[dialect.name],
            responses=openapi.responses(route, dialect),
            openapi_extra=openapi.operation(route, dialect),
        )


def answer(path: str, problem: Problem) -> Json:
    """A problem in the shape of the dialect whose path was asked."""
    dialect = dialects.of(path)
    return Json(dialect.shape(problem), dialect.status(problem), dict(problem.headers))


async def _failed(request: Request, error: Exception) -> Response:
    problem = problem_of(error)
    if problem.status == 405 and "Allow" not in problem.headers:
        problem = Problem(405, problem.code, problem.message, None, {"Allow": ", ".join(_methods(request))})
    if problem.status == 503:
        # (The loss of an engine is said once, by whoever watches it.)
        _log.debug("%s %r: %s", request.method, request.scope["path"], problem.message)
    path = request.scope["path"]
    if problem.status == 405 and request.method == "OPTIONS":
        return Response(status_code=204, headers={"Allow": f"{problem.headers['Allow']}, OPTIONS"})
    response = answer(path, problem)
    rate_limits.tell(request, response)
    if problem.status == 500 and (origins := request.app.state.context.settings.cors_origins):
        # Answered outside of all middleware.
        welcome(response.headers, origins, request.headers.get("origin"), SHOWS)
    await _finish(request, response)
    return response


async def _refused(scope: Scope, problem: Problem) -> Response:
    """What does not come to a route, or does not come back from it."""
    response = answer(scope["path"], problem)
    await _finish(Request(scope), response)
    return response


async def _finish(request: Request, response: Response) -> None:
    path = request.scope["path"]
    if (finish := dialects.of(path).finish) is not None:
        try:
            await finish(request.app.state.context, caller(request), request, response)
        except EXPECTED_ERRORS:
            # What the headers would say cannot be known now; the answer stands without them.
            _log.warning("%s %r: answered without the dialect's headers", request.method, path)


def _routes(scope: Scope) -> Iterator[Served]:
    """All of a path: the router itself only finds the first that matches."""
    app: FastAPI = scope["app"]
    for route in app.routes:
        if isinstance(route, Served) and route.matches(scope)[0] is not Match.NONE:
            yield route


def _methods(request: Request) -> list[str]:
    """All that a path takes."""
    found = {method for route in _routes(request.scope) for method in route.methods or ()}
    return sorted(found | ({"HEAD"} if "GET" in found else set()))


def _asks(scope: Scope) -> set[str]:
    """The headers that callers of a path may send, besides those that browsers send unasked."""
    found = {"Authorization", "Content-Type"}
    paths = {route.path for route in _routes(scope)}
    if not paths.isdisjoint((MCP_PATH, f"{MCP_PATH}/")):
        found |= MCP_HEADERS
    for dialect in dialects.DIALECTS:
        for route in dialect.routes:
            if not paths.isdisjoint(dialect.paths(route)):
                found |= {each.name for each in openapi.headers_sent(route)} | openapi.key_headers(dialect)
    return found


async def keep_working(context: ApiContext, stop: asyncio.Event) -> None:
    """Run the background work of the dialects until `stop`; what is under way then is finished first."""
    async with asyncio.TaskGroup() as tasks:
        for dialect in dialects.DIALECTS:
            if dialect.work is not None:
                tasks.create_task(dialect.work(context, stop))
