"""The calls of ExaRoutes' page run against `waymark up` as they stand there, with curl, but for base URL, key and ids.

What is under exaroutes/ is the contract: it is held word for word, so it is neither formatted nor improved.
"""

import io
import json
import shlex
import time
import zipfile
from pathlib import Path
from typing import Any

import pytest
import requests

from bench import stack
from harness.agents import HEADERS
from tests.examples.calls import curl, run, scanned, visit
from tests.servers import require

HERE = Path(__file__).parent / "exaroutes"
PHONE = HEADERS[0]["User-Agent"]


def call(name: str, up: stack.Stack, id: str = "", more: str = "") -> str:
    """A curl call that sends what the page shows: a line of a method and a path, headers, and a body."""
    text = (HERE / f"{name}.http").read_text()
    for theirs, ours in (("exr_live_...", up.key), ("Ab3xK9pQ", id), ("{bulkId}", id)):
        text = text.replace(theirs, ours)
    head, _, body = text.partition("\n \n")
    (method, path), *headers = [line.split(" ", 1) for line in head.strip().splitlines()]
    words = ["curl", "-X", method, f"{up.api}{path}"]
    for header in headers:
        words += ["-H", " ".join(header)]
    if not headers:
        # The page leaves the key out where it has shown it a line before.
        words += ["-H", f"Authorization: Bearer {up.key}"]
    if body:
        words += ["--data-binary", body]
    return f"{shlex.join(words)} {more}"


def picture(name: str, up: stack.Stack, folder: Path, id: str = "") -> tuple[int, bytes]:
    status = run(["sh", "-ec", call(name, up, id, "-o picture")], folder).strip()
    return int(status), (folder / "picture").read_bytes()


@pytest.fixture(scope="module")
def code(up: stack.Stack, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    require.programs("curl", why="the documents' calls are curl's")
    status, made = curl(call("create", up), tmp_path_factory.mktemp("create"))
    assert status == 201
    return dict(made)


def test_create_answers_what_the_page_shows(code: dict[str, Any], up: stack.Stack) -> None:
    moments = {name: code[name] for name in ("createdAt", "updatedAt")}
    assert code == moments | {
        "id": code["id"],
        "type": "dynamic",
        "dataType": "url",
        "destination": "https://yourcompany.com/spring",
        "redirectUrl": f"http://localhost:{up.redirect_port}/r/{code['id']}",
        "status": "active",
        "encrypted": False,
        "secure": [],
    }
    assert len(code["id"]) == 8
    for moment in moments.values():
        time.strptime(moment[:-5], "%Y-%m-%dT%H:%M:%S")
        assert moment[-5] == "." and moment[-1] == "Z"


def test_list(code: dict[str, Any], up: stack.Stack, tmp_path: Path) -> None:
    status, found = curl(call("list", up), tmp_path)
    assert status == 200
    assert code in found["data"]
    assert found["pagination"]["limit"] == 20
    assert found["pagination"]["cursor"] == "0"


def test_get_one(code: dict[str, Any], up: stack.Stack, tmp_path: Path) -> None:
    assert curl(call("get", up, code["id"]), tmp_path) == (200, code)


def test_update(code: dict[str, Any], up: stack.Stack, tmp_path: Path) -> None:
    _, made = curl(call("create", up), tmp_path)
    status, changed = curl(call("update", up, made["id"]), tmp_path)
    assert status == 200
    assert changed == made | {"destination": "https://yourcompany.com/spring-v2", "updatedAt": changed["updatedAt"]}
    answer = visit(up, f"r/{made['id']}", User_Agent=PHONE)
    assert (answer.status_code, answer.headers["location"]) == (302, "https://yourcompany.com/spring-v2")


def test_analytics(code: dict[str, Any], up: stack.Stack, tmp_path: Path) -> None:
    for country in ("GB", "GB", "IE"):
        assert visit(up, f"r/{code['id']}", User_Agent=PHONE, CF_IPCountry=country).status_code == 302
    with up.session() as session:
        native = session.get(f"{up.api}/v1/dynamic?limit=500", timeout=30).json()["codes"]
    scanned(up, next(one["id"] for one in native if one["slug"] == code["id"]), 3)
    status, found = curl(call("analytics", up, code["id"]), tmp_path)
    assert status == 200
    assert list(found) == ["id", "days", "totalScans", "windowScans", "series", "countries"]
    assert (found["id"], found["days"], found["totalScans"]) == (code["id"], 30, 3)
    assert len(found["series"]) == 30
    assert found["countries"] == [{"country": "GB", "scans": 2}, {"country": "IE", "scans": 1}]


def test_image(code: dict[str, Any], up: stack.Stack, tmp_path: Path) -> None:
    status, image = picture("image", up, tmp_path, code["id"])
    assert status == 200
    assert image.startswith(b"\x89PNG")


def test_bulk(up: stack.Stack, tmp_path: Path) -> None:
    status, accepted = curl(call("bulk", up), tmp_path)
    assert status == 202
    id = accepted["bulkId"]
    deadline = time.monotonic() + 60
    while (found := curl(call("bulk-status", up, id), tmp_path)[1])["status"] != "done":
        assert time.monotonic() < deadline, found
        time.sleep(0.1)
    assert found == {"bulkId": id, "status": "done", "total": 2, "completed": 2, "failed": 0}
    # A download that is cut off counts for nothing.
    cut = run(["sh", "-c", call("bulk-result", up, id, "--max-time 0.05 -o cut; echo")], tmp_path)
    assert "200" not in cut or not zipfile.is_zipfile(tmp_path / "cut")
    status, archive = picture("bulk-result", up, tmp_path, id)
    assert status == 200
    names = zipfile.ZipFile(io.BytesIO(archive)).namelist()
    assert len(names) == 3 and names[-1] == "manifest.csv"
    status, answer = curl(call("bulk-result", up, id), tmp_path)
    assert (status, list(answer["error"])) == (410, ["code", "message", "field"])


def test_static(up: stack.Stack, tmp_path: Path) -> None:
    status, found = curl(call("static", up), tmp_path)
    assert status == 200
    assert {name: found[name] for name in found if name != "image"} == {
        "type": "static",
        "dataType": "url",
        "format": "svg",
    }
    assert found["image"].startswith("<svg ") and found["image"].endswith("</svg>")
    as_png = call("static", up).replace('"svg"', '"png"')
    assert curl(as_png, tmp_path)[1]["image"].startswith("data:image/png;base64,")


def test_a_code_of_v1_is_there_too(up: stack.Stack) -> None:
    made = up.create("https://example.com/a")
    answer = requests.get(
        f"{up.api}/api/qr/codes/{made['slug']}", headers={"Authorization": f"Bearer {up.key}"}, timeout=10
    )
    assert answer.status_code == 200
    assert json.loads(answer.content)["destination"] == "https://example.com/a"
