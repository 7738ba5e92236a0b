"""The users of Waymark, for Locust: scanners (people and the machines that follow links), dashboards that ask for
counts in every dialect, and operators who create, edit and import codes and check at once that an edit is followed."""

import itertools
import random

import requests
from locust import HttpUser, between, task
from locust.exception import StopUser

from harness import agents
from loadtest.world import API_URL, AUTHORIZATION, SHORT_URL, WORLD

DICE = random.Random()
DAYS = (7, 30, 90)
PLACEMENTS = ("window", "door", "station", *(f"table-{n}" for n in range(1, 20)))
_NUMBERS = itertools.count(1)


class Scanner(HttpUser):
    """Redirects are not followed: where they lead is not ours."""

    host = SHORT_URL
    wait_time = between(0.05, 0.5)
    weight = 10

    def _scan(self, link: str, headers: dict[str, str], *, name: str, method: str = "GET", expect: int = 302) -> None:
        with self.client.request(
            method, f"/{link}", headers=headers, name=name, allow_redirects=False, catch_response=True
        ) as answer:
            if answer.status_code == expect:
                answer.success()
            else:
                answer.failure(f"{answer.status_code} instead of {expect}")

    @task(86)
    def person(self) -> None:
        # Most hold a phone to a print of the code.
        printed = DICE.random() < 0.8
        slug = WORLD.popular(DICE).slug
        link = f"q/{slug}/?p={DICE.choice(PLACEMENTS)}" if printed else slug
        self._scan(link, agents.person(DICE), name="scan: a person")

    @task(7)
    def other(self) -> None:
        self._scan(WORLD.popular(DICE).slug, agents.other(DICE), name="scan: a bot")

    @task(4)
    def head(self) -> None:
        self._scan(WORLD.popular(DICE).slug, agents.other(DICE), name="scan: HEAD", method="HEAD")

    @task(3)
    def mistyped(self) -> None:
        slug = f"no-such-{DICE.randrange(10**6)}"
        self._scan(slug, agents.person(DICE), name="scan: an unknown slug", expect=404)


class Dashboard(HttpUser):
    """Asks how often codes were scanned, in every dialect, while scans arrive."""

    host = API_URL
    wait_time = between(0.5, 2)
    weight = 2

    @task(8)
    def look(self) -> None:
        reading = DICE.choice(WORLD.readings)
        self.client.get(
            reading.path, params={"days": DICE.choice(DAYS)}, headers=AUTHORIZATION, name=f"dashboard: {reading.name}"
        )

    @task(2)
    def refresh(self) -> None:
        self.client.get("/v1/dynamic", params={"limit": 50}, headers=AUTHORIZATION, name="dashboard: GET /v1/dynamic")


class Operator(HttpUser):
    """Each has a code to itself."""

    host = API_URL
    wait_time = between(1, 4)
    weight = 1

    def on_start(self) -> None:
        if not WORLD.free:
            raise StopUser
        self.code = WORLD.free.pop()
        # A connection to the redirectors, apart from what Locust measures at the API.
        self.phone = requests.Session()

    def on_stop(self) -> None:
        if hasattr(self, "phone"):
            self.phone.close()

    @task(12)
    def edit(self) -> None:
        """The next scan after an answered edit goes to the new destination."""
        destination = f"https://example.com/edited/{next(_NUMBERS)}"
        with self.client.patch(
            f"/v1/dynamic/{self.code.id}",
            json={"destination": destination},
            headers=AUTHORIZATION,
            name="operator: PATCH, and a scan at once",
            catch_response=True,
        ) as answer:
            if answer.status_code != 200:
                answer.failure(f"{answer.status_code} instead of 200")
                return
            scan = self.phone.get(
                f"{SHORT_URL}/{self.code.slug}", headers=agents.person(DICE), allow_redirects=False, timeout=10
            )
            if scan.headers.get("location") == destination:
                answer.success()
            else:
                answer.failure(f"the scan after the edit got {scan.status_code} {scan.headers.get('location')}")

    @task(2)
    def create(self) -> None:
        """The hourly limit is part of the API: it is an answer, and not an error."""
        if WORLD.no_more_creating:
            return
        with self.client.post(
            "/v1/dynamic",
            json={"destination": f"https://example.com/made/{next(_NUMBERS)}"},
            headers=AUTHORIZATION,
            name="operator: POST /v1/dynamic",
            catch_response=True,
        ) as answer:
            if answer.status_code in (201, 429):
                WORLD.no_more_creating = answer.status_code == 429
                answer.success()
            else:
                answer.failure(f"{answer.status_code} instead of 201")

    @task(2)
    def many(self) -> None:
        if not WORLD.has_bulk:
            return
        items = [{"destination": f"https://example.com/many/{next(_NUMBERS)}"} for _ in range(10)]
        with self.client.post(
            "/v1/dynamic/bulk",
            json={"items": items},
            headers=AUTHORIZATION,
            name="operator: POST /v1/dynamic/bulk, 10 codes",
            catch_response=True,
        ) as answer:
            if answer.status_code != 201:
                answer.failure(f"{answer.status_code} instead of 201")
            elif answer.json()["failed"]:
                answer.failure(f"{answer.json()['failed']} of {len(items)} were not made")
            else:
                answer.success()
