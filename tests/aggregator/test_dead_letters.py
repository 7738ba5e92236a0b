"""An unreadable record stops its partition and no other, goes where `skip` puts it, and comes back by `replay`."""

from pathlib import Path

import pytest

from aggregator.dead_letters import NothingToSkip, replay, skip
from infra.migrate import migrate
from infra.warehouse import Warehouse
from ingest.journal_files import segment_name
from tests.aggregator.exact import problems
from tests.aggregator.running import aggregator, append, journal, running, until


def spoil(folder: Path, source: int, seq: int) -> None:
    """Makes the record unreadable, as a failing disk would."""
    segment = folder / "journal" / str(source) / segment_name(0, 0)
    lines = segment.read_bytes().split(b"\n")
    lines[seq] = b"#" * len(lines[seq])
    segment.write_bytes(b"\n".join(lines))


async def test_a_bad_line_is_skipped_and_the_rest_is_counted(tmp_path: Path) -> None:
    client = Warehouse(folder=tmp_path / "warehouse").connect()
    try:
        migrate(client)
        one, two = journal(tmp_path, 7), journal(tmp_path, 8)
        append(one, 100)
        append(two, 100)
        spoil(tmp_path, 7, 41)
        loop = aggregator(tmp_path)
        async with running(loop):
            await until(lambda: loop.status()["inserted"] == 140 and loop.status()["alarms"] == 1)
            bad = next(part for part in loop.workers.values() if part.state == "stopped")
            assert bad.bad is not None and bad.bad.offset == 41
        # The alarm is there again after a restart, and nothing has moved.
        loop = aggregator(tmp_path)
        async with running(loop):
            await until(lambda: loop.status()["alarms"] == 1)
            with pytest.raises(NothingToSkip):
                await skip(loop, 8)
            assert (await skip(loop, 7))["offset"] == 41
            await until(lambda: loop.status()["inserted"] == 59)
            append(one, 10)
            await until(lambda: loop.status()["inserted"] == 69)
            assert await replay(loop) == {"records": 1, "events": 0, "unreadable_lines": 1}
        stored = client.query("SELECT source, count() FROM scans GROUP BY source ORDER BY source").result_rows
        assert stored == [(7, 109), (8, 100)]
        letters = client.query("SELECT bus_partition, bus_offset FROM dead_letters FINAL").result_rows
        assert letters == [(7, 41)]
    finally:
        client.close()


async def test_events_of_a_dead_letter_come_in_once(tmp_path: Path) -> None:
    """As if a later version can read what this one could not."""
    client = Warehouse(folder=tmp_path / "warehouse").connect()
    try:
        migrate(client)
        one = journal(tmp_path, 7)
        append(one, 100)
        segment = tmp_path / "journal" / "7" / segment_name(0, 0)
        whole = segment.read_bytes().split(b"\n")[41]
        spoil(tmp_path, 7, 41)
        loop = aggregator(tmp_path)
        async with running(loop):
            await until(lambda: loop.status()["alarms"] == 1)
            await skip(loop, 7)
            await until(lambda: loop.status()["inserted"] == 99)
            client.command(
                "INSERT INTO dead_letters (bus, bus_partition, bus_offset, record, error)"
                " SELECT bus, bus_partition, bus_offset, {line:String}, '' FROM dead_letters",
                parameters={"line": whole.decode()},
            )
            assert (await replay(loop))["events"] == 1
            assert (await replay(loop))["events"] == 1
        assert problems(client, {7: 100}) == []
    finally:
        client.close()
