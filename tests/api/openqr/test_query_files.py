"""The answer to a question as CSV, NDJSON, Parquet and Arrow."""

import csv
import io
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pyarrow.parquet
import pytest

from codes.workspaces import ensure_workspace
from infra.raw_output import FORMATS
from tests.api.service import Body, Service

QUESTION: Body = {
    "metrics": ["scans", "share", "last_scan"],
    "date_range": "7d",
    "dimensions": ["scan:utm_campaign"],
    "compare": "previous_period",
}


@pytest.fixture
async def api(api: Service) -> AsyncIterator[Service]:
    """In a workspace of the test's own, with scans of two campaigns."""
    ours, api.client = api.client, await api.caller("filing")
    code = await api.make()
    workspace = (await ensure_workspace(api.redis, "filing")).number
    found = await api.codes.get(workspace, code["id"])
    assert found is not None
    scans = [("=1+1", 1), ("=1+1", 2), ("a 'b' \\ \"c\"\n", 1), ("=1+1", 8)]
    api.stored(
        found.birth, tuple({"workspace": workspace, "utm_campaign": name, "days_ago": days} for name, days in scans)
    )
    yield api
    await api.client.aclose()
    api.client = ours


def read(format: str, body: bytes) -> list[dict[str, Any]]:
    if format == "csv":
        return list(csv.DictReader(io.StringIO(body.decode(), newline="")))
    if format == "ndjson":
        return [json.loads(line) for line in body.splitlines()]
    source = pa.BufferReader(body)
    table = pyarrow.parquet.read_table(source) if format == "parquet" else pa.ipc.open_stream(source).read_all()
    rows: list[dict[str, Any]] = table.to_pylist()
    return rows


@pytest.mark.parametrize("format", FORMATS)
async def test_a_file_has_the_rows_of_the_answer(api: Service, format: str) -> None:
    answer = (await api.client.post("/v1/query", json=QUESTION)).json()
    response = await api.client.post("/v1/query", json=QUESTION, headers={"Accept": FORMATS[format].media})
    assert response.headers["content-disposition"].endswith(f'answer-2026-05-21.{FORMATS[format].suffix}"')
    rows = read(format, response.content)
    assert list(rows[0]) == [
        "scan:utm_campaign",
        *("scans", "share", "last_scan"),
        *("previous:scans", "previous:share", "previous:last_scan", "change:scans", "change:share"),
    ]
    campaigns = [row["dimensions"][0] for row in answer["results"]]
    assert campaigns == ["=1+1", "a 'b' \\ \"c\"\n"]
    shown = [row["scan:utm_campaign"] for row in rows]
    assert shown == (["'=1+1", campaigns[1]] if format == "csv" else campaigns)
    first, second = rows
    assert (str(first["scans"]), str(first["previous:scans"]), str(first["change:scans"])) in (
        ("2", "1", "100"),
        ("2", "1", "100.0"),
    )
    last = first["last_scan"]
    at = last if isinstance(last, datetime) else datetime.fromisoformat(last)
    assert at == datetime(2026, 5, 20, 15, 0, 0, 250_000, tzinfo=UTC)
    assert second["change:scans"] in ("", None)


async def test_the_remainder_is_the_last_row(api: Service) -> None:
    question = {**QUESTION, "compare": None, "include": {"remainder": True}, "pagination": {"limit": 1}}
    rows = read("ndjson", (await api.client.post("/v1/query?format=ndjson", json=question)).content)
    assert [(row["scan:utm_campaign"], row["scans"]) for row in rows] == [("=1+1", 2), (None, 1)]


async def test_the_address_bar_gives_files_too(api: Service) -> None:
    asked = "/v1/analytics?dimensions=time:hour_of_week&metrics=scans&date_range=7d"
    assert (await api.client.get(asked)).headers["content-type"] == "application/json"
    rows = read("csv", (await api.client.get(f"{asked}&format=csv")).content)
    assert [row["time:hour_of_week"] for row in rows] == [str(hour) for hour in range(168)]
    assert sum(int(row["scans"]) for row in rows) == 3
    refused = await api.client.get(f"{asked}&format=xlsx")
    assert (refused.status_code, refused.json()["error"]["field"]) == (400, "format")


async def test_a_file_has_more_rows_than_a_page(api: Service) -> None:
    question: Body = {
        "metrics": ["scans"],
        "date_range": ["2026-02-10", "2026-05-21"],
        "dimensions": ["time:15m", "scan:utm_campaign"],
    }
    rows = read("ndjson", (await api.client.post("/v1/query?format=ndjson", json=question)).content)
    assert len(rows) == 101 * 96 * 2
    question["pagination"] = {"limit": 3}
    assert len(read("ndjson", (await api.client.post("/v1/query?format=ndjson", json=question)).content)) == 3


async def test_a_saved_question_is_answered_as_a_file(api: Service) -> None:
    saved = (await api.client.post("/v1/reports", json={"name": "Campaigns", "query": QUESTION})).json()
    response = await api.client.get(f"/v1/reports/{saved['id']}/answer", headers={"Accept": "text/csv"})
    assert len(read("csv", response.content)) == 2
