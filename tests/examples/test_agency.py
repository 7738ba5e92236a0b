"""The requests of QR Code Agency's reference, sent by curl as they stand there, but for base address, token and ids;
and the answers that it shows, held against ours field by field.

What is under agency/ is the contract: it is held word for word, so it is neither formatted nor improved.
"""

import json
import time
from pathlib import Path
from typing import Any

import pytest

from bench import stack
from harness.agents import HEADERS
from tests.examples.calls import run, visit
from tests.servers import require

HERE = Path(__file__).parent / "agency"
PHONE = HEADERS[0]["User-Agent"]


class Caller:
    """Sends a request of the reference. `token` is an access token, exchanged for the key of `up`."""

    def __init__(self, up: stack.Stack, folder: Path) -> None:
        require.programs("curl", why="the requests are sent by curl")
        self.up = up
        self.folder = folder
        tokens = json.dumps({"api_key": up.key})
        status, found = self.send("POST /api/v1/token/\nContent-Type: application/json\n\n" + tokens)
        assert status == 200
        self.token: str = found["access"]

    def call(self, name: str, short_id: str = "") -> tuple[int, Any]:
        text = (HERE / f"{name}.http").read_text()
        return self.send(text.replace("<jwt>", self.token).replace("{short_id}", short_id))

    def send(self, text: str) -> tuple[int, Any]:
        """Status and body of the answer to a request as a text: its line, its headers, and after an empty line its
        body."""
        head, _, body = text.strip().partition("\n\n")
        line, *headers = head.splitlines()
        method, path = line.split()
        command = ["curl", "--globoff", "-X", method, f"{self.up.api}{path}"]
        for header in headers:
            command += ["-H", header]
        if body:
            command += ["--data-binary", body]
        answer, status = run(command, self.folder).rsplit("\n", 1)
        return int(status), json.loads(answer) if answer else None


def shape(value: Any) -> Any:
    """The fields of an answer, in their order, and what kind of value each has."""
    if isinstance(value, dict):
        return {name: shape(part) for name, part in value.items()}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    return "text" if value is None else "number" if type(value) in (int, float) else type(value).__name__


def shown(name: str) -> Any:
    return json.loads((HERE / f"{name}.json").read_text())


@pytest.fixture(scope="module")
def caller(up: stack.Stack, tmp_path_factory: pytest.TempPathFactory) -> Caller:
    return Caller(up, tmp_path_factory.mktemp("agency"))


@pytest.fixture(scope="module")
def code(caller: Caller) -> dict[str, Any]:
    """The reference's code, made by its own request."""
    status, made = caller.call("create")
    assert status == 201
    return dict(made)


def test_create_answers_what_the_reference_shows(code: dict[str, Any], caller: Caller) -> None:
    example = shown("create")
    assert list(code) == list(example)
    same = {name: value for name, value in example.items() if name not in ("id", "short_id", "public_url")}
    same = {name: value for name, value in same.items() if not name.endswith("_at") or value is None}
    assert {name: code[name] for name in same} == same
    assert len(code["short_id"]) == len(example["short_id"])
    assert code["public_url"] == f"http://localhost:{caller.up.redirect_port}/q/{code['short_id']}/"


def test_list_answers_what_the_reference_shows(code: dict[str, Any], caller: Caller) -> None:
    status, found = caller.call("list")
    assert status == 200
    example = shown("list")
    assert list(found) == list(example)
    assert {tuple(one) for one in found["results"]} == {tuple(example["results"][0])}
    assert code["short_id"] in {one["short_id"] for one in found["results"]}


def test_retrieve_has_the_shape_of_the_list(code: dict[str, Any], caller: Caller) -> None:
    status, found = caller.call("retrieve", code["short_id"])
    assert (status, found) == (200, code)


def test_the_life_of_a_code(caller: Caller) -> None:
    """Scanned, edited, paused, deleted; each request as the reference has it."""
    _, made = caller.call("create")
    short_id = made["short_id"]
    path = (HERE / "scan.http").read_text().split()[1].replace("{short_id}", short_id).removeprefix("/")
    place = {"CF_IPCountry": "CA", "CF_IPCity": "Montreal", "CF_IPLatitude": "45.51", "CF_IPLongitude": "-73.59"}
    answer = visit(caller.up, path, User_Agent=PHONE, Referer="https://google.com/?q=1", **place)
    assert (answer.status_code, answer.headers["location"]) == (302, made["destination_url"])
    assert answer.headers["cache-control"] == "no-store"

    status, edited = caller.call("update", short_id)
    assert (status, edited["destination_url"]) == (200, "https://example.com/menus/summer-2026")
    assert edited["destination_changes_count"] == 1
    answer = visit(caller.up, path, User_Agent="curl/8.5.0")
    assert answer.headers["location"] == "https://example.com/menus/summer-2026"

    head = (HERE / "update.http").read_text().partition("\n\n")[0].replace("{short_id}", short_id)
    head = head.replace("<jwt>", caller.token)
    status, edited = caller.send(f"{head}\n\n{json.dumps(shown('variants'))}")
    assert (status, edited["variants"]) == (200, shown("variants")["variants"])
    answer = visit(caller.up, path, User_Agent=PHONE, **place)
    assert answer.headers["location"] in {"https://example.com/menu/A", "https://example.com/menu/B"}

    deadline = time.monotonic() + 60
    while True:
        status, found = caller.call("analytics", short_id)
        assert status == 200
        # (The two come from two tables, of which one may be a moment ahead.)
        if found["total_scans"] >= 3 and sum(one["count"] for one in found["top_referers"]) >= 3:
            break
        assert time.monotonic() < deadline, found
        time.sleep(0.05)
    example = shown("analytics")
    assert list(found) == list(example)
    assert len(found["scan_heatmap_by_hour"]) == 7
    for name, value in example.items():
        if name not in ("scan_heatmap_by_hour", "by_variant"):
            assert shape(found[name]) == shape(value), name
    assert found["geo_pins"] == example["geo_pins"]
    assert found["top_cities"] == [{"city": "Montreal, CA", "count": 2}]
    assert found["top_clients"][0] == {"client": found["top_os"][0]["os"], "count": 2}
    assert {"client": "Bot", "count": 1} in found["top_clients"]
    assert {"referer": "(direct)", "count": 2} in found["top_referers"]
    assert {"referer": "https://google.com/", "count": 1} in found["top_referers"]
    assert sum(one["count"] for one in found["by_variant"]) == 1

    status, paused = caller.send(f"{head}\n\n" + json.dumps({"is_active": False}))
    assert (status, paused["is_active"]) == (200, False)
    answer = visit(caller.up, path, User_Agent=PHONE)
    assert answer.status_code == 302 and "paused" in answer.headers["location"]

    assert caller.call("delete", short_id) == (204, None)
    answer = visit(caller.up, path, User_Agent=PHONE)
    assert (answer.status_code, "location" in answer.headers) == (404, False)
    assert caller.call("retrieve", short_id)[0] == 404
    status, kept = caller.call("analytics", short_id)
    assert (status, kept["total_scans"], kept["name"]) == (200, 3, "Spring 2026 menu")


def test_custom_domains(caller: Caller) -> None:
    """Each line of the reference's list, in an order in which they can be called."""
    listed, added, read, deleted, verified = (HERE / "custom-domains.http").read_text().splitlines()
    bearer = f"Authorization: Bearer {caller.token}"
    body = json.dumps({"domain": "go.yourbrand.example"})
    status, domain = caller.send(f"{added}\n{bearer}\nContent-Type: application/json\n\n{body}")
    assert status == 201

    def on_it(line: str) -> tuple[int, Any]:
        return caller.send(f"{line}\n{bearer}".replace("{id}", str(domain["id"])))

    status, found = on_it(listed)
    assert (status, found["results"]) == (200, [domain])
    assert on_it(read) == (200, domain)
    status, checked = on_it(verified)
    assert (status, checked["is_verified"]) == (200, False)
    assert on_it(deleted) == (204, None)
    assert on_it(read)[0] == 404
