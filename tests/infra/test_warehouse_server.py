"""infra/warehouse.py on a wire: what the client sends, how often, and what it makes of the answers."""

import ast
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, get_args

import clickhouse_connect
import pytest
import requests
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError, DatabaseError, OperationalError, StreamFailureError
from clickhouse_connect.driver.httpclient import HttpClient
from urllib3 import Timeout

from harness.certificates import self_signed
from harness.clickhouse.server import Bridge, Fault, How
from infra.raw_output import FORMATS, OutputFailed, RawOutput, raw_output
from infra.warehouse import Warehouse, put, write_block

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def bridge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bridge]:
    one = Bridge(tmp_path_factory.mktemp("clickhouse") / "folder")
    client = Warehouse(url=one.url).connect()
    client.command(
        "CREATE TABLE rows (a UInt64, b String) ENGINE = MergeTree ORDER BY a"
        " SETTINGS non_replicated_deduplication_window = 1000"
    )
    client.close()
    yield one
    one.close()


@pytest.fixture
def client(bridge: Bridge) -> Iterator[Client]:
    bridge.faults.clear()
    bridge.arrived.clear()
    bridge.requests.clear()
    bridge.going.clear()
    bridge.users = {"default": "secret"}
    one = Warehouse(url=bridge.url).connect(timeout_s=60, max_threads=1)
    one.command("TRUNCATE TABLE rows")
    yield one
    bridge.going.set()
    one.close()


@contextmanager
def impatient(client: Client) -> Iterator[None]:
    assert isinstance(client, HttpClient)
    before, client.timeout = client.timeout, Timeout(connect=60, read=0.5)
    try:
        yield
    finally:
        client.timeout = before


def connected(bridge: Bridge, **options: Any) -> Client:
    return clickhouse_connect.get_client(
        host="127.0.0.1", port=bridge.port, username="default", password="secret", **options
    )


# One column, a number.
BLOCK = b"\x01\x01\x01a\x06UInt64" + (7).to_bytes(8, "little")


@pytest.mark.parametrize("how", get_args(How))
@pytest.mark.parametrize(
    "write",
    [
        lambda client: put(client, "rows", ["a", "b"], [[7, "seven"]]),
        lambda client: write_block(client, "rows (a)", BLOCK, "token"),
        lambda client: client.command("INSERT INTO rows SELECT 7, 'seven'"),
        lambda client: client.command("DELETE FROM rows WHERE a = 7"),
    ],
    ids=["lines", "block", "select", "deletion"],
)
def test_a_write_is_sent_once_whatever_becomes_of_it(
    bridge: Bridge, client: Client, how: How, write: Callable[[Client], object]
) -> None:
    bridge.faults.append(Fault("INSERT INTO rows|DELETE", how, times=99))
    if how == "closed":
        write(client)
    elif how in ("stalled", "late"):
        with impatient(client), pytest.raises(ClickHouseError):
            write(client)
    else:
        with pytest.raises(ClickHouseError):
            write(client)
    bridge.faults.clear()
    # On a connection that the server has closed without a word, too.
    assert client.query("SELECT 1").result_rows == [(1,)]
    until(lambda: writes(bridge) > 0)
    assert writes(bridge) == 1


def writes(bridge: Bridge) -> int:
    return len([one for one in bridge.arrived if one.startswith(("INSERT", "DELETE"))])


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not holds() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert holds()


def test_what_is_inserted_cannot_be_sent_again() -> None:
    """The client repeats its `insert`, and a `raw_insert` of bytes; a generator it cannot."""
    wrong = set()
    for room in ("aggregator", "analytics", "api", "codes", "infra", "ingest", "redirect", "waymark", "webhooks"):
        for module in (ROOT / room).rglob("*.py"):
            text = module.read_text()
            for node in ast.walk(ast.parse(text)) if "insert(" in text else ():
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and not _is_sent_once(node):
                    wrong.add(f"{module.relative_to(ROOT)}:{node.lineno}")
    assert not wrong


def _is_sent_once(call: ast.Call) -> bool:
    assert isinstance(call.func, ast.Attribute)
    if call.func.attr == "raw_insert":
        named = [one.value for one in call.keywords if one.arg == "insert_block"]
        return isinstance([*call.args[2:3], *named][0], ast.GeneratorExp)
    return call.func.attr not in ("insert", "data_insert") or "client" not in ast.unparse(call.func.value)


def test_half_a_request_is_no_insert(bridge: Bridge, client: Client) -> None:
    with socket.create_connection(("127.0.0.1", bridge.port)) as half:
        half.sendall(b"POST /?query=INSERT%20INTO%20rows%20FORMAT%20CSV&user=default&password=secret HTTP/1.1\r\n")
        half.sendall(b"Transfer-Encoding: chunked\r\n\r\n6\r\n1,one\n\r\n6\r\n2,tw")
        half.shutdown(socket.SHUT_WR)
        with pytest.raises(ConnectionResetError):
            half.recv(100)
    assert client.query("SELECT count() FROM rows").result_rows == [(0,)]


@pytest.mark.parametrize("compress", ["lz4", "zstd", "br", "gzip", "deflate"])
def test_bodies_are_compressed_both_ways(bridge: Bridge, client: Client, compress: str) -> None:
    other = connected(bridge, compress=compress)
    bridge.requests.clear()
    if compress != "deflate":
        other.insert("rows", [[at, f"row {at}"] for at in range(1000)], column_names=["a", "b"])
        assert [one.headers.get("Content-Encoding") for one in bridge.requests if "INSERT" in one.statement] == [
            compress
        ]
    else:
        client.command("INSERT INTO rows SELECT number, concat('row ', toString(number)) FROM numbers(1000)")
    with other.query_rows_stream("SELECT b FROM rows ORDER BY a", settings={"max_block_size": 100}) as rows:
        assert list(rows) == [(f"row {at}",) for at in range(1000)]
    assert other.query("SELECT sum(a) FROM rows").result_rows == [(499_500,)]
    other.close()


def test_a_session_keeps_what_was_set_and_is_one_callers_at_a_time(bridge: Bridge, client: Client) -> None:
    one = connected(bridge, session_id="s1")
    one.command("CREATE TEMPORARY TABLE mine (a UInt8)")
    one.command("SET max_block_size = 77")
    assert one.query("SELECT getSetting('max_block_size'), count() FROM mine").result_rows == [(77, 0)]
    with pytest.raises(DatabaseError) as unknown:
        client.query("SELECT 1", settings={"session_id": "nobody's", "session_check": 1})
    assert unknown.value.code == 372
    bridge.faults.append(Fault("SELECT 'held'", "late"))
    held = threading.Thread(target=one.query, args=("SELECT 'held'",))
    held.start()
    until(lambda: any("'held'" in one.statement for one in bridge.requests))
    with pytest.raises(DatabaseError) as busy:
        client.query("SELECT 1", settings={"session_id": "s1"})
    assert busy.value.code == 373
    bridge.going.set()
    held.join()
    one.close()


def test_an_error_in_the_middle_of_an_answer_is_one(client: Client, bridge: Bridge) -> None:
    sql = "SELECT throwIf(number = {rows:UInt64}, 'enough') FROM numbers(1000000)"
    given = {"rows": 300_000}
    stream = client.query_rows_stream(sql, parameters=given, settings={"max_block_size": 8192})
    with stream as rows, pytest.raises(StreamFailureError, match="enough") as error:
        list(rows)
    assert error.value.code == 395
    # (One that the tests' server sends in parts.)
    file = raw_output(Warehouse(url=bridge.url), sql, given, FORMATS["ndjson"], limit_s=30)
    with file as output, pytest.raises(OutputFailed, match=r"Code: 395.*enough"):
        taken(output)


def taken(output: RawOutput) -> int:
    return sum(map(len, iter(output.read, b"")))


def test_the_same_id_runs_once_at_a_time(bridge: Bridge, client: Client) -> None:
    bridge.faults.append(Fault("SELECT 'held'", "late"))
    with impatient(client), pytest.raises(OperationalError):
        client.query("SELECT 'held'", settings={"query_id": "q1"})
    until(lambda: any("'held'" in one.statement for one in bridge.requests))
    with pytest.raises(DatabaseError) as error:
        client.query("SELECT 1", settings={"query_id": "q1"})
    assert error.value.code == 216


@pytest.mark.parametrize(
    ("user", "status", "code"), [("", 401, 194), ("default:wrong@", 403, 516), ("nobody:secret@", 403, 516)]
)
def test_strangers_are_not_let_in(bridge: Bridge, user: str, status: int, code: int) -> None:
    with pytest.raises(DatabaseError) as error:
        Warehouse(url=f"http://{user}127.0.0.1:{bridge.port}").connect()
    assert error.value.code == code
    assert "secret" not in str(error.value) and "wrong" not in str(error.value)
    address = f"http://127.0.0.1:{bridge.port}/?query=SELECT%201"
    name, _, password = user.strip("@").partition(":")
    assert requests.get(address, auth=(name, password) if user else None, timeout=30).status_code == status


def test_a_certificate_of_ones_own_is_named_in_the_address(bridge: Bridge, tmp_path: Path) -> None:
    ours, other = self_signed(tmp_path / "ours.pem"), self_signed(tmp_path / "other.pem")
    secure = Bridge(bridge.folder, certificate=ours)
    try:
        warehouse = Warehouse(url=f"{secure.url}/default?ca_cert={ours}")
        behind = warehouse.connect()
        assert behind.query("SELECT 1").result_rows == [(1,)]
        behind.close()
        for ca in (f"?ca_cert={other}", "", f"?ca_cert={tmp_path}/nowhere.pem"):
            with pytest.raises((ClickHouseError, OSError)):
                Warehouse(url=f"{secure.url}/default{ca}").connect(timeout_s=20)
    finally:
        secure.close()
