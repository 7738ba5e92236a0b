"""Limits of one request: bytes of headers, bytes of body, time to send it, time to answer it.

Pure ASGI, around everything else. A body is counted as it arrives, so a missing or false Content-Length changes
nothing.
"""

import asyncio
from collections.abc import Awaitable, Callable

import msgspec
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.problems import Problem, unavailable


class Limits(msgspec.Struct, frozen=True):
    """docs/openqr.md documents the defaults."""

    # Names and values together. Below 16,000, so that a single header of 16 KB never fits.
    headers_bytes: int = 15 * 1024
    body_bytes: int = 1024 * 1024
    body_s: float = 10.0
    # From the first byte of the request to the first of the answer, and from each part of the answer to the next.
    answer_s: float = 30.0
    # Uploads of files.
    upload_path: str = "/v1/files"
    upload_bytes: int = 201 * 1024 * 1024
    upload_s: float = 600.0
    # Exports of other services, to be imported.
    import_path: str = "/v1/import"
    import_bytes: int = 9 * 1024 * 1024
    import_s: float = 120.0
    # Bulk creation: a thousand codes of the longest kind.
    bulk_path: str = "/api/qr/codes/bulk"
    bulk_bytes: int = 4 * 1024 * 1024
    # How much of a body that is too large is read and discarded: a client that is still sending when the connection
    # closes would not see the answer.
    discard_bytes: int = 4 * 1024 * 1024

    def of(self, path: str) -> "Limits":
        """The limits of this path."""
        path = path.removesuffix("/")
        if path == self.bulk_path:
            return msgspec.structs.replace(self, body_bytes=self.bulk_bytes)
        if path == self.import_path:
            longest = self.answer_s + self.import_s
            return msgspec.structs.replace(self, body_bytes=self.import_bytes, body_s=self.import_s, answer_s=longest)
        if path != self.upload_path:
            return self
        longest = self.answer_s + self.upload_s
        return msgspec.structs.replace(self, body_bytes=self.upload_bytes, body_s=self.upload_s, answer_s=longest)


def _declared(scope: Scope) -> int:
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit():
            return int(value[:18])
    return 0


class RequestLimits:
    """`answer` turns a problem into the dialect's answer for a path."""

    def __init__(self, app: ASGIApp, limits: Limits, answer: Callable[[Scope, Problem], Awaitable[Response]]) -> None:
        self.app = app
        self.limits = limits
        self.answer = answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        limits = self.limits.of(scope["path"])
        started = False
        patience = asyncio.timeout(limits.answer_s)

        async def sender(message: Message) -> None:
            nonlocal started
            started = True
            if not patience.expired():
                patience.reschedule(asyncio.get_running_loop().time() + limits.answer_s)
            await send(message)

        if sum(len(name) + len(value) for name, value in scope["headers"]) > limits.headers_bytes:
            problem = Problem(
                431,
                "headers_too_large",
                f"the request's headers are larger than {limits.headers_bytes:,} bytes",
                None,
                {"Connection": "close"},
            )
            await (await self.answer(scope, problem))(scope, receive, send)
            return
        body = _Body(receive, limits, _declared(scope))
        try:
            async with patience:
                await self.app(scope, body.receive, sender)
        except TimeoutError:
            if started:
                raise
            problem = unavailable("the answer took too long")
            await (await self.answer(scope, problem))(scope, receive, send)


class _Body:
    """Receives the body of one request. Raises Problem: 413 when it is too large, 408 when it is too slow."""

    def __init__(self, receive: Receive, limits: Limits, declared: int) -> None:
        self._receive = receive
        self._limits = limits
        self._declared = declared
        self._taken = 0
        self._ended = False
        self._until: float | None = None

    async def receive(self) -> Message:
        if self._ended:
            return await self._receive()
        limit = self._limits.body_bytes
        if self._declared > limit + self._limits.discard_bytes:
            raise self._too_large()
        message = await self._next()
        if self._taken > limit or self._declared > limit:
            while not self._ended and self._taken <= limit + self._limits.discard_bytes:
                await self._next()
            raise self._too_large()
        return message

    async def _next(self) -> Message:
        if self._until is None:
            self._until = asyncio.get_running_loop().time() + self._limits.body_s
        try:
            async with asyncio.timeout_at(self._until):
                message = await self._receive()
        except TimeoutError:
            raise Problem(
                408,
                "too_slow",
                f"the body did not arrive within {self._limits.body_s:g} seconds",
                "body",
                {"Connection": "close"},
            ) from None
        self._taken += len(message.get("body", b""))
        self._ended = message["type"] != "http.request" or not message.get("more_body", False)
        return message

    def _too_large(self) -> Problem:
        return Problem(
            413,
            "body_too_large",
            f"body is larger than {self._limits.body_bytes:,} bytes",
            "body",
            {"Connection": "close"},
        )
