"""The three who use Waymark, for Locust: docs/loadtest.md says how to run it."""

import requests
from locust import events
from locust.env import Environment

from loadtest.users import Dashboard, Operator, Scanner
from loadtest.world import KEY, WORLD, prepare

__all__ = ["Dashboard", "Operator", "Scanner"]


@events.test_start.add_listener  # type: ignore[untyped-decorator]
def before_anybody_starts(environment: Environment, **_: object) -> None:
    if not KEY:
        raise SystemExit("WAYMARK_KEY is not set: it is the key that `make run` printed")
    with requests.Session() as session:
        prepare(WORLD, session)
