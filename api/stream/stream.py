"""One stream: from its request to its end."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING

import msgspec
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from analytics import feed
from analytics.feed_position import Position
from analytics.types import Unavailable
from api.problems import Problem
from api.stream import messages
from api.stream.hub import Full, Hub, read, write
from api.stream.reader import Reader
from api.stream.sealing import Seal
from api.stream.selection import Selection
from codes.code_table import TooManyCodes
from codes.errors import Unavailable as RedisAway
from codes.plans import Plan
from codes.position_secret import position_secret
from infra.fair_queue import TooMany

if TYPE_CHECKING:
    from api.context import ApiContext

HEARTBEAT_S = 15.0
# How long engines may be away before a new reader is told so.
PATIENCE_S = 10.0
TRY_AGAIN_S = 5


class Start(msgspec.Struct, frozen=True):
    """Where a stream begins: behind a position, or at the end. With `follow` it goes on until somebody ends it."""

    position: Position | None
    follow: bool = True


class Streams:
    """All streams of a process, counted: at most so many as its settings say, and of a workspace as its plan says."""

    def __init__(self) -> None:
        self._hub: Hub | None = None
        self._open: Counter[int] = Counter()
        self._stopped = False

    def __len__(self) -> int:
        return self._open.total()

    def stop(self) -> None:
        """No stream begins any more, and those that are open end."""
        self._stopped = True
        if self._hub is not None:
            self._hub.finish()

    async def open(self, context: "ApiContext", selection: Selection, key: str, start: Start) -> "EventStream":
        """Raises Problem when there are too many, Gone for a position that is too old, and Unavailable."""
        if start.position is not None:
            feed.check_age(start.position, context.now_ms())
        if self._hub is None:
            self._hub = Hub(context)
        plan = await context.codes.plan(selection.workspace)
        self._admit(selection.workspace, len(self) >= context.settings.streams, plan)
        stream = EventStream(context, self._hub, Reader(selection, key), start, self._forget)
        try:
            async with asyncio.timeout(PATIENCE_S):
                await stream.begin()
        except BaseException as error:
            stream.close()
            if isinstance(error, Full):
                raise _full("too many different filters are streamed here") from None
            if isinstance(error, TimeoutError):
                raise Unavailable("no answer in time") from None
            raise
        return stream

    async def read_position(self, context: "ApiContext", text: str) -> Position:
        """Raises Unreadable, and Unavailable."""
        return Seal(await position_secret(context.codes.redis)).read(text)

    def _admit(self, workspace: int, full: bool, plan: Plan) -> None:
        if self._stopped or full:
            raise _full("as many streams are open here as may be")
        if self._open[workspace] >= plan.streams:
            text = plan.says("streams", limit=plan.streams)
            raise Problem(429, "too_many_streams", text, None, {"Retry-After": str(TRY_AGAIN_S)})
        self._open[workspace] += 1

    def _forget(self, workspace: int) -> None:
        self._open[workspace] -= 1
        if not self._open[workspace]:
            del self._open[workspace]


def _full(text: str) -> Problem:
    return Problem(503, "unavailable", f"{text}; try again shortly", None, {"Retry-After": str(TRY_AGAIN_S)})


class EventStream(Response):
    """`begin` before it is sent."""

    media_type = "text/event-stream"

    def __init__(
        self, context: "ApiContext", hub: Hub, reader: Reader, start: Start, closed: Callable[[int], None]
    ) -> None:
        # (The parent would tell the length of a body.)
        self.status_code = 200
        self.background = None
        # No cache keeps it, and no proxy collects it or packs it.
        self.init_headers({"Cache-Control": "no-store, no-transform", "X-Accel-Buffering": "no"})
        self._context = context
        self._hub = hub
        self._reader = reader
        self._start = start
        self._closed: Callable[[int], None] | None = closed
        # Of the hub: where a client begins to listen, or up to where one that resumes reads by itself.
        self._at: Position

    async def begin(self) -> None:
        """Raises Full."""
        self._hub.register(self._reader)
        if self._start.position is None and self._start.follow:
            self._at = await self._hub.join(self._reader)
        else:
            self._at = await self._hub.caught_up()

    def close(self) -> None:
        if self._closed is not None:
            self._closed(self._reader.selection.workspace)
            self._closed = None
        self._reader.close()
        self._hub.leave(self._reader)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        watching = asyncio.create_task(self._watch(receive))
        try:
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            if not scope.get("head"):
                async for payload in self._messages():
                    await send({"type": "http.response.body", "body": payload, "more_body": True})
            await send({"type": "http.response.body", "body": b""})
        finally:
            watching.cancel()
            self.close()

    async def _watch(self, receive: Receive) -> None:
        """Notice that the client is gone, also while there is nothing to send."""
        try:
            while (await receive())["type"] != "http.disconnect":
                pass
        finally:
            self._reader.close()

    async def _messages(self) -> AsyncIterator[bytes]:
        yield messages.BEGIN
        try:
            if self._start.position is not None:
                async for payload in self._catch_up(self._start.position, self._at):
                    yield payload
                if self._start.follow and not self._reader.finished:
                    before, self._at = self._at, await self._hub.join(self._reader)
                    async for payload in self._catch_up(before, self._at):
                        yield payload
        except feed.Gone:
            yield messages.GONE
            return
        except (TooManyCodes, Full):
            yield messages.TROUBLE
            return
        if not self._reader.finished:
            yield messages.moved(self._hub.seal.write(self._at))
        if not self._start.follow:
            return
        while (news := await self._reader.next(HEARTBEAT_S)) is not None:
            yield news or self._heartbeat()

    def _heartbeat(self) -> bytes:
        at = self._hub.position
        return messages.HEARTBEAT if at is None else messages.HEARTBEAT + messages.moved(self._hub.seal.write(at))

    async def _catch_up(self, position: Position, upto: Position) -> AsyncIterator[bytes]:
        """What was stored from a position of the client up to one of the hub. Raises Gone, TooManyCodes, Full."""
        selections = [self._reader.selection]
        while not self._reader.finished:
            try:
                chunk = await self._context.questions.ask(read, position, selections, self._context.now_ms(), upto)
                codes = {one.workspace: await self._context.codes.attributes(one.workspace) for one in selections}
                (payload,) = await write(self._context, chunk, selections, codes, self._hub.seal)
            except (Unavailable, RedisAway, TooMany):
                yield messages.HEARTBEAT
                await asyncio.sleep(1)
                continue
            if payload:
                yield payload
            elif chunk.more:
                yield messages.moved(self._hub.seal.write(chunk.end))
            position = chunk.end
            if not chunk.more:
                return
