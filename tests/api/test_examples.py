"""docs/openqr.md is right: its calls work as they stand there, through a real curl."""

import json
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.dialects.openqr import examples
from api.dialects.openqr.schemas import DynamicCodeEdit
from api.middleware.limits import Limits
from infra.warehouse import Warehouse
from tests.api.served import Served, serving
from tests.servers import require
from tests.servers.redis import RedisServer

PAGE = (Path(__file__).parents[2] / "docs" / "openqr.md").read_text()
CALLS = [
    line
    for block in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
    for line in re.sub(r"\\\n\s*", "", block).splitlines()
    if line.startswith("curl ")
]

BLOCKS: list[dict[str, Any]] = [json.loads(block) for block in re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)]


@pytest.fixture(scope="module")
def served(redis_server: RedisServer, warehouse: Warehouse) -> Iterator[Served]:
    require.programs("curl", why="the documented calls are curl's")
    redis_server.flush()
    with serving(redis_server.url, warehouse) as found:
        yield found


def run(call: str, **variables: str) -> tuple[int, dict[str, Any]]:
    for name, value in variables.items():
        call = call.replace(f"${name}", value)
    done = subprocess.run([*shlex.split(call), "-w", "\n%{http_code}"], capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, done.stderr
    body, status = done.stdout.rsplit("\n", 1)
    return int(status), json.loads(body)


def test_the_calls_of_the_page(served: Served) -> None:
    create, edit, read, list_, scans, delete, *_ = CALLS
    known = {"WAYMARK_KEY": served.key, "WAYMARK": served.url}
    status, code = run(create, **known)
    assert (status, set(code)) == (201, set(examples.CODE))
    known = {"ID": code["id"], **known}
    status, edited = run(edit, **known)
    assert (status, edited["destination"]) == (200, "https://example.com/spring/live")
    assert run(read, **known) == (200, edited)
    assert run(list_, **known) == (200, {"codes": [edited], "next_cursor": None})
    status, found = run(scans, **known)
    assert (status, found["analytics"]["days_window"]) == (200, 30)
    assert run(delete, **known) == (200, {"deleted": True})
    assert run(read, **known)[0] == 404


def test_the_calls_beside_single_codes(served: Served) -> None:
    bulk, folder, folders, key, keys = CALLS[6:]
    known = {"WAYMARK_KEY": served.key, "WAYMARK": served.url}
    status, found = run(bulk, **known)
    assert (status, found["created"], found["failed"]) == (201, 1, 1)
    assert run(bulk, **known) == (201, found)
    status, made = run(folder, **known)
    assert status == 201 and run(folders, **known) == (200, {"folders": [made]})
    status, made = run(key, **known)
    assert (status, made["last_four"]) == (201, made.pop("secret")[-4:])
    assert made in run(keys, **known)[1]["keys"]


def test_the_shapes_of_the_page() -> None:
    code, *_, error = BLOCKS
    assert set(code) == set(examples.CODE)
    assert set(error["error"]) == {"code", "message", "field"}


def test_the_bodies_of_the_page(served: Served) -> None:
    _, *bodies, _ = BLOCKS
    shown = {name for body in bodies for name in body}
    later = {"label", "tags", "status", "style", "folder_id", "destination", "domain", "page_design"}
    assert shown == set(DynamicCodeEdit.__struct_fields__) - later
    head = {"Authorization": f"Bearer {served.key}"}
    with httpx.Client(base_url=served.url, headers=head) as client:
        for body in bodies:
            code = client.post("/v1/dynamic", json={"destination": "https://example.com/a"}).json()
            edited = client.patch(f"/v1/dynamic/{code['id']}", json=body)
            assert edited.status_code == 200, (body, edited.text)
            for name, value in body.items():
                if name == "password":
                    assert edited.json()["has_password"] is True
                elif name == "keep_old":
                    assert edited.json()["aliases"] == [code["slug"]]
                elif isinstance(value, str | int | bool) and name != "starts_at":
                    assert edited.json()[name] == value
                else:
                    assert edited.json()[name]


def test_the_bounds_of_the_page() -> None:
    limits = Limits()
    assert (limits.headers_bytes, limits.body_bytes, limits.body_s) == (15 * 1024, 1024 * 1024, 10)
    for said in ("15 KB", "1 MB", "10 seconds"):
        assert said in PAGE


def test_the_room_s_page_names_the_real_bounds() -> None:
    page = (Path(__file__).parents[2] / "docs" / "api.md").read_text()
    limits = Limits()
    for said, bound in (("15 KB", limits.headers_bytes / 1024), ("1 MB", limits.body_bytes / 1024**2)):
        assert said in page and float(said.split()[0]) == bound
    for said, seconds in (("10 s ", limits.body_s), ("within 30 s", limits.answer_s)):
        assert said in page.replace("(408)", "") and float(re.findall(r"\d+", said)[0]) == seconds
    for module in re.findall(r"^\d\. `(\w+)`", page, re.MULTILINE):
        assert (Path(__file__).parents[2] / "api" / f"{module}.py").exists()
