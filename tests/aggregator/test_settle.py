"""Whatever a crash has left of an insert, settling makes it whole; what is whole it leaves alone."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from clickhouse_connect.driver.client import Client

from aggregator import queries
from aggregator.aggregator import no_checkpoint
from aggregator.batch import Batch
from aggregator.bus import Lost, PartitionId, Record
from aggregator.decoding import decode
from aggregator.settle import no_hold, settle
from infra.migrate import migrate
from schemas.event import encode_line
from tests.aggregator import sample
from tests.aggregator.batches import NOW, PARTITION, batch, stored
from tests.aggregator.engines import opened
from tests.aggregator.exact import problems


@pytest.fixture
def client(tmp_path: Path) -> Iterator[Client]:
    with opened(tmp_path / "warehouse") as warehouse:
        one = warehouse.connect()
        migrate(one)
        yield one
        one.close()


def passed(client: Client, one: Batch) -> list[str]:
    names: list[str] = []
    settle(client, one, names.append, no_hold)
    return names


def test_a_whole_batch_is_left_alone(client: Client) -> None:
    assert passed(client, stored(client, 1, 300)) == ["rows retried", "retried"]
    assert problems(client, {7: 300}) == []


def test_a_batch_that_never_arrived_is_inserted(client: Client) -> None:
    assert passed(client, batch(1, 300)) == ["rows retried", "retried"]
    assert problems(client, {7: 300}) == []


@pytest.mark.parametrize(
    ("table", "condition"),
    [
        ("scans", "seq > 150"),
        ("scans", "seq % 7 = 0"),
        ("scans_by_time", "code < 20"),
        ("scans_by_value", "dimension = 'country'"),
    ],
)
def test_what_is_missing_comes_back(client: Client, table: str, condition: str) -> None:
    stored(client, 1, 200)
    one = stored(client, 201, 400)
    client.command(f"DELETE FROM {table} WHERE {condition}", settings=NOW)
    for damaged in (batch(1, 200), one):
        settle(client, damaged, no_checkpoint, no_hold)
    assert problems(client, {7: 400}) == []


def test_rows_stored_twice_are_stored_once_again(client: Client) -> None:
    one = stored(client, 1, 300)
    queries.insert(client, one.block().rows(range(100, 150)), "another")
    assert problems(client, {7: 300}) != []
    assert passed(client, one)[2] == "surplus deleted"
    assert problems(client, {7: 300}) == []


@pytest.mark.parametrize("table", ["scans", "scans_by_time", "scans_by_value"])
def test_nothing_is_deleted_once_the_hold_is_lost(client: Client, table: str) -> None:
    """A deletion has no token: by a process that was stopped meanwhile it would take the next owner's rows."""
    one = stored(client, 1, 300)
    client.command(f"INSERT INTO {table} SELECT * FROM {table}", settings={"deduplicate_insert": "disable"})

    def lost() -> None:
        raise Lost

    query = f"SELECT count() FROM {table}"
    before = client.query(query).result_rows
    names: list[str] = []
    with pytest.raises(Lost):
        settle(client, one, names.append, lost)
    assert names == ["rows retried", "retried"]
    assert client.query(query).result_rows == before


def test_rows_without_their_sums_get_them_once(client: Client) -> None:
    stored(client, 1, 100)
    one = batch(101, 300)
    queries.insert_rows(client, one.block(), one.token)
    assert passed(client, one) == ["rows retried", "retried"]
    assert problems(client, {7: 300}) == []


@pytest.mark.parametrize("part", ["toYear(day) = 2025", "dimension < 'k'", "code % 3 = 0"])
def test_sums_that_are_there_in_part_are_made_whole(client: Client, part: str) -> None:
    """A kill in the middle of the second insert: of its parts some have no name, and its token is known."""
    stored(client, 1, 100)
    one = stored(client, 101, 300)
    client.command(f"DELETE FROM scans_by_value WHERE {part}", settings=NOW)
    assert passed(client, one)[2:] == ["scans_by_value deleted", "scans_by_value inserted"]
    settle(client, batch(1, 100), no_checkpoint, no_hold)
    assert problems(client, {7: 300}) == []


def test_sums_of_rows_whose_record_became_unreadable_are_made(client: Client) -> None:
    """The rows were stored, their sums were not, and then the record could not be read any more."""
    one = batch(1, 40)
    queries.insert_rows(client, one.block(), one.token)
    lines = [encode_line(sample.event(7, seq))[:-1] for seq in range(1, 41)]
    for seq in range(3, 30):
        lines[seq - 1] = b"?"
    again = Batch(PARTITION, 1, {7: 0})
    again.take(decode([Record(None, lines)], 1, skip=range(3, 30)))
    assert len(again.lines) == 13
    settle(client, again, no_checkpoint, no_hold)
    assert problems(client, {7: 40}) == []


def test_erased_rows_stay_away(client: Client) -> None:
    one = stored(client, 1, 300)
    client.command("INSERT INTO ledger (source, seq, reason) SELECT source, seq, 'deleted' FROM scans WHERE seq <= 20")
    client.command("DELETE FROM scans WHERE seq <= 20", settings=NOW)
    settle(client, one, no_checkpoint, no_hold)
    assert client.query("SELECT count(), min(seq) FROM scans").result_rows == [(280, 21)]


def test_marks_of_a_declared_range_do_not_count_its_own_rows(client: Client) -> None:
    stored(client, 1, 300)
    assert queries.highest_seqs(client, [7, 8]) == {7: 300, 8: 0}
    assert queries.highest_seqs(client, [7], before=(PARTITION, 201)) == {7: 200}
    assert queries.highest_offset(client, PARTITION) == 300
    assert queries.highest_offset(client, PartitionId("b1", "journal", 7)) == -1


@pytest.mark.parametrize("late", [queries.insert_rows, queries.insert_sums, queries.insert])
def test_an_insert_that_arrives_late_changes_nothing(client: Client, late: Callable[..., None]) -> None:
    """Its process was stopped just before it was sent; the batch has a new owner meanwhile."""
    one = batch(1, 300)
    settle(client, batch(1, 300), no_checkpoint, no_hold)
    stored(client, 301, 400)
    late(client, one.block(), one.token)
    assert problems(client, {7: 400}) == []
