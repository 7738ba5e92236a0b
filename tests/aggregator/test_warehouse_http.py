"""The warehouse behind HTTP: connections end when nobody knows what was done, and each row is stored once even so."""

import secrets
from collections.abc import Iterator

import pytest
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError

from aggregator import queries
from aggregator.aggregator import no_checkpoint
from aggregator.erasure import erase
from aggregator.queries import CONSISTENT
from aggregator.rebuild import plan, rebuild_step
from aggregator.settle import no_hold, settle
from analytics.query_pool import QueryPool
from analytics.types import Unavailable
from harness.clickhouse.fates import Fates
from harness.clickhouse.proxy import Proxy
from harness.clickhouse.server import Bridge, Fault, How, running
from infra.migrate import migrate
from infra.rollups import ROLLUPS
from infra.warehouse import TooOld, Warehouse, put
from tests.aggregator.batches import NOW, batch, stored
from tests.aggregator.exact import problems


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bridge]:
    with running(tmp_path_factory.mktemp("server") / "warehouse") as one:
        yield one


@pytest.fixture
def bridge(server: Bridge) -> Iterator[Bridge]:
    server.faults.clear()
    server.going.clear()
    server.late.clear()
    server.version = ""
    yield server
    server.going.set()


@pytest.fixture
def warehouse(bridge: Bridge) -> Iterator[Warehouse]:
    """A database for each test."""
    name = f"t{secrets.token_hex(4)}"
    keeper = Warehouse(url=bridge.url).connect()
    keeper.command(f"CREATE DATABASE {name}")
    yield Warehouse(url=f"{bridge.url}/{name}")
    keeper.command(f"DROP DATABASE {name}")
    keeper.close()


@pytest.fixture
def client(warehouse: Warehouse) -> Iterator[Client]:
    one = warehouse.connect(max_threads=1, **CONSISTENT)
    migrate(one)
    yield one
    one.close()


def settled(client: Client, first: int, last: int) -> int:
    """Settles as the aggregator does, again and again; how often it failed."""
    for failed in range(5):
        try:
            settle(client, batch(first, last), no_checkpoint, no_hold)
        except ClickHouseError:
            continue
        return failed
    raise AssertionError("it never ends")


@pytest.mark.parametrize("table", ["scans", "scans_by_value", "workspace_by_value"])
@pytest.mark.parametrize("how", ["cut", "lost", "refused"])
def test_an_insert_without_an_answer_is_not_sent_again(bridge: Bridge, client: Client, how: How, table: str) -> None:
    bridge.faults.append(Fault(f"INSERT INTO {table} ", how))
    with pytest.raises(ClickHouseError):
        stored(client, 1, 50)
    before = len(bridge.requests)
    assert settled(client, 1, 50) == 0
    assert problems(client, {7: 50}) == []
    token = batch(1, 50).token
    assert [
        one.given["insert_deduplication_token"] for one in bridge.requests[before:] if "INSERT INTO" in one.statement
    ] == [token, f"{token}:values", f"{token}:workspaces"]


def test_a_repair_that_is_cut_off_doubles_nothing(bridge: Bridge, client: Client) -> None:
    stored(client, 1, 120)
    client.command("DELETE FROM scans WHERE seq % 60 = 0", settings=NOW)
    # The retry of the batch goes through; what is missing is stored, and the answer does not arrive.
    bridge.faults.append(Fault(":missing:", "cut"))
    assert settled(client, 1, 120) == 1
    assert problems(client, {7: 120}) == []


@pytest.mark.parametrize("rollup", ROLLUPS)
def test_a_rollup_that_is_cut_off_is_summed_once(bridge: Bridge, client: Client, rollup: str) -> None:
    stored(client, 1, 40)
    client.command(f"DELETE FROM {rollup} WHERE kind = 'human'", settings=NOW)
    bridge.faults.append(Fault(f"INSERT INTO {rollup} ", "cut"))
    assert settled(client, 1, 40) == 1
    assert problems(client, {7: 40}) == []


@pytest.mark.parametrize(
    "what",
    [
        *(":missing:", ":scans_by_value:"),
        *("DELETE FROM scans ", "DELETE FROM scans_by_value"),
    ],
)
def test_a_repair_that_comes_late_changes_nothing(
    bridge: Bridge, warehouse: Warehouse, client: Client, what: str
) -> None:
    """It was given up while it lay in some buffer, and its rows were put in by the next try."""
    impatient = warehouse.connect(timeout_s=1, max_threads=1)
    queries.insert(client, stored(client, 1, 40).block().rows(range(5)), "stored twice")
    client.command("DELETE FROM scans WHERE seq > 35", settings=NOW)
    for rollup in ("scans_by_time", "scans_by_value"):
        client.command(f"DELETE FROM {rollup} WHERE code < 20", settings=NOW)
    fault = Fault(what, "stalled")
    bridge.faults.append(fault)
    for _ in range(30):
        # On a busy machine it may give up before it comes to what stalls.
        with pytest.raises(ClickHouseError):
            settle(impatient, batch(1, 40), no_checkpoint, no_hold)
        if not fault.times:
            break
    assert settled(client, 1, 40) == 0
    bridge.going.set()
    assert bridge.late.wait(30)
    assert problems(client, {7: 40}) == []
    impatient.close()


def test_missing_rows_come_without_sums_of_their_own(bridge: Bridge, client: Client) -> None:
    """Given up, these could come after a next try, which would find the rows there and use no token of theirs."""
    stored(client, 1, 40)
    client.command("DELETE FROM scans WHERE seq > 35", settings=NOW)
    before = len(bridge.requests)
    assert settled(client, 1, 40) == 0
    tokens = [one.given.get("insert_deduplication_token", "") for one in bridge.requests[before:]]
    assert [":values" in token for token in tokens if ":missing:" in token] == [False]
    assert problems(client, {7: 40}) == []


def test_what_is_delivered_twice_counts_once(bridge: Bridge, warehouse: Warehouse, client: Client) -> None:
    proxy = Proxy(bridge.port, Fates(1, share=1.0, hows={"twice": 1}))
    through = (warehouse.url or "").replace(f":{bridge.port}/", f":{proxy.port}/")
    behind = Warehouse(url=through).connect(max_threads=1, **CONSISTENT)
    queries.insert(behind, stored(behind, 1, 60).block().rows(range(5)), "stored twice")
    client.command("DELETE FROM scans_by_value WHERE kind = 'human'", settings=NOW)
    assert settled(behind, 1, 60) == 0
    assert problems(client, {7: 60}) == []
    client.command("DELETE FROM workspace_by_value WHERE kind = 'human'", settings=NOW)
    for step in plan(behind):
        if step.rollup == "workspace_by_value":
            rebuild_step(behind, step)
    assert problems(client, {7: 60}) == []
    erased = erase(behind, [(1, code) for code in range(1, 20)])
    assert problems(client, {7: 60 - erased})[1:] == [] and 0 < erased < 60
    assert client.query("SELECT count() FROM ledger").result_rows == [(erased,)]
    assert proxy.met["twice"] > 30
    behind.close()
    proxy.close()


def test_a_token_without_rows_is_not_believed(client: Client) -> None:
    """As a kill between the two leaves it, also of a repair."""
    stored(client, 1, 20)
    for _ in range(2):
        client.command("DELETE FROM scans WHERE seq > 15", settings=NOW)
        client.command("DELETE FROM scans_by_time WHERE code < 20", settings=NOW)
        assert settled(client, 1, 20) == 0
        assert problems(client, {7: 20}) == []


def test_notes_are_kept_once_whatever_becomes_of_the_answer(bridge: Bridge, client: Client) -> None:
    bridge.faults.append(Fault("INSERT INTO ledger", "cut"))
    with pytest.raises(ClickHouseError):
        put(client, "ledger", ["source", "seq", "reason"], [[7, 1, "erased"]])
    assert client.query("SELECT count() FROM ledger").result_rows == [(1,)]


def test_what_decides_a_repair_is_read_where_everything_is(bridge: Bridge, client: Client) -> None:
    stored(client, 1, 20)
    before = len(bridge.requests)
    assert settled(client, 1, 20) == 0
    assert queries.highest_seqs(client, [7]) == {7: 20}
    for one in bridge.requests[before:]:
        assert one.given["select_sequential_consistency"] == "1"
        assert (one.given["insert_quorum"], one.given["insert_quorum_parallel"]) == ("auto", "0")


def test_long_lists_are_no_part_of_the_address(bridge: Bridge, client: Client) -> None:
    stored(client, 1, 20)
    codes = list(range(1, 4000))
    assert erase(client, [(1, code) for code in codes]) == 20
    query = "SELECT count() FROM ledger WHERE code IN {codes:Array(UInt64)}"
    assert client.query(query, parameters={"codes": codes}).result_rows == [(20,)]
    assert max(sum(map(len, one.address.values())) for one in bridge.requests) < 2000


async def test_a_server_of_long_ago_is_refused(bridge: Bridge, warehouse: Warehouse) -> None:
    bridge.version = "26.1.3.52"
    with pytest.raises(TooOld, match=r"ClickHouse 26.1.3.52 is too old: Waymark needs 26.2 or newer"):
        warehouse.connect()
    questions = QueryPool(warehouse, threads=1)
    with pytest.raises(Unavailable, match="too old"):
        await questions.ask(lambda client: client.query("SELECT 1"))
    await questions.close()
    bridge.version = "26.2.1.1-stable"
    warehouse.connect().close()
