"""/v1/files: uploads, by the form that browsers and curl send."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from httpx import Response

from api.dialects.openqr import files
from codes.files import MAX_NAME
from schemas import keys
from schemas.files import KINDS, MAX_BYTES, Kind, parse_path, path_of
from tests.api.service import Service
from tests.codes.files import PNG, SMALLEST

PDF = SMALLEST["application/pdf"]


def kept(api: Service) -> list[Path]:
    return [path for path in Path(api.uploads.name).rglob("*") if path.is_file()]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.suffix)
async def test_a_file_of_each_kind(api: Service, kind: Kind) -> None:
    body = SMALLEST[kind.content_type]
    response = await api.client.post("/v1/files", files={"file": (f"x.{kind.suffix}", body, kind.content_type)})
    assert response.status_code == 201, response.text
    file = response.json()
    assert (file["content_type"], file["size_bytes"], file["file_name"]) == (
        kind.content_type,
        len(body),
        f"x.{kind.suffix}",
    )
    found = parse_path(file["file_path"])
    assert found is not None
    assert path_of(Path(api.uploads.name), found[0]).read_bytes() == body


async def test_from_upload_to_page_to_deletion(api: Service) -> None:
    first = (await api.client.post("/v1/files", files={"file": ("menu.pdf", PDF, "application/pdf")})).json()
    api.clock.pass_by(seconds=1)
    second = (await api.client.post("/v1/files", files={"file": ("a.png", PNG)})).json()
    assert (await api.client.get("/v1/files")).json() == {"files": [second, first]}
    code = {"type": "pdf", "content": {"fileContent": first}}
    made = await api.client.post("/v1/dynamic", json=code)
    assert made.status_code == 201, made.text
    assert made.json()["content"]["fileContent"]["file_path"] == first["file_path"]
    response = await api.client.delete(f"/v1/files/{first['file_id']}")
    assert (response.status_code, response.json()) == (200, {"deleted": True})
    assert (await api.client.get("/v1/files")).json() == {"files": [second]}
    assert len(kept(api)) == 1
    assert (await api.client.delete(f"/v1/files/{first['file_id']}")).status_code == 404


async def test_an_upload_that_is_sent_again_is_one_file(api: Service) -> None:
    once = {"Idempotency-Key": "menu"}

    async def sent(name: str, body: bytes) -> Response:
        return await api.client.post("/v1/files", files={"file": (name, body)}, headers=once)

    first = await sent("a.png", PNG)
    again = await asyncio.gather(*(sent("a.png", PNG) for _ in range(5)))
    assert [(answer.status_code, answer.content) for answer in again] == [(201, first.content)] * 5
    assert (await api.client.get("/v1/files")).json() == {"files": [first.json()]}
    assert len(kept(api)) == 1
    for other in (await sent("b.png", PNG), await sent("a.png", PDF)):
        assert (other.status_code, other.json()["error"]["code"]) == (422, "idempotency_key_reused")


async def test_other_workspaces_files_are_not_there(api: Service) -> None:
    mine = (await api.client.post("/v1/files", files={"file": ("a.png", PNG)})).json()
    theirs = await api.caller("theirs")
    assert (await theirs.get("/v1/files")).json() == {"files": []}
    for id in (mine["file_id"], "x", "00000000-0000-4000-8000-000000000000"):
        response = await theirs.delete(f"/v1/files/{id}")
        assert (response.status_code, response.json()["error"]["code"]) == (404, "not_found")
    assert len(kept(api)) == 1


@pytest.mark.parametrize(
    ("name", "body", "declared", "code"),
    [
        ("x.png", b"", "image/png", "empty_file"),
        ("x.html", b"<html><script>alert(1)</script>" + bytes(99), "text/html", "unknown_file_type"),
        ("x.svg", b'<svg xmlns="http://www.w3.org/2000/svg"/>' + bytes(99), "image/svg+xml", "unknown_file_type"),
        ("x.pdf", PNG, "application/pdf", "file_type_mismatch"),
        ("x.png", PDF, "image/png", "file_type_mismatch"),
        ("x.exe", b"MZ" + bytes(99), "application/octet-stream", "unknown_file_type"),
    ],
)
async def test_what_is_no_file_of_ours(api: Service, name: str, body: bytes, declared: str, code: str) -> None:
    response = await api.client.post("/v1/files", files={"file": (name, body, declared)})
    error = response.json()["error"]
    assert (response.status_code, error["code"], error["field"]) == (400, code, "file")
    assert kept(api) == []


async def test_a_file_that_is_too_large_for_its_kind(api: Service) -> None:
    most = next(kind.max_bytes for kind in KINDS if kind.content_type == "image/png")
    body = PNG + bytes(most - len(PNG) + 1)
    response = await api.client.post("/v1/files", files={"file": ("x.png", body, "image/png")})
    assert (response.status_code, response.json()["error"]["code"]) == (400, "file_too_large")
    assert kept(api) == []


async def test_a_body_beyond_every_kind_is_not_read_to_its_end(api: Service) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while True:
            sent += 1 << 20
            yield bytes(1 << 20)

    response = await api.client.post(
        "/v1/files",
        content=endless(),
        headers={"Content-Type": "multipart/form-data; boundary=x", "Content-Length": str(MAX_BYTES * 9)},
    )
    assert (response.status_code, response.json()["error"]["code"]) == (413, "body_too_large")
    assert sent < 16 << 20


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({"Content-Type": "application/json"}, b"{}"),
        ({}, b""),
        ({"Content-Type": "multipart/form-data"}, b"--x\r\n"),
        ({"Content-Type": "multipart/form-data; boundary=x"}, b"--x--\r\n"),
        ({"Content-Type": "multipart/form-data; boundary=x"}, b"\xff\x00 no form at all"),
        (
            {"Content-Type": "multipart/form-data; boundary=x"},
            b'--x\r\nContent-Disposition: form-data; name="file"\r\n\r\ntext\r\n--x--\r\n',
        ),
        (
            {"Content-Type": "multipart/form-data; boundary=x"},
            b'--x\r\nContent-Disposition: form-data; name="other"; filename="a.png"\r\n\r\n\x89PNG\r\n--x--\r\n',
        ),
    ],
)
async def test_what_is_no_form_with_a_file(api: Service, headers: dict[str, str], body: bytes) -> None:
    response = await api.client.post("/v1/files", content=body, headers=headers)
    assert response.status_code == 400, response.text
    assert response.json()["error"]["message"]
    assert kept(api) == []


async def test_two_files_at_once_are_refused(api: Service) -> None:
    response = await api.client.post("/v1/files", files=[("file", ("a.png", PNG)), ("more", ("b.png", PNG))])
    assert response.status_code == 400
    assert kept(api) == []


@pytest.mark.parametrize(
    ("sent", "name"),
    [
        ("../../etc/passwd", "passwd.png"),
        ("C:\\fakepath\\Photo.PNG", "Photo.png"),
        ("Grüße ☃.png", "Grüße ☃.png"),
        ("x" * 999, "x" * MAX_NAME + ".png"),
        ("...", "file.png"),
    ],
)
async def test_names_are_shown_without_what_is_not_theirs(api: Service, sent: str, name: str) -> None:
    response = await api.client.post("/v1/files", files={"file": (sent, PNG, "image/png")})
    assert response.status_code == 201, response.text
    assert response.json()["file_name"] == name


async def test_reading_needs_read_and_writing_write(api: Service) -> None:
    reader = await api.caller(scope="read")
    assert (await reader.get("/v1/files")).status_code == 200
    assert (await reader.post("/v1/files", files={"file": ("a.png", PNG)})).status_code == 403
    mine = (await api.client.post("/v1/files", files={"file": ("a.png", PNG)})).json()
    assert (await reader.delete(f"/v1/files/{mine['file_id']}")).status_code == 403
    assert (await api.anonymous.post("/v1/files", files={"file": ("a.png", PNG)})).status_code == 401
    assert len(kept(api)) == 1


async def test_a_store_that_is_full_is_said(api: Service) -> None:
    folder = Path(api.uploads.name)
    folder.rmdir()
    folder.write_bytes(b"no folder")
    try:
        response = await api.client.post("/v1/files", files={"file": ("a.png", PNG)})
        assert (response.status_code, response.json()["error"]["code"]) == (503, "unavailable")
    finally:
        folder.unlink()
        folder.mkdir()
    assert (await api.client.get("/v1/files")).json() == {"files": []}


async def test_what_a_crash_left_is_reclaimed(api: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    key = f"{'a' * 64}.png"
    left = path_of(Path(api.uploads.name), key)
    left.parent.mkdir(parents=True)
    left.write_bytes(PNG)
    await api.redis.hset(keys.FILES_UNDER_WAY, key, b'{"id":"gone","workspace":1,"at_ms":0}')
    kept_file = (await api.client.post("/v1/files", files={"file": ("a.png", PNG)})).json()
    monkeypatch.setattr(files, "RECLAIM_EVERY_S", 0.01)
    stop = asyncio.Event()
    working = asyncio.create_task(files.reclaim_files(api.context, stop))
    for _ in range(500):
        if not await api.redis.hlen(keys.FILES_UNDER_WAY):
            break
        await asyncio.sleep(0.01)
    stop.set()
    await working
    assert not left.exists()
    assert (await api.client.get("/v1/files")).json() == {"files": [kept_file]}
    assert len(kept(api)) == 1
