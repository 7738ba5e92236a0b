"""infra/raw_output.py: what the engine writes is read with the tools of others, and what is not whole says so."""

import csv
import io
import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pyarrow.parquet
import pytest
from urllib3 import HTTPResponse

from harness.clickhouse.server import running
from infra.raw_output import FORMATS, OutputFailed, RawOutput, _Served, raw_output
from infra.warehouse import Warehouse
from tests.servers.wire import EMBEDDED

pytestmark = EMBEDDED

ROWS = 100_000
SQL = """
SELECT
    fromUnixTimestamp64Milli(toInt64(number), 'UTC') AS at,
    toLowCardinality(concat({name:String}, toString(number % 9))) AS name,
    number AS n
FROM numbers({rows:UInt64})
"""
NAME = 'a "quoted", name\r\nof two lines é '


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    found = Warehouse(folder=tmp_path_factory.mktemp("warehouse") / "chdb")
    client = found.connect()
    yield found
    client.close()


def taken(output: RawOutput, into: list[bytes]) -> None:
    while part := output.read():
        into.append(part)


def written(warehouse: Warehouse, format: str, sql: str = SQL, rows: int = ROWS) -> bytes:
    parts: list[bytes] = []
    with raw_output(warehouse, sql, {"name": NAME, "rows": rows}, FORMATS[format], limit_s=60) as output:
        taken(output, parts)
    return b"".join(parts)


def read(format: str, body: bytes) -> list[dict[str, Any]]:
    """With the tools of others; a moment as text."""
    if format == "csv":
        return [{**row, "n": int(row["n"])} for row in csv.DictReader(io.StringIO(body.decode(), newline=""))]
    if format == "ndjson":
        return [json.loads(line) for line in body.splitlines()]
    source = pa.BufferReader(body)
    table = pyarrow.parquet.read_table(source) if format == "parquet" else pa.ipc.open_stream(source).read_all()
    assert table.schema.field("at").type == pa.timestamp("ms", "UTC")
    rows: list[dict[str, Any]] = table.to_pylist()
    return [{**row, "at": row["at"].strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"} for row in rows]


@pytest.mark.parametrize("format", FORMATS)
def test_others_read_every_row(warehouse: Warehouse, format: str) -> None:
    rows = read(format, written(warehouse, format))
    assert len(rows) == ROWS
    assert [row["n"] for row in rows] == list(range(ROWS))
    at = datetime.fromtimestamp(12.345, UTC).strftime("%Y-%m-%dT%H:%M:%S.345Z")
    assert rows[12_345] == {"at": at, "name": f"{NAME}{12_345 % 9}", "n": 12_345}


@pytest.mark.parametrize("format", FORMATS)
def test_no_rows_are_a_file_too(warehouse: Warehouse, format: str) -> None:
    assert read(format, written(warehouse, format, rows=0)) == []


@pytest.mark.parametrize("format", FORMATS)
def test_a_query_that_fails_on_the_way_is_no_whole_file(warehouse: Warehouse, format: str) -> None:
    begun: list[bytes] = []
    sql = "SELECT throwIf(number = {rows:UInt64}, {name:String}) AS n FROM numbers(1000000)"
    given = {"rows": 600_000, "name": ""}
    with raw_output(warehouse, sql, given, FORMATS[format], limit_s=60) as output, pytest.raises(OutputFailed):
        taken(output, begun)
    if format in ("parquet", "arrow"):
        assert not b"".join(begun).endswith((b"PAR1", b"\xff\xff\xff\xff\0\0\0\0"))


def test_a_query_that_cannot_begin_says_why_and_not_what(warehouse: Warehouse) -> None:
    sql = "SELECT nonsense FROM numbers({rows:UInt64}) WHERE number = 123456789"
    with pytest.raises(OutputFailed, match="nonsense") as raised:
        written(warehouse, "csv", sql)
    assert "123456789" not in str(raised.value)


@pytest.mark.parametrize("format", FORMATS)
def test_a_reader_who_leaves_ends_the_query(warehouse: Warehouse, format: str) -> None:
    """This one would not end within the test's time."""
    endless = "SELECT number, toString(number) AS text FROM numbers(100000000000)"
    with raw_output(warehouse, endless, {}, FORMATS[format], limit_s=3600) as output:
        assert output.read()
    client = warehouse.connect()
    assert client.query("SELECT count() FROM system.processes WHERE query LIKE 'INSERT%'").result_rows == [(0,)]
    client.close()
    assert not [one for one in threading.enumerate() if one.name == "output"]


def test_a_server_writes_the_same(warehouse: Warehouse) -> None:
    assert warehouse.folder is not None
    with running(warehouse.folder) as bridge:
        behind = Warehouse(url=f"{bridge.url}/default")
        for format in FORMATS:
            # (More than the engine gives out at a time.)
            rows = read(format, written(behind, format, rows=40_000))
            assert [row["n"] for row in rows] == list(range(40_000))


@pytest.mark.parametrize("length", [0, 10, 40_000])
def test_what_a_server_says_at_the_end_of_a_body_is_no_row(length: int) -> None:
    """As ClickHouse does it once the headers are sent."""
    body = b"1\n" * length + b"__exception__\r\nabcd\r\nCode: 395. DB::Exception: no\r\n29 abcd\r\n__exception__\r\n"
    response = HTTPResponse(io.BytesIO(body), {"X-ClickHouse-Exception-Tag": "abcd"}, preload_content=False)
    rows: list[bytes] = []
    with pytest.raises(OutputFailed, match="Code: 395"):
        taken(_Served(response), rows)
    assert set(b"".join(rows)) <= set(b"1\n")
