"""Ways to look at the warehouse again, for an audit beside a running aggregator."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from typing import Any, Protocol, TypeVar

from clickhouse_connect.driver.client import Client

T = TypeVar("T")

# How long an audit waits for its turn between two batches.
TURN_WITHIN_S = 30.0
# How often, while deleted codes are erased: that takes one turn, which may last minutes.
_WAITS = 20


class Recheck(Protocol):
    """Runs the work with some client, and blocks until it is done."""

    def __call__(self, work: Callable[[Client], T], /) -> T: ...


def on_client(client: Client) -> Recheck:
    def look(work: Callable[[Client], T]) -> T:
        return work(client)

    return look


def after_pause(sleep: Callable[[float], None], seconds: float, then: Recheck) -> Recheck:
    def look(work: Callable[[Client], T]) -> T:
        sleep(seconds)
        return then(work)

    return look


class Between(Protocol):
    """`Aggregator.between`: runs the work while nothing is inserted, once it is its turn, which may never come."""

    def __call__(self, work: Callable[[Client], T], /) -> Coroutine[Any, Any, T]: ...


def is_erasing(client: Client) -> bool:
    return bool(client.query("SELECT count() FROM erasing").result_rows[0][0])


def between_batches(
    between: Between,
    loop: asyncio.AbstractEventLoop,
    client: Client,
    within_s: float = TURN_WITHIN_S,
    erasing: Callable[[Client], bool] = is_erasing,
) -> Recheck:
    """Looks while inserts are held, from another thread than the loop's. When that is not granted in time (a partition
    that recovers for ever, a bus that gives none) it looks all the same, on `client`, and asks no more: what seems
    wrong then may be a batch that is half in, and the verdict errs on the side of alarm."""
    given_up = False

    def look(work: Callable[[Client], T]) -> T:
        nonlocal given_up
        if given_up:
            return work(client)
        begun = threading.Event()

        def begin(other: Client) -> T:
            begun.set()
            return work(other)

        future = asyncio.run_coroutine_threadsafe(between(begin), loop)
        for _ in range(_WAITS):
            try:
                return future.result(within_s)
            except TimeoutError:
                if begun.is_set():
                    return future.result()
                if not erasing(client):
                    break
        future.cancel()
        given_up = True
        return work(client)

    return look
