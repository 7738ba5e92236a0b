"""The API as an ASGI app: the routes of every dialect, the middleware around them, and problems turned into answers."""

import asyncio
import logging
from collections.abc import Iterator

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match
from starlette.routing import Route as StarletteRoute
from starlette.types import Scope

from api import dashboard_files, dialects, docs_page, health, openapi, rate_limits
from api.context import ApiContext
from api.mcp_server.http import MCP_HEADERS, MCP_PATH, McpHttp
from api.middleware.cors import Cors, allow_origin
from api.middleware.limits import RequestLimits
from api.middleware.rewrites import EncodedSlashes, HeadAsGet, NoSniff
from api.middleware.telemetry import RequestMetrics, RequestTraces
from api.pipeline import ApiRoute, caller
from api.problems import EXPECTED_ERRORS, Problem, problem_of
from api.responses import Json
from codes import shared_views

_log = logging.getLogger("waymark.api")

# Headers that a page of another origin may read, where the settings let it call at all.
EXPOSED_HEADERS = ", ".join(sorted(openapi.EXPOSED_HEADERS.union(*(dialect.headers for dialect in dialects.DIALECTS))))


def create_app(context: ApiContext) -> Starlette:
    """The API as an ASGI app. It opens and closes nothing: what `context` holds belongs to the caller."""
    app = Starlette(
        routes=[*_dialect_routes(context), *_other_routes(context)],
        middleware=list(_middleware(context)),
        exception_handlers=dict.fromkeys((Exception, *EXPECTED_ERRORS), _failed),
    )
    app.router.redirect_slashes = False
    app.state.context = context
    return app


def _dialect_routes(context: ApiContext) -> Iterator[ApiRoute]:
    for dialect in dialects.DIALECTS:
        for route in dialect.routes:
            for path in dialect.paths(route):
                yield ApiRoute(context, dialect, route, path)


def _other_routes(context: ApiContext) -> Iterator[StarletteRoute]:
    pages = docs_page.pages(lambda: openapi.document(dialects.DIALECTS, context.settings.api_url))

    async def may_be_framed(token: str) -> bool:
        view = await shared_views.find(context.codes.redis, token, now_ms=context.now_ms)
        return view is not None and view.embeddable

    dashboard = dashboard_files.routes(dashboard_files.folder(), may_be_framed)
    for path, handler in {**pages, **dashboard, **health.handlers(context.readiness)}.items():
        yield StarletteRoute(path, handler)
    mcp = McpHttp(context)
    for path in (MCP_PATH, f"{MCP_PATH}/"):
        yield StarletteRoute(path, mcp)


def _middleware(context: ApiContext) -> Iterator[Middleware]:
    """From the outermost to the innermost."""
    yield Middleware(EncodedSlashes)
    yield Middleware(NoSniff)
    if context.settings.cors_origins:
        yield Middleware(
            Cors,
            origins=context.settings.cors_origins,
            allowed_headers=_allowed_headers,
            exposed_headers=EXPOSED_HEADERS,
        )
    yield Middleware(HeadAsGet)
    if context.tracer is not None:
        yield Middleware(RequestTraces, tracer=context.tracer)
    yield Middleware(RequestMetrics, registry=context.registry)
    yield Middleware(RequestLimits, limits=context.settings.limits, answer=_refused)


def answer(path: str, problem: Problem) -> Json:
    """A problem in the shape of the dialect whose path was asked."""
    dialect = dialects.of(path)
    return Json(dialect.shape(problem), dialect.status(problem), dict(problem.headers))


async def _failed(request: Request, error: Exception) -> Response:
    problem = problem_of(error)
    if problem.status == 405 and "Allow" not in problem.headers:
        problem = Problem(405, problem.code, problem.message, None, {"Allow": ", ".join(_methods(request))})
    if problem.status == 503:
        # (`waymark.status` logs the loss of an engine once.)
        _log.debug("%s %r: %s", request.method, request.scope["path"], problem.message)
    path = request.scope["path"]
    if problem.status == 405 and request.method == "OPTIONS":
        return Response(status_code=204, headers={"Allow": f"{problem.headers['Allow']}, OPTIONS"})
    response = answer(path, problem)
    rate_limits.add_rate_headers(request, response)
    if problem.status == 500 and (origins := request.app.state.context.settings.cors_origins):
        # Starlette answers it outside of all middleware.
        allow_origin(response.headers, origins, request.headers.get("origin"), EXPOSED_HEADERS)
    await _finish(request, response)
    return response


async def _refused(scope: Scope, problem: Problem) -> Response:
    """Answer what `RequestLimits` refuses, or what took too long."""
    response = answer(scope["path"], problem)
    await _finish(Request(scope), response)
    return response


async def _finish(request: Request, response: Response) -> None:
    path = request.scope["path"]
    if (finish := dialects.of(path).finish) is not None:
        try:
            await finish(request.app.state.context, caller(request), request, response)
        except EXPECTED_ERRORS:
            # Redis is away: the answer goes without these headers.
            _log.warning("%s %r: answered without the dialect's headers", request.method, path)


def _routes(scope: Scope) -> Iterator[StarletteRoute]:
    """All routes of a path; the router itself only finds the first that matches."""
    app: Starlette = scope["app"]
    for route in app.routes:
        if isinstance(route, StarletteRoute) and route.matches(scope)[0] is not Match.NONE:
            yield route


def _methods(request: Request) -> list[str]:
    """All methods of a path."""
    return sorted({method for route in _routes(request.scope) for method in route.methods or ()})


def _allowed_headers(scope: Scope) -> set[str]:
    """Headers that callers of a path may send, besides those that browsers always send."""
    found = {"Authorization", "Content-Type"}
    for served in _routes(scope):
        if isinstance(served, ApiRoute):
            found |= {each.name for each in openapi.headers_sent(served.route)} | openapi.key_headers(served.dialect)
        elif isinstance(served.endpoint, McpHttp):
            found |= MCP_HEADERS
    return found


async def keep_working(context: ApiContext, stop: asyncio.Event) -> None:
    """Run the background work of the dialects until `stop`; what is under way then is finished first."""
    async with asyncio.TaskGroup() as tasks:
        for dialect in dialects.DIALECTS:
            if dialect.work is not None:
                tasks.create_task(dialect.work(context, stop))
        await stop.wait()
        # Their clients resume elsewhere.
        context.streams.stop()
