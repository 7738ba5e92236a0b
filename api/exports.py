"""Files of many rows, written by the warehouse and sent as they are written.

Exports have threads of their own, so a long one keeps no question waiting, and workspaces take turns. The query waits
while its reader does; a reader who leaves ends it. A file that cannot be finished is cut off: the connection ends
without the end of the answer, and no program takes it for a whole one.
"""

import asyncio
import logging
import threading
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as StillFull

from clickhouse_connect.driver.exceptions import ClickHouseError
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from urllib3.exceptions import HTTPError

from analytics.scan_rows import Contents
from analytics.types import Unavailable
from infra import fair_queue
from infra.exposition import Reading
from infra.fair_queue import FairQueue, Owner
from infra.raw_output import FileFormat, OutputFailed, raw_output
from infra.warehouse import Warehouse

log = logging.getLogger(__name__)

# How many are written at once, in each process, and how many of one workspace.
AT_ONCE = 2
OWN_AT_ONCE = 1
# How long one may take, with a slow reader too.
LIMIT_S = 3600
RUN_STATES = ("done", "retrying", "failed")
# Parts that are held while they are sent.
_HELD = 2


class _ReaderGone(Exception):
    pass


class Exports:
    """Opens nothing before the first export."""

    def __init__(self, warehouse: Warehouse, *, at_once: int = AT_ONCE, own_at_once: int = OWN_AT_ONCE) -> None:
        self._warehouse = warehouse
        self._threads = ThreadPoolExecutor(at_once, thread_name_prefix="exports")
        self._queue = FairQueue(at_once, own_at_once=own_at_once)
        self._closing = threading.Event()
        self._rows = 0
        self._failures = 0
        self._runs: Counter[str] = Counter()

    def metrics(self) -> Mapping[str, Reading]:
        return {
            "waymark_export_rows_total": self._rows,
            "waymark_export_failures_total": self._failures,
            "waymark_export_runs_total": {(state,): float(self._runs[state]) for state in RUN_STATES},
        }

    def count_run(self, state: str) -> None:
        """Count what became of a period of a scheduled export."""
        self._runs[state] += 1

    async def parts(
        self, contents: Contents, format: FileFormat, who: Owner | None = None
    ) -> AsyncGenerator[bytes, None]:
        """The parts of the file, at least one, once it is this owner's turn. Raises TooMany when too many of its own
        wait, Unavailable when the warehouse is away, and OutputFailed when the file cannot be finished."""
        who = who or fair_queue.owner.get()
        await self._queue.enter(who.workspace, who.exports, who.key)
        handover = _Handover(self._closing)
        try:
            writing = self._threads.submit(self._write, contents, format, handover)
        except BaseException:
            self._queue.leave(who.workspace, who.key)
            raise
        writing.add_done_callback(lambda _: self._queue.leave(who.workspace, who.key))
        try:
            while part := await handover.take():
                yield part
            self._rows += contents.rows
        except (OutputFailed, Unavailable):
            self._failures += 1
            raise
        finally:
            handover.gone.set()

    async def close(self) -> None:
        """End what is being written."""
        self._closing.set()
        await asyncio.to_thread(self._threads.shutdown, wait=True, cancel_futures=True)

    def _write(self, contents: Contents, format: FileFormat, handover: "_Handover") -> None:
        try:
            with raw_output(self._warehouse, contents.sql, contents.parameters, format, limit_s=LIMIT_S) as output:
                while part := output.read():
                    handover.put(part)
            handover.put(b"")
        except _ReaderGone:
            return
        except OutputFailed as error:
            handover.end(error)
        except (ClickHouseError, HTTPError, OSError) as error:
            handover.end(Unavailable(f"the warehouse is away: {error}"))
        except BaseException as error:
            handover.end(error)
            raise


class _Handover:
    """From the thread that writes to the event loop that sends: a few parts, then b"" or why there is no more."""

    def __init__(self, closing: threading.Event) -> None:
        self.gone = threading.Event()
        self._closing = closing
        self._loop = asyncio.get_running_loop()
        self._queue: asyncio.Queue[bytes | BaseException] = asyncio.Queue(_HELD)

    async def take(self) -> bytes:
        found = await self._queue.get()
        if isinstance(found, BaseException):
            raise found
        return found

    def put(self, part: bytes | BaseException) -> None:
        """Blocks until there is room. Raises _ReaderGone."""
        waiting: Future[None] = asyncio.run_coroutine_threadsafe(self._queue.put(part), self._loop)
        while True:
            try:
                return waiting.result(0.2)
            except StillFull:
                if self.gone.is_set() or self._closing.is_set():
                    waiting.cancel()
                    raise _ReaderGone from None

    def end(self, error: BaseException) -> None:
        try:
            self.put(error)
        except _ReaderGone:
            return


class FileDownload(Response):
    """Sends the file while it is written. What goes wrong before its first part is an answer like any other."""

    def __init__(self, exports: Exports, contents: Contents, format: FileFormat, name: str) -> None:
        headers = {
            "Content-Disposition": f'attachment; filename="{name}.{format.suffix}"',
            "Cache-Control": "no-store",
        }
        super().__init__(None, 200, headers, format.media)
        # The length is not known.
        del self.headers["content-length"]
        self._exports = exports
        self._contents = contents
        self._format = format

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        start = {"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers}
        if scope.get("head"):
            await send(start)
            await send({"type": "http.response.body", "body": b""})
            return
        parts = self._exports.parts(self._contents, self._format)
        try:
            await self._send(start, parts, receive, send)
        finally:
            await parts.aclose()

    async def _send(self, start: dict[str, object], parts: AsyncIterator[bytes], receive: Receive, send: Send) -> None:
        gone = asyncio.create_task(_hang_up(receive))
        try:
            try:
                part = await anext(parts)
            except OutputFailed as error:
                raise Unavailable(str(error)) from error
            await send(start)
            await send({"type": "http.response.body", "body": part, "more_body": True})
            async for part in parts:
                if gone.done():
                    return
                await send({"type": "http.response.body", "body": part, "more_body": True})
        except OutputFailed as error:
            # The server closes a connection whose answer is unfinished.
            log.warning("an export was cut off: %s", error)
            return
        finally:
            gone.cancel()
        await send({"type": "http.response.body", "body": b""})


async def _hang_up(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
