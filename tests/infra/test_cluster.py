"""The warehouse on a cluster: Distributed tables over stored ones, on one shard and read over two."""

import re
from collections.abc import Iterator
from datetime import datetime

import pytest
from clickhouse_connect.driver.client import Client
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from aggregator.audit.evidence import Evidence
from aggregator.audit.part_sums import read_content
from aggregator.audit.report import audit
from aggregator.audit.rollup_watch import RollupMemory, watch_rollups
from aggregator.audit.rollups import check_rollups
from aggregator.batch import Batch
from aggregator.batch_log import BatchLog
from aggregator.bus import Record
from aggregator.decoding import decode
from aggregator.disk_space import DiskSpace
from aggregator.erasure import erase, purge
from aggregator.imported_history import forget
from aggregator.imported_history import store as keep_imported
from aggregator.queries import CONSISTENT, highest_seqs, insert, insert_notes
from aggregator.rebuild import Step, finish, plan, rebuild_step
from aggregator.settle import no_hold, settle
from aggregator.visitor_counts import count_visitors
from analytics.imported import imported
from analytics.orphans import orphans
from analytics.overview import overview
from analytics.query.answer import Answer, answer
from analytics.query.erasures import erasures
from analytics.query.grammar import parse
from analytics.totals import totals
from analytics.visitor_counts import visitors
from analytics.window import span, trailing
from infra.cluster import SHARDING, Cluster, ddl
from infra.migrate import clause, harden, migrate, migrations, statements
from infra.warehouse import UnknownCluster, Warehouse, put
from schemas.event import KINDS, SourceClosed, encode_line
from schemas.imported import ImportedHistory
from tests.aggregator import following, sample
from tests.aggregator.batches import NOW, PARTITION
from tests.aggregator.exact import problems
from tests.analytics.query.questions import questions
from tests.analytics.query.scans import NOWS, Attributes, codes_of, scans_of, store
from tests.servers.cluster import ClusterBridge, running, two_shards

ALL = [statement for _, _, text in migrations() for statement in statements(text)]


@pytest.fixture(scope="module")
def bridge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClusterBridge]:
    with running(tmp_path_factory.mktemp("cluster") / "warehouse") as one:
        yield one


@pytest.fixture(scope="module")
def client(bridge: ClusterBridge) -> Iterator[Client]:
    one = bridge.warehouse().connect(max_threads=1, **CONSISTENT)
    migrate(one)
    yield one
    one.close()


@pytest.fixture(scope="module")
def split(bridge: ClusterBridge, client: Client) -> Iterator[Client]:
    """The same warehouse, whose rows lie on two shards."""
    two = two_shards(bridge)
    yield two
    two.close()


@pytest.mark.parametrize("statement", ALL)
def test_one_server_takes_a_migration_as_it_is_and_a_cluster_everywhere(statement: str) -> None:
    assert ddl(statement, None) == [statement]
    for one in ddl(statement, Cluster("prod", "waymark"), clause()):
        assert "ON CLUSTER `prod`" in one
        tables = [*re.findall(r"\b(?:FROM|TO) (\w+)$", one, re.MULTILINE), *re.findall(r"\bTO (\w+)", one)]
        if "MATERIALIZED" in one:
            assert all(table.endswith("_local") for table in tables) and tables
        if "MergeTree" in one:
            assert re.search(
                r"= Replicated\w*MergeTree\('/clickhouse/tables/\{shard\}/waymark/\w+_local', '\{replica\}'", one
            )
            assert "replicated_deduplication_window_seconds = 604800" in one and "fsync_after_insert = 1" in one


def test_what_a_merge_keeps_one_of_lies_on_one_shard() -> None:
    for statement in ALL:
        match = re.match(
            r"CREATE TABLE IF NOT EXISTS (\w+) .*= Replacing\w+.*ORDER BY \(?([\w, ]+)", statement, re.DOTALL
        )
        # (A scan is of one code.)
        if match and match[1] != "ledger":
            assert set(SHARDING[match[1]].split(", ")) <= set(match[2].split(", ")), match[1]
    assert SHARDING["ledger"] == SHARDING["scans"] == SHARDING["scans_by_time"] == SHARDING["scans_by_value"]


def test_a_statement_without_a_meaning_on_a_cluster_is_refused() -> None:
    with pytest.raises(ValueError, match="what does this mean on a cluster"):
        ddl("OPTIMIZE TABLE scans", Cluster("prod", "waymark"))


def test_an_unknown_cluster_is_refused_with_those_that_are_known(bridge: ClusterBridge) -> None:
    with pytest.raises(UnknownCluster, match=r"^this server knows no cluster prod; it knows doubling, one, two$"):
        Warehouse(url=f"{bridge.url}/default", cluster="prod").connect()


def test_an_insert_goes_to_the_shards_at_once_and_by_the_quorum_that_is_set(
    bridge: ClusterBridge, client: Client
) -> None:
    asking = Warehouse(url=f"{bridge.url}/default", cluster="one", quorum="3").connect(**CONSISTENT)
    put(asking, "migrations", ["number", "name"], [[1, "0001_scans"]])
    asking.close()
    given = bridge.requests[-1].given
    assert (given["distributed_foreground_insert"], given["async_insert"], given["insert_quorum"]) == ("1", "0", "3")


def batch(first: int, last: int) -> Batch:
    """Of one day."""
    events = (sample.event(7, seq) for seq in range(first, last + 1))
    lines = [encode_line(replace(one, ts_ms=sample.START_MS + one.seq * 60_000))[:-1] for one in events]
    made = Batch(PARTITION, first, {7: first - 1})
    made.take(decode([Record(None, lines)], first))
    return made


@pytest.fixture(scope="module")
def kept(client: Client) -> int:
    """How many scans of the source 7 are stored, each twice by its token."""
    log = BatchLog()
    for made in (batch(1, 200), batch(1, 200), batch(201, 260)):
        insert(client, made.block(), made.token)
        log.add(made)
    log.flush(client)
    insert_notes(client, PARTITION, [SourceClosed(source=7, at_ms=1, last_seq=260, refused=[], digest=None)])
    return 260


def test_scans_are_stored_once_and_lie_on_both_shards(client: Client, split: Client, kept: int) -> None:
    assert problems(client, {7: kept}) == []
    assert following.problems(split, {7: kept}) == []
    assert highest_seqs(split, [7]) == {7: kept}
    assert audit(split, Evidence(), sleep=lambda _: None).clean
    shards = split.query("SELECT shardNum() AS shard, count() > 50 FROM scans GROUP BY shard ORDER BY shard")
    assert shards.result_rows == [(1, True), (2, True)]


def test_a_batch_in_doubt_is_repaired(client: Client, split: Client, kept: int) -> None:
    client.command("DELETE FROM scans_local WHERE seq % 60 = 0", settings=NOW)
    for rollup in ("workspace_by_value", "scans_by_time"):
        client.command(f"DELETE FROM {rollup}_local WHERE kind = 'human'", settings=NOW)
    settle(client, batch(1, 200), lambda _: None, no_hold)
    settle(client, batch(201, 260), lambda _: None, no_hold)
    assert problems(split, {7: kept}) == []


def test_the_proof_is_kept_up_where_tables_have_no_parts_of_their_own(client: Client, split: Client, kept: int) -> None:
    found = [read_content(one, {}, lambda: None) for one in (client, split)]
    assert found[0] == found[1] and found[0].rows == kept
    watched = watch_rollups(split, found[1], RollupMemory(), [], 0, lambda: 0.0)
    assert (watched.red, watched.waiting) == ([], 0)


def test_an_erasure_looks_the_rows_up_on_their_own_shard(
    bridge: ClusterBridge, client: Client, split: Client, kept: int
) -> None:
    code = 3
    rows = client.query(f"SELECT count() FROM scans WHERE code = {code}").result_rows[0][0]
    before = len(bridge.everywhere)
    # One that was killed is finished first.
    put(client, "erasing", ["workspace", "month", "token"], [[1, 202511, "killed"]])
    assert erase(client, [(1, code)]) == rows > 0
    purge(client)
    done = bridge.everywhere[before:]
    [deletion] = [one for one in done if one.startswith("DELETE FROM scans_local")]
    assert "IN (SELECT source, seq FROM ledger_local WHERE" in deletion
    assert done[done.index(deletion) - 1] == "SYSTEM SYNC REPLICA ON CLUSTER `one` ledger_local LIGHTWEIGHT"
    assert split.query(f"SELECT count() FROM scans WHERE code = {code}").result_rows == [(0,)]
    assert split.query(f"SELECT count() FROM ledger FINAL WHERE code = {code}").result_rows == [(rows,)]
    assert erasures(split, 1) == erasures(client, 1) and erasures(client, 1).months == ()
    assert check_rollups(split).different == []


def test_rollups_are_made_anew_everywhere(client: Client, split: Client, kept: int) -> None:
    steps = plan(client)
    for rollup in ("scans_by_value", "workspace_by_time"):
        client.command(f"DELETE FROM {rollup}_local WHERE kind = 'human'", settings=NOW)
        rebuild_step(client, Step(rollup, 2025))
    assert {step.rollup for step in plan(client)} == {step.rollup for step in steps} - {
        "scans_by_value",
        "workspace_by_time",
    }
    finish(client)
    assert check_rollups(split).different == []
    assert client.query("SELECT name FROM system.tables WHERE name LIKE '%rebuilt%'").result_rows == []


CODES = codes_of(1)


@pytest.fixture(scope="module")
def asked(client: Client, split: Client, kept: int) -> tuple[Client, Client]:
    store(client, scans_of(1, CODES)[:300])
    assert count_visitors(split, max(NOWS).date(), least=2) > 10
    assert count_visitors(client, max(NOWS).date(), least=2) == 0
    return client, split


@settings(max_examples=4)
@given(question=questions(), now=st.sampled_from(NOWS))
def test_shards_answer_together_as_one(
    asked: tuple[Client, Client], question: dict[str, object], now: datetime
) -> None:
    def answered(client: Client) -> Answer:
        attributes = Attributes(CODES)
        return answer(client, parse(question), workspace=1, now=now, complete_until=now, codes=attributes)

    one, two = map(answered, asked)
    assert (one.results, one.meta.total_rows) == (two.results, two.meta.total_rows)


def test_views_of_one_code_and_of_a_workspace_are_the_same(asked: tuple[Client, Client]) -> None:
    window = trailing(365, max(NOWS))
    codes = [code.number for code in CODES]

    def views(client: Client) -> list[object]:
        return [
            *(overview(client, 1, code, window=window, kinds=KINDS, dimensions=()) for code in codes[:2]),
            totals(client, 1, codes, kinds=KINDS),
            orphans(client, 1, window=window),
            visitors(client, 1, [span(window)]),
        ]

    one, two = map(views, asked)
    assert one == two


def test_imported_scans_of_a_code_are_kept_once_and_forgotten(client: Client, split: Client) -> None:
    for _ in range(2):
        keep_imported(client, [ImportedHistory(workspace=1, code=99, service="bitly", scans=())], 1)
    assert split.query("SELECT count() FROM imported_scans FINAL WHERE code = 99").result_rows == [(1,)]
    assert imported(split, 1, 99) == imported(client, 1, 99)
    forget(client, [99])
    assert split.query("SELECT count() FROM imported_scans WHERE code = 99").result_rows == [(0,)]


def test_migrating_again_changes_nothing_and_a_server_that_lacks_tables_gets_them(client: Client) -> None:
    assert (migrate(client), harden(client)) == ([], [])
    client.command("RENAME TABLE imported_scans TO aside")
    try:
        assert "0004_imported" in migrate(client)
    finally:
        client.command("DROP TABLE aside SYNC")
    assert migrate(client) == []


def test_room_is_looked_for_on_all_servers(client: Client) -> None:
    space = DiskSpace(1)
    space.look_closely(client)
    assert space.free is not None and space.free > 1 and space.broken == 0
