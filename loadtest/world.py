"""What all users of a load test share: where things are, the codes that there are, and the dialects that are served."""

import itertools
import os
import random
import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
import requests

API_URL = os.environ.get("WAYMARK_API_URL", "http://localhost:8000").rstrip("/")
SHORT_URL = os.environ.get("WAYMARK_SHORT_URL", "http://localhost:8001").rstrip("/")
KEY = os.environ.get("WAYMARK_KEY", "")
AUTHORIZATION = {"Authorization": f"Bearer {KEY}"}
# One account may make twenty codes an hour, one by one; some are left for the operators.
CODES = 12

# Where an API answers questions about the scans of one code: its list of codes, the code, the question.
_READING = re.compile(r"(/.+)/\{(\w+)\}/(?:scans|analytics)(/?)")


class Code(msgspec.Struct, frozen=True):
    id: str
    slug: str


class Reading(msgspec.Struct, frozen=True):
    """A question of one dialect that a dashboard asks, with a code's name put in."""

    name: str
    path: str


class World(msgspec.Struct):
    """Filled before the first user starts."""

    codes: list[Code] = []
    # Of the same codes: of n, the k-th gets about 1/k of the scans.
    popularity: list[float] = []
    # For operators: each edits one that is nobody else's.
    free: list[Code] = []
    readings: list[Reading] = []
    has_bulk: bool = False
    # A limit that is part of the product was met; nobody tries again.
    no_more_creating: bool = False

    def popular(self, dice: random.Random) -> Code:
        return dice.choices(self.codes, cum_weights=self.popularity)[0]


def prepare(world: World, session: requests.Session) -> None:
    """Makes codes where there are too few, and finds out what is served. Raises requests.RequestException."""
    session.headers.update(AUTHORIZATION)
    found = session.get(f"{API_URL}/v1/dynamic", params={"limit": 500}, timeout=10)
    found.raise_for_status()
    world.codes = [Code(one["id"], one["slug"]) for one in found.json()["codes"] if one["status"] == "active"]
    for number in range(len(world.codes), CODES):
        world.codes.append(_made(session, number))
    world.popularity = list(itertools.accumulate(1 / place for place in range(1, len(world.codes) + 1)))
    world.free = list(world.codes)
    served = session.get(f"{API_URL}/openapi.json", timeout=10).json()["paths"]
    world.has_bulk = "post" in served.get("/v1/dynamic/bulk", {})
    world.readings = list(_readings(session, served))


def _made(session: requests.Session, number: int) -> Code:
    body = {"destination": f"https://example.com/load/{number}", "label": f"load {number}"}
    answer = session.post(f"{API_URL}/v1/dynamic", json=body, timeout=10)
    answer.raise_for_status()
    made = answer.json()
    return Code(made["id"], made["slug"])


def _readings(session: requests.Session, served: Mapping[str, Any]) -> Iterator[Reading]:
    """In each served dialect, for the codes that its own list names."""
    for template, operations in served.items():
        match = _READING.fullmatch(template)
        if match is None or "get" not in operations:
            continue
        listed, name, slash = match.groups()
        answer = session.get(f"{API_URL}{listed}{slash}", timeout=10)
        if answer.status_code in (402, 403):
            # Not in this workspace's plan.
            continue
        answer.raise_for_status()
        for one in _items(answer.json()):
            known = next((one[key] for key in (name, "id", "short_id") if key in one), None)
            if known is not None:
                yield Reading(f"GET {template}", template.replace(f"{{{name}}}", str(known)))


def _items(told: Any) -> list[dict[str, Any]]:
    """The codes in a dialect's list, whatever it wraps them in."""
    if isinstance(told, dict):
        return next((found for value in told.values() if (found := _items(value))), [])
    if isinstance(told, list) and told and isinstance(told[0], dict):
        return told
    return []


# Shared by all users of this process.
WORLD = World()
