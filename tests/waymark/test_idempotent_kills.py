"""SIGKILL of everything while codes are made under keys of their own: sent again, each is there once."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from http.client import HTTPException
from typing import Any

import pytest

from tests.waymark.running import Up, up

pytestmark = pytest.mark.kill
CODES = 60


def send(one: Up, number: int, answered: dict[int, Any]) -> None:
    body = {"destination": f"https://example.com/{number}", "label": str(number)}
    try:
        status, found = one.call("POST", "/v1/dynamic", body, headers={"Idempotency-Key": f"code-{number}"})
    except (OSError, HTTPException, ValueError):
        return
    if status == 201:
        # Whatever was answered before, a repeated answer is the same.
        assert answered.setdefault(number, found) == found


def test_what_was_cut_short_is_made_once() -> None:
    with up() as one:
        answered: dict[int, Any] = {}
        for after_s in (0.1, 0.25):
            killer = threading.Timer(after_s, one.kill_group)
            with ThreadPoolExecutor(8) as clients:
                killer.start()
                list(clients.map(lambda number: send(one, number, answered), range(CODES)))
            killer.join()
            one.start()
        bulk = {"items": [{"destination": f"https://example.com/b/{n}", "label": f"b{n}"} for n in range(100)]}
        killer = threading.Timer(0.15, one.kill_group)
        killer.start()
        with suppress(OSError, HTTPException, ValueError):
            one.call("POST", "/v1/dynamic/bulk", bulk, headers={"Idempotency-Key": "bulk"})
        killer.join()
        one.start()
        while len(answered) < CODES:
            for number in range(CODES):
                send(one, number, answered)
        status, made = one.call("POST", "/v1/dynamic/bulk", bulk, headers={"Idempotency-Key": "bulk"})
        assert (status, made["created"]) == (201, 100)
        _, page = one.call("GET", "/v1/dynamic?limit=500")
        labels = sorted(code["label"] for code in page["codes"])
        assert labels == sorted([*map(str, range(CODES)), *(f"b{n}" for n in range(100))])
        assert {code["id"] for code in page["codes"]} == {
            *(code["id"] for code in answered.values()),
            *(result["code"]["id"] for result in made["results"]),
        }
        for code in (answered[0], answered[CODES - 1], made["results"][0]["code"]):
            assert one.scan(code["slug"])[0] == 302
