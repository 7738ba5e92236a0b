"""`/mcp`: the tools over streamable HTTP, for callers with an API key.

There are no sessions: each POST stands alone, so any process of the API can answer it.
"""

import asyncio
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.types import Message, Receive, Scope, Send

from api import auth
from api.context import ApiContext, ApiSettings
from api.middleware.cors import ANY
from api.problems import Problem

MCP_PATH = "/mcp"
# Of the protocol, besides the key.
MCP_HEADERS = frozenset({"Accept", "Mcp-Protocol-Version", "Mcp-Session-Id"})


class McpHttp:
    """An ASGI app, within the API that it calls. Raises Problem, which the API answers in its own shape."""

    def __init__(self, context: ApiContext) -> None:
        self._context = context
        self._managers: Callable[[], Any] | None = None
        self._loading = asyncio.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        if request.method != "POST":
            # There are no sessions to end, and nothing is told without being asked.
            raise Problem(405, "method_not_allowed", "this path takes POST", None, {"Allow": "POST"})
        _check_origin(request, self._context.settings)
        key = await auth.authenticate(request, self._context)
        await self._context.rates.take(self._context.codes, key, request)
        # Read here: a Problem of `api.middleware.limits` would be lost in the tasks of the manager.
        body = await request.body()
        manager = (await self._loaded(scope["app"]))()
        async with manager.run():
            await manager.handle_request(scope, _again(body, receive), send)

    async def _loaded(self, app: Any) -> Callable[[], Any]:
        async with self._loading:
            if self._managers is None:
                self._managers = await asyncio.to_thread(_load, app, self._context.settings.api_url)
        return self._managers


def _check_origin(request: Request, settings: ApiSettings) -> None:
    """The protocol asks for this: a page that somebody looks at must not use the tools of an assistant beside it, but
    where the settings let it. Raises Problem (403)."""
    origin = request.headers.get("origin")
    own = urlsplit(settings.api_url)
    if origin in (None, f"{own.scheme}://{own.netloc}") or {origin, ANY} & settings.cors_origins:
        return
    raise Problem(403, "foreign_origin", "pages of this origin may not use the tools", "Origin")


def _again(body: bytes, receive: Receive) -> Receive:
    """A body that was read, and then whatever comes after it."""
    whole: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def next_message() -> Message:
        return whole.pop() if whole else await receive()

    return next_message


def _load(app: Any, base: str) -> Callable[[], Any]:
    """What makes a manager for one request. Loaded when it is first asked for: that takes a second, and most never
    ask."""
    import httpx2
    from mcp.server.transport_security import TransportSecuritySettings

    from api.mcp_server import tools

    def reach(context: Any) -> httpx2.AsyncClient:
        sent = context.request_context.request.headers["authorization"]
        transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
        return httpx2.AsyncClient(transport=transport, base_url=base, headers={"Authorization": sent})

    server = tools.build_server(reach)
    # `_check_origin` has looked at whose page it is.
    anywhere = TransportSecuritySettings(enable_dns_rebinding_protection=False)

    def manager() -> Any:
        server.streamable_http_app(stateless_http=True, json_response=True, transport_security=anywhere)
        return server.session_manager

    return manager
