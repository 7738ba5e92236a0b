"""Dashboards: they ask how often codes were scanned, in every dialect that is served, while scans come in."""

import random

from locust import HttpUser, between, task

from loadtest.shared import WORLD
from loadtest.world import API_URL, AUTHORIZATION

DICE = random.Random()
DAYS = (7, 30, 90)


class Dashboard(HttpUser):
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
