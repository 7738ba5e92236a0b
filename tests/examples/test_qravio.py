"""The calls of Qravio's reference run against `waymark up` as they stand there, but for base URL, key and id; and the
answers that it shows, held against ours field by field.

What is under qravio/ is the contract: it is held word for word, so it is neither formatted nor improved.
"""

import json
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests

from bench import stack
from harness.agents import HEADERS
from tests.examples.calls import run, visit
from tests.servers import require

HERE = Path(__file__).parent / "qravio"
ID = "9f8b2c1a-1234-4d5e-8f90-abc123def456"
PHONE, DESKTOP = HEADERS[0]["User-Agent"], HEADERS[4]["User-Agent"]


def call(name: str, up: stack.Stack, folder: Path, code_id: str = ID, key: str = "") -> tuple[int, Any]:
    """Status and body of the answer to one of the document's calls."""
    require.programs("curl", why="the document's calls are curl's")
    text = (HERE / f"{name}.sh").read_text()
    ours = (("https://api.qravio.app", up.api), ("qr_live_your_api_key", key or up.key), (ID, code_id))
    for theirs, here in ours:
        text = text.replace(theirs, here)
    body, status = run(["sh", "-ec", text], folder).rsplit("\n", 1)
    return int(status), json.loads(body) if body else None


def shown(name: str) -> Any:
    """An answer of the document."""
    return json.loads((HERE / f"{name}.json").read_text())


def kind(value: Any) -> str:
    return "number" if type(value) in (int, float) else type(value).__name__


@pytest.fixture(scope="module")
def code(up: stack.Stack, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The document's code, scanned three times by people and once by a program."""
    status, made = call("create", up, tmp_path_factory.mktemp("create"))
    assert status == 201, made
    slug: str = made["short_code"]
    answers = [
        visit(up, slug, User_Agent=PHONE, CF_IPCountry="US"),
        visit(up, slug, User_Agent=PHONE, CF_IPCountry="US"),
        visit(up, slug, User_Agent=DESKTOP, CF_IPCountry="IN"),
        visit(up, slug, User_Agent="curl/8.5.0", CF_IPCountry="GB"),
    ]
    assert [(answer.status_code, answer.headers["location"]) for answer in answers] == [
        (302, "https://example.com/spring")
    ] * 4
    return dict(made)


def test_the_created_object_has_what_the_document_shows(code: dict[str, Any]) -> None:
    theirs = shown("code")
    assert theirs.keys() <= code.keys()
    assert {name: kind(code[name]) for name in theirs} == {name: kind(value) for name, value in theirs.items()}
    [destination], [documented] = code["destinations"], theirs["destinations"]
    assert documented.keys() <= destination.keys()
    same = ("name", "type", "category", "status", "ab_enabled", "is_password_protected", "content")
    assert {name: code[name] for name in same} == {name: theirs[name] for name in same}
    assert {name: destination[name] for name in ("target_url", "weight", "is_active", "variant_key")} == {
        name: documented[name] for name in ("target_url", "weight", "is_active", "variant_key")
    }
    assert len(code["short_code"]) == len(theirs["short_code"]) == 6
    for name in ("created_at", "updated_at"):
        assert len(code[name]) == len(theirs[name]) and datetime.fromisoformat(code[name]).tzinfo is not None


@pytest.mark.parametrize("name", ["list", "bearer", "x-api-key"])
def test_list(code: dict[str, Any], up: stack.Stack, tmp_path: Path, name: str) -> None:
    status, found = call(name, up, tmp_path)
    assert status == 200
    mine = next(one for one in found if one["id"] == code["id"])
    assert mine.keys() == code.keys()


def test_analytics(code: dict[str, Any], up: stack.Stack, tmp_path: Path) -> None:
    today = datetime.now(UTC).date().isoformat()
    deadline = time.monotonic() + 60
    while True:
        status, found = call("analytics", up, tmp_path, code["id"])
        assert status == 200
        # (The two come from two tables, of which one may be a moment ahead.)
        if found["total_scans"] >= 4 and found["unique_scans"] >= 2:
            break
        assert time.monotonic() < deadline, found
        time.sleep(0.05)
    assert list(found) == list(shown("analytics"))
    last = found.pop("last_scanned_at")
    assert found == {
        "total_scans": 4,
        # Two telephones of one address and agent are one visitor.
        "unique_scans": 2,
        "scans_today": 4,
        "wow_change": 100.0,
        "daily_scans": [{"date": today, "scans": 4}],
        "scans_by_device": {"mobile": 2, "tablet": 0, "desktop": 1, "bot": 1},
        "scans_by_country": {"US": 2, "GB": 1, "IN": 1},
    }
    assert last.startswith(today[:8])
    status, one = call("retrieve", up, tmp_path, code["id"])
    assert (status, one["total_scans"]) == (200, 4)


def test_update_then_delete(up: stack.Stack, tmp_path: Path) -> None:
    _, made = call("create", up, tmp_path)
    status, updated = call("update", up, tmp_path, made["id"])
    assert status == 200
    assert updated == {**made, "name": "Summer campaign", "updated_at": updated["updated_at"]}
    assert call("retrieve", up, tmp_path, made["id"]) == (200, updated)
    assert call("delete", up, tmp_path, made["id"]) == (204, None)
    assert visit(up, made["short_code"], User_Agent=PHONE).status_code == 404
    status, error = call("retrieve", up, tmp_path, made["id"])
    assert (status, error.keys()) == (404, shown("error").keys())


def test_every_response_includes_rate_limit_headers(up: stack.Stack, tmp_path: Path) -> None:
    for headers in ({"Authorization": f"Bearer {up.key}"}, {"X-API-Key": up.key}):
        answer = requests.get(f"{up.api}/api/public/v1/qrcodes/{ID}", headers=headers, timeout=30)
        assert answer.status_code == 404
        for name in ("X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset"):
            assert answer.headers[name].isdigit()
    assert call("list", up, tmp_path, key="qr_live_wrong") == (
        401,
        {"detail": "this API key is wrong, revoked or expired"},
    )
