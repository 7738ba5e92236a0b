"""A pool of threads that query the warehouse, one client each, so that the event loop never blocks.

A clickhouse-connect client blocks and serves one thread. A question is any function that takes a client as its first
argument; it may run any number of queries.
"""

import asyncio
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from concurrent import futures
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import Concatenate, ParamSpec, TypeVar

from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import DatabaseError, Error, InterfaceError, ProgrammingError
from urllib3.exceptions import HTTPError

from analytics.types import Unavailable
from infra import fair_queue
from infra.exposition import Histogram, Reading
from infra.fair_queue import FairQueue, TooMany
from infra.warehouse import Warehouse

P = ParamSpec("P")
T = TypeVar("T")

# Server errors that mean "not now". Any other error is a defect of the query, and must not look like an outage.
_NOT_NOW = {
    60: "a table is not there yet",
    81: "the database is not there yet",
    159: "took too long",
    160: "would take too long",
    202: "too many queries",
    209: "a socket timed out",
    210: "the network failed",
    236: "aborted",
    241: "out of memory",
    279: "no replica answers",
    394: "cancelled",
    516: "not let in",
}


# How long a question goes on, at most, before the next of its queries is ended, too.
AGAIN_S = 0.2
# A server that ends a query at its limit needs a moment to say so.
SAID_WITHIN_S = 5


class QueryPool:
    """Runs up to `threads` questions at a time, at most `own_threads` of one workspace and `key_threads` of one of its
    keys; `waiting` more may queue, and workspaces and keys take turns (`infra.fair_queue`). Each query may take
    `limit_s` seconds, each answer twice that, including the time in the queue. A query whose question was given up is
    ended.

    Opens nothing before the first question, and reconnects to a warehouse that comes back.
    """

    def __init__(
        self,
        warehouse: Warehouse,
        threads: int = 2,
        *,
        own_threads: int | None = None,
        key_threads: int | None = None,
        waiting: int = 256,
        limit_s: int = 10,
    ) -> None:
        self._warehouse = warehouse
        self._limit_s = limit_s
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="questions")
        self._queue = FairQueue(threads, own_at_once=own_threads, key_at_once=key_threads, waiting=waiting)
        self._own = threading.local()
        self._clients: set[Client] = set()
        # Threads that end the queries of questions that were given up.
        self._ending: set[threading.Thread] = set()
        self._closed = False
        # Counted in the event loop's thread.
        self._seconds = Histogram("waymark_query_seconds")
        self._failures = 0

    def metrics(self) -> Mapping[str, Reading]:
        return {"waymark_query_seconds": self._seconds, "waymark_query_failures_total": self._failures}

    async def ask(self, question: Callable[Concatenate[Client, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """The answer of `question(client, *args, **kwargs)`. Raises Unavailable when the warehouse is away or does not
        answer in time, or when too many questions wait already; TooMany when too many of the workspace's own wait;
        otherwise what the question raises."""
        began = time.perf_counter()
        try:
            return await self._ask(question, *args, **kwargs)
        except Unavailable:
            self._failures += 1
            raise
        finally:
            self._seconds.add(time.perf_counter() - began)

    async def _ask(self, question: Callable[Concatenate[Client, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        if self._closed:
            raise Unavailable("shutting down")
        name = f"waymark:{secrets.token_hex(8)}"
        future: Future[T] | None = None
        try:
            async with asyncio.timeout(2 * self._limit_s):
                future = await self._begun(name, lambda client: question(client, *args, **kwargs))
                return await asyncio.wrap_future(future)
        except TimeoutError as error:
            raise Unavailable("no answer in time") from error
        finally:
            if future is not None and not future.done():
                ending = threading.Thread(target=self._end, args=(name, future), name="abandoned")
                self._ending.add(ending)
                ending.start()

    async def _begun(self, name: str, question: Callable[[Client], T]) -> Future[T]:
        """Submit the question once it has a turn. The turn ends when the thread is done, even if nobody waits
        for the answer."""
        who = fair_queue.owner.get()
        try:
            await self._queue.enter(who.workspace, who.questions, who.key)
        except TooMany as error:
            if error.own:
                raise
            raise Unavailable("too many questions are waiting") from None
        try:
            if self._closed:
                raise Unavailable("shutting down")
            future = self._threads.submit(self._answer, name, question)
        except BaseException:
            self._queue.leave(who.workspace, who.key)
            raise
        future.add_done_callback(lambda _: self._queue.leave(who.workspace, who.key))
        return future

    async def close(self) -> None:
        """Finish the running questions, drop the waiting ones, close every client."""
        self._closed = True
        await asyncio.to_thread(self._threads.shutdown, wait=True, cancel_futures=True)
        for ending in tuple(self._ending):
            await asyncio.to_thread(ending.join)
        while self._clients:
            self._clients.pop().close()

    def _answer(self, name: str, question: Callable[[Client], T]) -> T:
        try:
            client = self._client()
            client.set_client_setting("log_comment", name)
        except (Error, HTTPError, OSError) as error:
            raise Unavailable(f"the warehouse is away: {error}") from error
        try:
            return question(client)
        except (ProgrammingError, InterfaceError):
            raise
        except (Error, HTTPError, OSError) as error:
            self._forget_client()
            code = getattr(error, "code", None)
            if isinstance(error, DatabaseError) and code is not None and code not in _NOT_NOW:
                raise
            raise Unavailable(_NOT_NOW.get(code or 0, str(error))) from error

    def _end(self, name: str, future: Future[T]) -> None:
        """Ends the queries of a question that nobody waits for any more, one after another, until its thread is free.
        (Closing the connection would not: a server stops a query for that only where it may change nothing.)"""
        try:
            with suppress(Error, HTTPError, OSError):
                client = self._warehouse.connect(timeout_s=self._limit_s, max_threads=1)
                try:
                    while not future.done():
                        client.command(f"KILL QUERY WHERE Settings['log_comment'] = '{name}' ASYNC")
                        futures.wait([future], timeout=AGAIN_S)
                finally:
                    client.close()
        finally:
            self._ending.discard(threading.current_thread())

    def _client(self) -> Client:
        client: Client | None = getattr(self._own, "client", None)
        if client is None:
            client = self._warehouse.connect(
                timeout_s=self._limit_s + SAID_WITHIN_S,
                max_threads=1,
                max_execution_time=self._limit_s,
                timeout_overflow_mode="throw",
            )
            self._own.client = client
            self._clients.add(client)
        return client

    def _forget_client(self) -> None:
        client: Client | None = getattr(self._own, "client", None)
        if client is not None:
            self._own.client = None
            self._clients.discard(client)
            client.close()
