"""/v1/import: an export of another service, looked at first, then imported, and sent again."""

import json
from pathlib import Path
from typing import Any

from api.dialects.openqr import import_
from tests.api.service import Body, Service

EXPORTS = Path(__file__).parents[2] / "codes" / "exports"
CSV = (
    "slug,destination,label,colour\n"
    "menu,https://example.com/menu,Menu,red\n"
    "healthz,https://example.com/x,,\n"
    "nowhere,ftp://example.com/,,\n"
)


async def sent(api: Service, content: str | bytes, **query: str) -> list[Body]:
    answer = await api.client.post("/v1/import", files={"file": ("links.csv", content)}, params=query)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/x-ndjson"
    return [json.loads(line) for line in answer.text.splitlines()]


async def test_it_is_looked_at_then_imported_then_there(api: Service) -> None:
    folder = (await api.client.post("/v1/folders", json={"name": "Imported"})).json()["id"]
    begin, menu, reserved, nowhere, end = await sent(api, CSV, dry_run="1", folder_id=folder)
    assert begin == {"format": "csv", "title": begin["title"], "entries": 3, "missing": 0}
    assert (menu["entry"], menu["outcome"], menu["slug"], menu["id"]) == (2, "would be made", "menu", "")
    assert menu["left_out"] == ["colour"]
    assert [(one["entry"], one["outcome"], one["reason"].split(":")[0]) for one in (reserved, nowhere)] == [
        (3, "skipped", "slug"),
        (4, "skipped", "destination"),
    ]
    assert end == {"counts": {"would be made": 1, "skipped": 2}, "error": None}
    assert (await api.client.get("/v1/dynamic")).json()["codes"] == []

    _, menu, *_ = await sent(api, CSV, folder_id=folder)
    code = (await api.client.get(f"/v1/dynamic/{menu['id']}")).json()
    assert (menu["outcome"], code["slug"], code["label"], code["folder_id"]) == ("made", "menu", "Menu", folder)
    # Sent again, each code is made once.
    *_, end = await sent(api, CSV)
    assert end["counts"] == {"there": 1, "skipped": 2}
    assert len((await api.client.get("/v1/dynamic")).json()["codes"]) == 1


async def test_a_known_export_is_recognized(api: Service) -> None:
    begin, *entries, end = await sent(api, (EXPORTS / "shlink.json").read_bytes(), dry_run="1")
    assert (begin["format"], len(entries)) == ("shlink", begin["entries"])
    assert sum(end["counts"].values()) == len(entries)


async def test_what_is_refused(api: Service, monkeypatch: Any) -> None:
    cases: list[tuple[str | bytes, dict[str, str], str]] = [
        ("a,b\n1,2\n", {}, "file"),
        (b"\xff\xfe\x00", {}, "file"),
        ('{"is":"waymark","format":1}\n', {}, "file"),
        (CSV, {"format": "tinyurl"}, "format"),
        (CSV, {"dry_run": "yes"}, "dry_run"),
        (CSV, {"onto": "go.example.com"}, "onto"),
        (CSV, {"folder_id": "6c1c2f0a-0f4e-4a43-8a8f-2b8d6a7e9c10"}, "folder_id"),
    ]
    for content, query, field in cases:
        answer = await api.client.post("/v1/import", files={"file": ("x.csv", content)}, params=query)
        assert (answer.status_code, answer.json()["error"]["field"]) == (400, field), (content, query)
    monkeypatch.setattr(import_, "MAX_BYTES", 10)
    answer = await api.client.post("/v1/import", files={"file": ("x.csv", CSV)})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "file_too_large")
    reader = await api.caller(scope="read")
    assert (await reader.post("/v1/import", files={"file": ("x.csv", CSV)})).status_code == 403
    await reader.aclose()
    # Whatever was refused holds no turn.
    monkeypatch.undo()
    await sent(api, CSV, dry_run="1")
