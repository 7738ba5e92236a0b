"""Scanners in numbers, for Locust: docs/loadtest.md says how to run it.

Codes are chosen as people choose them: of n codes, the k-th most popular gets about 1/k of the scans.
"""

import itertools
import os
import random

import requests
from locust import HttpUser, between, events, task
from locust.env import Environment

from bench.agents import HEADERS

API_URL = os.environ.get("WAYMARK_API_URL", "http://localhost:8000").rstrip("/")
SHORT_URL = os.environ.get("WAYMARK_SHORT_URL", "http://localhost:8001").rstrip("/")
# One key may make twenty codes an hour.
CODES = 20

BOT = {"User-Agent": "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"}
SCRIPT = {"User-Agent": "curl/8.5.0"}

slugs: list[str] = []
popularity: list[float] = []


def _existing(session: requests.Session) -> list[str]:
    answer = session.get(f"{API_URL}/v1/dynamic", params={"limit": 500}, timeout=10)
    answer.raise_for_status()
    return [code["slug"] for code in answer.json()["codes"] if code["status"] == "active"]


def _make(session: requests.Session, number: int) -> str:
    body = {"destination": f"https://example.com/load/{number}", "label": f"load {number}"}
    answer = session.post(f"{API_URL}/v1/dynamic", json=body, timeout=10)
    answer.raise_for_status()
    slug: str = answer.json()["slug"]
    return slug


@events.test_start.add_listener  # type: ignore[untyped-decorator]
def codes_to_scan(environment: Environment, **_: object) -> None:
    """Takes the workspace's active codes, and makes some where there are none."""
    key = os.environ.get("WAYMARK_KEY")
    if not key:
        raise SystemExit("WAYMARK_KEY is not set: it is the key that `make run` printed")
    with requests.Session() as session:
        session.headers["Authorization"] = f"Bearer {key}"
        slugs[:] = _existing(session) or [_make(session, number) for number in range(CODES)]
    popularity[:] = itertools.accumulate(1 / place for place in range(1, len(slugs) + 1))


class Scanner(HttpUser):
    """Whoever points a camera at a code. Redirects are not followed: where they lead is not ours."""

    host = SHORT_URL
    wait_time = between(0.05, 0.5)

    def _visit(self, slug: str, headers: dict[str, str], *, name: str, method: str = "GET", expect: int = 302) -> None:
        with self.client.request(
            method, f"/{slug}", headers=headers, name=name, allow_redirects=False, catch_response=True
        ) as answer:
            if answer.status_code == expect:
                answer.success()
            else:
                answer.failure(f"{answer.status_code} instead of {expect}")

    def _slug(self) -> str:
        return random.choices(slugs, cum_weights=popularity)[0]

    @task(90)
    def person(self) -> None:
        self._visit(self._slug(), random.choice(HEADERS), name="a person")

    @task(4)
    def bot(self) -> None:
        self._visit(self._slug(), random.choice([BOT, SCRIPT]), name="a bot")

    @task(3)
    def head(self) -> None:
        self._visit(self._slug(), random.choice(HEADERS), name="HEAD", method="HEAD")

    @task(3)
    def mistyped(self) -> None:
        slug = f"no-such-{random.randrange(10**6)}"
        self._visit(slug, random.choice(HEADERS), name="an unknown slug", expect=404)
