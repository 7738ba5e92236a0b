"""Damage to journals on one machine: what is hurt is named by source and seq and stops its source alone, nothing is
counted twice or for another code, and everything that can be read is counted once somebody has looked."""

import shutil
from pathlib import Path

from clickhouse_connect.driver.client import Client

from aggregator.dead_letters import skip
from infra.migrate import migrate
from infra.warehouse import Warehouse
from ingest import register
from ingest.journal import Journal
from ingest.journal_files import segment_path, segments
from tests.aggregator import sample
from tests.aggregator.exact import problems
from tests.aggregator.running import aggregator, append, running, until

FLIPPED, HOLE, BEHEADED, COPY, STRANGER, WHOLE = 7, 8, 9, 10, 11, 12


def written(folder: Path, source: int) -> Path:
    """A closed journal of 100 events in many segments."""
    journal = Journal.open(
        folder / "journal", source=source, now_ms=lambda: sample.START_MS, max_bytes=1 << 30, segment_bytes=2000
    )
    append(journal, 100)
    journal.close()
    return journal.folder


def stored(client: Client) -> dict[int, int]:
    return {row[0]: row[1] for row in client.query("SELECT source, count() FROM scans GROUP BY source").result_rows}


def flip_a_digit(folder: Path) -> int:
    """Another code's number, in an event that can still be read as JSON; which one it is."""
    path = segment_path(folder, segments(folder)[2])
    line = path.read_bytes().split(b"\n")[1]
    fields = line.split(b",")
    fields[3] = b"%d" % (int(fields[3]) ^ 1)
    path.write_bytes(path.read_bytes().replace(line, b",".join(fields)))
    return int(fields[1])


async def test_damaged_journals_stop_where_they_are_hurt_and_no_other_stops(tmp_path: Path) -> None:
    folders = {source: written(tmp_path, source) for source in (FLIPPED, HOLE, BEHEADED, STRANGER, WHOLE)}
    flipped = flip_a_digit(folders[FLIPPED])
    hole, after = segments(folders[HOLE])[3:5]
    segment_path(folders[HOLE], hole).unlink()
    start = segments(folders[BEHEADED])[1]
    segment_path(folders[BEHEADED], 0).unlink()
    shutil.copytree(folders[WHOLE], folders[WHOLE].with_name(str(COPY)))
    # A segment of one source in the folder of another.
    shutil.copy(segment_path(folders[WHOLE], 0), segment_path(folders[STRANGER], 0))
    client = Warehouse(folder=tmp_path / "warehouse").connect()
    try:
        migrate(client)
        loop = aggregator(tmp_path)
        async with running(loop):
            await until(lambda: loop.status()["alarms"] == 5 and not folders[WHOLE].exists())
            reasons = {
                one.id.number: worker.reason for one, worker in loop.workers.items() if worker.state == "stopped"
            }
            assert f"does not fit its check (source {FLIPPED}, seq {flipped})" in reasons[FLIPPED]
            assert f"events are missing (source {HOLE}, seq {hole})" in reasons[HOLE]
            assert f"events are missing (source {BEHEADED}, seq 0)" in reasons[BEHEADED]
            assert f"holds a copy of the journal of source {WHOLE}" in reasons[COPY]
            assert f"a line of source {WHOLE}" in reasons[STRANGER]
            assert stored(client) == {FLIPPED: flipped - 1, HOLE: hole - 1, WHOLE: 100}
            for source in (FLIPPED, HOLE, BEHEADED):
                await skip(loop, source)
            await until(lambda: not any(folders[source].exists() for source in (FLIPPED, HOLE, BEHEADED)))
            assert stored(client) == {FLIPPED: 99, HOLE: 100 - (after - hole), BEHEADED: 101 - start, WHOLE: 100}
            assert client.query(
                "SELECT max(n) FROM (SELECT count() AS n FROM scans GROUP BY source, seq)"
            ).first_row == (1,)
            letters = "SELECT bus_partition, bus_offset, error FROM dead_letters FINAL ORDER BY bus_partition"
            assert [row[:2] for row in client.query(letters).result_rows] == [
                (FLIPPED, flipped),
                (HOLE, hole),
                (BEHEADED, 0),
            ]
        # What the journals must have held is known after they are gone.
        assert [entry.last_seq for entry in register.entries(tmp_path / "journal")] == [100] * 5
    finally:
        client.close()


async def test_a_folder_that_was_copied_and_started_twice_counts_nothing_twice(tmp_path: Path) -> None:
    """Both go on with the same dead source, one after the other, into one warehouse."""
    here, there = tmp_path / "here", tmp_path / "there"
    journal = Journal.open(here / "journal", source=WHOLE, now_ms=lambda: sample.START_MS, max_bytes=1 << 30)
    append(journal, 50)
    shutil.copytree(here, there)
    append(journal, 50)
    journal.close()
    for folder in (here, there):
        (folder / "warehouse").symlink_to(tmp_path / "warehouse")
    client = Warehouse(folder=tmp_path / "warehouse").connect()
    try:
        migrate(client)
        for folder in (there, here):
            loop = aggregator(folder)
            async with running(loop):
                await until(lambda folder=folder: not (folder / "journal" / str(WHOLE)).exists())  # type: ignore[misc]
        assert problems(client, {WHOLE: 100}) == []
        ends = client.query("SELECT max(last_seq) FROM sources WHERE state = 'closed'").first_row
        assert ends == (100,)
    finally:
        client.close()
