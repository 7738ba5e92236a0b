"""Ways to look at the warehouse again, for an audit beside a running aggregator."""

from collections.abc import Callable
from typing import Protocol, TypeVar

from clickhouse_connect.driver.client import Client

T = TypeVar("T")


class Look(Protocol):
    """Runs the work with some client, and blocks until it is done."""

    def __call__(self, work: Callable[[Client], T], /) -> T: ...


def on(client: Client) -> Look:
    def look(work: Callable[[Client], T]) -> T:
        return work(client)

    return look


def after(sleep: Callable[[float], None], seconds: float, then: Look) -> Look:
    def look(work: Callable[[Client], T]) -> T:
        sleep(seconds)
        return then(work)

    return look
