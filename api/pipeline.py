"""What every request of every dialect passes, in this order: the key, its rate, the dialect's own conditions, the
scope, idempotency, the handler, replicas that have what was changed; then what every answer gets: ETag, rate headers,
the dialect's own headers.
"""

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route as StarletteRoute

from api import auth, etags, idempotency, rate_limits, shared_sessions, upload
from api.context import ApiContext
from api.dialect import NOBODY, Call, Dialect, Route
from api.idempotency import Attempt
from api.middleware.rewrites import restore_slashes
from schemas.code import ApiKey


class ApiRoute(StarletteRoute):
    """A route of a dialect, served at one of its paths."""

    def __init__(self, context: ApiContext, dialect: Dialect, route: Route, path: str) -> None:
        super().__init__(path, endpoint(context, dialect, route), methods=[route.method], name=route.handler.__name__)
        self.dialect = dialect
        self.route = route


def endpoint(context: ApiContext, dialect: Dialect, route: Route) -> Callable[[Request], Awaitable[Response]]:
    """The only place that checks keys, scopes and rates."""

    async def answer(request: Request) -> Response:
        _read_parameters(request, route)
        call = Call(context, NOBODY, request)
        if route.scope == "shared":
            view = await shared_sessions.authenticate(request, context)
            await context.rates.take_shared(context.codes, view.workspace, request)
            call = Call(context, NOBODY, request, shared=view)
        elif route.scope is not None:
            key = await (dialect.authenticate or auth.authenticate)(request, context)
            request.state.key = key
            await context.rates.take(context.codes, key, request)
            call = Call(context, key, request)
            if dialect.before is not None:
                await dialect.before(call)
            auth.check_scope(key, route.scope)
        async with AsyncExitStack() as around:
            if _changes(route):
                await around.enter_async_context(context.replication.confirmed())
            if route.upload:
                await around.enter_async_context(upload.turn(context.uploads, call.key.workspace))
            response = await _handled(call, route)
        rate_limits.add_rate_headers(request, response)
        if dialect.finish is not None:
            await dialect.finish(context, caller(request), request, response)
        return response

    return answer


def _changes(route: Route) -> bool:
    """Whether a success says that something is kept. (A session that is lost is begun again.)"""
    return route.method not in ("GET", "POST") or (route.method == "POST" and route.scope in ("write", "admin"))


def _read_parameters(request: Request, route: Route) -> None:
    """Ids may be in capital letters, and escaped slashes are slashes again."""
    request.scope["path_params"] = restore_slashes(request.path_params)
    for each in route.parameters:
        if each.where == "path" and each.schema.get("format") == "uuid":
            request.path_params[each.name] = request.path_params[each.name].lower()


async def _handled(call: Call, route: Route) -> Response:
    async def work(attempt: Attempt | None) -> Response:
        response = await route.handler(msgspec.structs.replace(call, attempt=attempt))
        return etags.with_etag(call.request, response)

    key = idempotency.sent_key(call.request) if route.creates and call.key is not NOBODY else None
    try:
        if key is None:
            return await work(None)
        redis, workspace = call.context.codes.redis, call.key.workspace
        asked_for = await (upload.digest(call.request) if route.upload else call.request.body())
        plan = await call.context.codes.plan(workspace)
        return await idempotency.once(
            redis, plan, workspace, key, call.request, asked_for, work, remembered=route.remembered
        )
    finally:
        # Deletes an uploaded file.
        await call.request.close()


def caller(request: Request) -> ApiKey | None:
    """The key of a request, once it is known."""
    found: ApiKey | None = getattr(request.state, "key", None)
    return found
