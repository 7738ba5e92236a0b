"""aggregator/batch_log.py and analytics/feed.py: what is stored is handed out once, from any position."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from clickhouse_connect.driver.client import Client

from aggregator.batch_log import BatchLog
from aggregator.dead_letters import replay, skip
from aggregator.erasure import erase
from analytics import feed
from analytics.feed_position import KEPT_MS, Position
from infra.migrate import migrate
from infra.warehouse import Warehouse
from ingest.journal_files import segment_name
from tests.aggregator import sample
from tests.aggregator.batches import batch, stored
from tests.aggregator.following import NOW_MS, START, Follower, problems
from tests.aggregator.running import aggregator, append, journal, running, until


@pytest.fixture
def client(tmp_path: Path) -> Iterator[Client]:
    one = Warehouse(folder=tmp_path / "warehouse").connect(max_threads=1)
    migrate(one)
    yield one
    one.close()


def logged(client: Client) -> int:
    return int(client.query("SELECT sum(rows) FROM stored_batches").result_rows[0][0])


async def test_scans_are_handed_out_once_as_they_are_stored_and_from_any_position(
    tmp_path: Path, client: Client
) -> None:
    live, later = Follower(), Follower(limit=7)
    one, two = journal(tmp_path, 7), journal(tmp_path, 8)
    async with running(aggregator(tmp_path)):
        for stored_already in (0, 150, 300):
            append(one, 100)
            append(two, 50)
            await until(lambda already=stored_already: logged(client) == already + 150)  # type: ignore[misc]
            live.catch_up(client)
    later.catch_up(client)
    expected = {7: 300, 8: 150}
    assert [live.problems(expected), later.problems(expected)] == [[], []]
    # And after any scan of any chunk.
    dice = random.Random(1)
    position, read = START, []
    while True:
        chunk = feed.after(client, position, 60, now_ms=NOW_MS)
        if not chunk.scans:
            break
        at = dice.randrange(len(chunk.scans))
        read += [(scan.source, scan.seq) for scan in chunk.scans[: at + 1]]
        position = chunk.position(at)
    assert (len(read), len(set(read))) == (450, 450)


async def test_one_of_several_workspaces_and_whether_a_condition_is_met(tmp_path: Path, client: Client) -> None:
    append(journal(tmp_path, 7), 100)
    async with running(aggregator(tmp_path)):
        await until(lambda: logged(client) == 100)
    assert feed.after(client, START, 1000, now_ms=NOW_MS, workspaces=[2]).scans == []
    conditions = ["country = 'DE'", "device = 'mobile' AND kind = 'human'"]
    found = feed.after(client, START, 1000, now_ms=NOW_MS, workspaces=[1, 2], conditions=conditions).scans
    assert len(found) == 100
    for scan in found:
        event = sample.event(scan.source, scan.seq)
        assert scan.met == (event.country == "DE", event.device == "mobile" and event.kind == "human")
        assert scan.record[:2] == (event.ts_ms, event.code)


async def test_scans_of_a_dead_letter_are_handed_out_when_they_are_replayed(tmp_path: Path, client: Client) -> None:
    one = journal(tmp_path, 7)
    append(one, 100)
    segment = tmp_path / "journal" / "7" / segment_name(0, 0)
    lines = segment.read_bytes().split(b"\n")
    whole = lines[41]
    lines[41] = b"#" * len(whole)
    segment.write_bytes(b"\n".join(lines))
    reader = Follower()
    loop = aggregator(tmp_path)
    async with running(loop):
        await until(lambda: loop.status()["alarms"] == 1)
        await skip(loop, 7)
        await until(lambda: logged(client) == 99)
        reader.catch_up(client)
        client.command(
            "INSERT INTO dead_letters (bus, bus_partition, bus_offset, record, error)"
            " SELECT bus, bus_partition, bus_offset, {line:String}, '' FROM dead_letters",
            parameters={"line": whole.decode()},
        )
        await replay(loop)
        await replay(loop)
        reader.catch_up(client)
        append(one, 10)
        await until(lambda: logged(client) == 110)
    reader.catch_up(client)
    assert reader.read[99] == (7, 41)
    assert reader.problems({7: 110}) == []
    # Whoever comes later reads it at its own place, and not among those of its batch.
    assert problems(client, {7: 110}) == []


def test_erased_scans_are_missing(client: Client) -> None:
    log = BatchLog()
    log.add(stored(client, 1, 50))
    log.flush(client)
    reader = Follower(limit=10)
    erase(client, [(1, code) for code in range(1, 21)])
    reader.catch_up(client)
    rows = client.query("SELECT source, seq FROM scans ORDER BY seq").result_rows
    assert 0 < len(rows) < 50
    assert reader.read == rows


def test_a_batch_without_an_entry_is_not_handed_out(client: Client) -> None:
    """As one whose insert is in doubt."""
    log = BatchLog()
    log.add(stored(client, 1, 10))
    log.flush(client)
    stored(client, 11, 20)
    assert problems(client, {7: 10}) == []


def test_a_settled_batch_is_logged_once(client: Client) -> None:
    log, again = BatchLog(), BatchLog()
    log.add(stored(client, 1, 10))
    log.flush(client)
    again.add(batch(1, 10), settled=True)
    again.add(stored(client, 11, 20), settled=True)
    again.flush(client)
    assert client.query("SELECT first, last FROM stored_batches ORDER BY at").result_rows == [(1, 10), (11, 20)]


def test_a_batch_that_two_processes_log_at_once_is_handed_out_once(client: Client) -> None:
    """The one that lost its partition, and the next owner of it."""
    stored(client, 1, 10)
    for log in (BatchLog(), BatchLog()):
        log.add(batch(1, 10))
        log.flush(client)
    assert problems(client, {7: 10}) == []


def test_entries_are_in_the_order_of_storing_whatever_the_clock_says(client: Client) -> None:
    for place, now_ms in enumerate((2_000_000_000_000, 1_000_000_000_000, 1_999_999_999_999)):
        log = BatchLog(now_ms=lambda now_ms=now_ms: now_ms)  # type: ignore[misc]
        log.add(stored(client, 10 * place + 1, 10 * place + 10))
        log.flush(client)
    assert client.query("SELECT first FROM stored_batches ORDER BY at").result_rows == [(1,), (11,), (21,)]
    assert problems(client, {7: 30}) == []


def test_a_reader_begins_at_the_end(client: Client) -> None:
    log = BatchLog()
    log.add(stored(client, 1, 10))
    log.flush(client)
    position = feed.end(client, NOW_MS)
    assert feed.after(client, position, 100, now_ms=NOW_MS).scans == []
    log.add(stored(client, 11, 20))
    log.flush(client)
    chunk = feed.after(client, position, 100, now_ms=NOW_MS)
    assert [scan.seq for scan in chunk.scans] == list(range(11, 21))
    assert not feed.after(client, chunk.end, 100, now_ms=NOW_MS).scans


def test_a_position_that_is_too_old_is_gone(client: Client) -> None:
    with pytest.raises(feed.Gone):
        feed.after(client, Position(1000, 0, {}), 10, now_ms=KEPT_MS + 700_000)
    assert feed.after(client, Position(1000, 0, {}), 10, now_ms=KEPT_MS).scans == []
