"""/v1/scans/export: a file of scans, read with the tools of others, and never half a one that looks whole."""

import asyncio
import csv
import io
import json
import socket
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet
import pytest

from analytics.scan_rows import Contents
from api import exports
from api.exports import Exports, FileDownload
from codes.workspaces import ensure_workspace, set_plan
from infra.fair_queue import Owner, TooMany
from infra.raw_output import FORMATS
from infra.warehouse import Warehouse
from schemas.scan_record import FIELDS
from tests.api.served import serving
from tests.api.service import Body, Service

ENDLESS = Contents("SELECT number, toString(number) AS text FROM numbers(100000000000)", {}, 0)
FAILING = Contents("SELECT throwIf(number = 500000) AS n FROM numbers(1000000)", {}, 0)


@pytest.fixture
async def api(api: Service) -> AsyncIterator[Service]:
    """In a workspace of the test's own: tests share the warehouse."""
    ours, api.client = api.client, await api.caller("exporting")
    yield api
    await api.client.aclose()
    api.client = ours


@pytest.fixture
async def code(api: Service) -> Body:
    """A code with three scans of people and one of a program."""
    made = await api.make(slug="exported")
    workspace = (await ensure_workspace(api.redis, "exporting")).number
    found = await api.codes.get(workspace, made["id"])
    assert found is not None
    known: Body = {"workspace": workspace, "slug": "exported"}
    scans: list[Body] = [
        {"days_ago": 3, "country": "DE", "utm_campaign": "=HYPERLINK(1)"},
        {"days_ago": 2, "country": "FR", "city": 'Aix, "en" Provence\n'},
        {"days_ago": 1, "country": "DE"},
        {"days_ago": 1, "kind": "bot"},
    ]
    api.stored(found.birth, tuple(known | scan for scan in scans))
    return made


def read(format: str, body: bytes) -> list[dict[str, Any]]:
    if format == "csv":
        return list(csv.DictReader(io.StringIO(body.decode(), newline="")))
    if format == "ndjson":
        return [json.loads(line) for line in body.splitlines()]
    source = pa.BufferReader(body)
    table = pyarrow.parquet.read_table(source) if format == "parquet" else pa.ipc.open_stream(source).read_all()
    assert {str(field.type) for field in table.schema} <= {"timestamp[ms, tz=UTC]", "string"}
    rows: list[dict[str, Any]] = table.to_pylist()
    return [{**row, "at": row["at"].strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"} for row in rows]


@pytest.mark.parametrize("format", FORMATS)
async def test_a_file_has_the_scans_of_the_list(api: Service, code: Body, format: str) -> None:
    response = await api.client.get("/v1/scans/export", params={"format": format})
    assert response.status_code == 200
    assert response.headers["content-type"].partition(";")[0] == FORMATS[format].media
    assert response.headers["content-disposition"] == (
        f'attachment; filename="scans-2026-05-21.{FORMATS[format].suffix}"'
    )
    rows = read(format, response.content)
    listed = (await api.client.get("/v1/scans", params={"order": "oldest"})).json()["scans"]
    assert len(listed) == 3
    if format == "csv":
        # What a spreadsheet would calculate.
        assert rows[0].pop("utm_campaign") == "'=HYPERLINK(1)"
        assert listed[0].pop("utm_campaign") == "=HYPERLINK(1)"
    assert rows == listed
    assert tuple(rows[1]) == FIELDS


@pytest.mark.parametrize(
    ("accept", "media"),
    [
        ("text/csv", "text/csv"),
        ("application/vnd.apache.parquet", "application/vnd.apache.parquet"),
        ("text/html, application/x-ndjson;q=0.9, */*;q=0.1", "application/x-ndjson"),
        ("text/csv;q=0.5, application/vnd.apache.arrow.stream", "application/vnd.apache.arrow.stream"),
        ("application/x-ndjson;q=0, */*", "text/csv"),
        ("image/png", "text/csv"),
        ("", "text/csv"),
    ],
)
async def test_the_header_says_which_format(api: Service, code: Body, accept: str, media: str) -> None:
    response = await api.client.get("/v1/scans/export", headers={"Accept": accept})
    assert response.headers["content-type"].partition(";")[0] == media


async def test_filters_and_refusals_are_those_of_the_list(api: Service, code: Body) -> None:
    response = await api.client.get("/v1/scans/export", params={"country": "FR", "format": "ndjson"})
    assert [json.loads(line)["country"] for line in response.content.splitlines()] == ["FR"]
    empty = await api.client.get("/v1/scans/export", params={"country": "XX"})
    assert empty.text == ",".join(f'"{field}"' for field in FIELDS) + "\r\n"
    for name in ("format", "date_range"):
        refused = await api.client.get("/v1/scans/export", params={name: "xlsx"})
        assert (refused.status_code, refused.json()["error"]["field"]) == (400, name)


async def test_a_key_that_may_read_may_export(api: Service, code: Body) -> None:
    async with await api.caller("exporting", "read") as reader:
        assert (await reader.get("/v1/scans/export")).status_code == 200


async def test_head_writes_no_file(api: Service, code: Body) -> None:
    api.client.event_hooks = {}
    response = await api.client.head("/v1/scans/export", params={"format": "parquet"})
    assert (response.status_code, response.content) == (200, b"")


async def test_a_plan_bounds_the_rows_of_a_file(api: Service, code: Body) -> None:
    api.plans["small"] = msgspec.structs.replace(api.plans["unlimited"], name="small", export_rows=2)
    await set_plan(api.redis, (await ensure_workspace(api.redis, "exporting")).number, "small")
    response = await api.client.get("/v1/scans/export")
    assert response.status_code == 400
    assert response.json()["error"]["field"] == "date_range"
    assert (await api.client.get("/v1/scans/export", params={"country": "FR"})).status_code == 200


async def take(parts: AsyncIterator[bytes]) -> int:
    taken = 0
    async for part in parts:
        taken += len(part)
    return taken


async def test_a_workspace_writes_one_file_at_a_time_and_keeps_no_other_waiting(warehouse: Warehouse) -> None:
    writing = Exports(warehouse)
    few = Contents("SELECT 1 AS n", {}, 1)
    try:
        first = writing.parts(ENDLESS, FORMATS["csv"], Owner(1, exports=1))
        assert await anext(first)
        waiting = asyncio.create_task(take(writing.parts(few, FORMATS["csv"], Owner(1, exports=1))))
        await asyncio.sleep(0)
        with pytest.raises(TooMany):
            await take(writing.parts(few, FORMATS["csv"], Owner(1, exports=1)))
        # Another one's is done meanwhile.
        assert await take(writing.parts(few, FORMATS["csv"], Owner(2))) == len('"n"\r\n1\r\n')
        assert not waiting.done()
        await first.aclose()
        assert await waiting > 0
    finally:
        await writing.close()


async def test_closing_ends_what_is_being_written(warehouse: Warehouse) -> None:
    writing = Exports(warehouse)
    parts = writing.parts(ENDLESS, FORMATS["parquet"], Owner(1))
    assert await anext(parts)
    await writing.close()


def test_a_file_that_cannot_be_finished_is_cut_off(
    redis_url: str, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Through the server: the chunks end without the last one, and the connection ends with them."""

    def failing(self: FileDownload, exports: Exports, _: Contents, format: Any, name: str) -> None:
        made(self, exports, FAILING, format, name)

    made = FileDownload.__init__
    monkeypatch.setattr(FileDownload, "__init__", failing)
    with serving(redis_url, warehouse) as served:
        request = f"GET /v1/scans/export?format=%s HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {served.key}\r\n\r\n"
        for format in ("csv", "ndjson"):
            answer = served.raw((request % format).encode())
            head, _, body = answer.partition(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200 ")
            assert b"transfer-encoding: chunked" in head.lower()
            assert len(body) > 1_000_000
            assert not body.endswith(b"0\r\n\r\n")


def test_the_thread_of_a_reader_who_hung_up_is_free_again(
    redis_url: str, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    def endless(self: FileDownload, exports: Exports, _: Contents, format: Any, name: str) -> None:
        made(self, exports, ENDLESS, format, name)

    made = FileDownload.__init__
    with serving(redis_url, warehouse) as served:
        request = f"GET /v1/scans/export HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {served.key}\r\n\r\n".encode()
        with monkeypatch.context() as patched:
            patched.setattr(FileDownload, "__init__", endless)
            for _ in range(exports.AT_ONCE + 1):
                with socket.create_connection(("127.0.0.1", served.port), 30) as connection:
                    connection.sendall(request)
                    assert connection.recv(100).startswith(b"HTTP/1.1 200 ")
        short = request.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
        assert served.raw(short).endswith(b"0\r\n\r\n")
