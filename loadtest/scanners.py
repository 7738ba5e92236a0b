"""Scanners: whoever points a camera at a code, and the machines that follow links."""

import random

from locust import HttpUser, between, task

from loadtest import agents
from loadtest.shared import WORLD
from loadtest.world import SHORT_URL

DICE = random.Random()


class Scanner(HttpUser):
    """Redirects are not followed: where they lead is not ours."""

    host = SHORT_URL
    wait_time = between(0.05, 0.5)
    weight = 10

    def _visit(self, slug: str, headers: dict[str, str], *, name: str, method: str = "GET", expect: int = 302) -> None:
        with self.client.request(
            method, f"/{slug}", headers=headers, name=name, allow_redirects=False, catch_response=True
        ) as answer:
            if answer.status_code == expect:
                answer.success()
            else:
                answer.failure(f"{answer.status_code} instead of {expect}")

    @task(86)
    def person(self) -> None:
        self._visit(WORLD.popular(DICE).slug, agents.person(DICE), name="scan: a person")

    @task(7)
    def other(self) -> None:
        self._visit(WORLD.popular(DICE).slug, agents.other(DICE), name="scan: a bot")

    @task(4)
    def head(self) -> None:
        self._visit(WORLD.popular(DICE).slug, agents.other(DICE), name="scan: HEAD", method="HEAD")

    @task(3)
    def mistyped(self) -> None:
        slug = f"no-such-{DICE.randrange(10**6)}"
        self._visit(slug, agents.person(DICE), name="scan: an unknown slug", expect=404)
