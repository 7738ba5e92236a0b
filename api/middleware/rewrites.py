"""Small rewrites of requests and answers: HEAD as GET, escaped slashes in paths, `nosniff` on every answer."""

import re
from typing import Any
from urllib.parse import unquote

from starlette.types import ASGIApp, Message, Receive, Scope, Send

# Stands for an escaped slash until the route is found. A control character: no path of ours has it.
_MARK = "\x1f"
_ESCAPED = re.compile(rb"%2f", re.IGNORECASE)
_NOSNIFF = (b"x-content-type-options", b"nosniff")


class HeadAsGet:
    """Answer HEAD as GET without the body: monitors and link checkers send it."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self.app(scope, receive, send)
            return

        async def without_body(message: Message) -> None:
            if message["type"] == "http.response.body":
                message = {**message, "body": b""}
            await send(message)

        # A GET with side effects looks at `head` to tell the two apart.
        await self.app({**scope, "method": "GET", "head": True}, receive, without_body)


class EncodedSlashes:
    """Keep an escaped slash (`%2F`) from splitting a path: `/api/qr/codes/docs%2Fintro` names the code `docs/intro`.

    ASGI's `path` no longer tells it from a real one. So a mark stands for it until the route is found, and
    `restore_slashes` puts it back in the route's parameters."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        raw = scope.get("raw_path") or b""
        if scope["type"] == "http" and b"%2" in raw:
            marked, slashes = _ESCAPED.subn(b"%1F", raw.partition(b"?")[0])
            if slashes:
                scope = {**scope, "path": unquote(marked.decode("ascii"))}
        await self.app(scope, receive, send)


def restore_slashes(parameters: dict[str, Any]) -> dict[str, Any]:
    """The path parameters of a route, with the slashes that `EncodedSlashes` marked."""
    return {name: value.replace(_MARK, "/") for name, value in parameters.items()}


class NoSniff:
    """Tell browsers to trust the content type of every answer: what a user wrote is data, never a script."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def sender(message: Message) -> None:
            if message["type"] == "http.response.start" and all(name != _NOSNIFF[0] for name, _ in message["headers"]):
                message = {**message, "headers": [*message["headers"], _NOSNIFF]}
            await send(message)

        await self.app(scope, receive, sender)
