"""On one machine nothing that was answered before `complete_until` is missing from the warehouse: ever."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest

from aggregator.aggregator import Aggregator
from aggregator.audit.unstored_journals import UnstoredJournals
from infra.migrate import migrate
from infra.warehouse import Warehouse
from ingest.journal import Journal
from ingest.journal_files import segment_path, segments, wall_ms
from schemas.complete_until import IN_FLIGHT_MS
from tests.aggregator import sample
from tests.aggregator.running import aggregator, running, until
from tests.ingest.events import event, rest_of
from waymark.wiring.aggregator import stored_of


def answer(journal: Journal, ts_ms: int | None = None) -> int:
    """A scan as a redirector answers it: in its journal first. Returns its time."""
    ts_ms = ts_ms or wall_ms()
    assert journal.append(rest_of(event(journal.source, journal.seq + 1, ts_ms=ts_ms))) == journal.seq
    return ts_ms


def opened(folder: Path, source: int) -> Journal:
    return Journal.open(folder / "journal", source=source, now_ms=wall_ms, max_bytes=1 << 30)


def watch(folder: Path, moving: Aggregator) -> UnstoredJournals:
    return UnstoredJournals(folder / "journal", stored_of(moving), wall_ms)


@pytest.fixture(autouse=True)
def tables(tmp_path: Path) -> None:
    client = Warehouse(folder=tmp_path / "warehouse").connect()
    migrate(client)
    client.close()


async def test_what_waits_holds_it_back_and_what_is_stored_does_not(tmp_path: Path) -> None:
    """As while the core is down: redirectors answer, and nothing is stored."""
    first, second = opened(tmp_path, 5), opened(tmp_path, 6)
    moving = aggregator(tmp_path)
    looking = watch(tmp_path, moving)
    before = wall_ms()
    nothing_yet = looking.look()
    assert nothing_yet.until_ms is not None and before <= nothing_yet.until_ms + IN_FLIGHT_MS <= wall_ms()
    assert nothing_yet.held_by == ()
    oldest = answer(first, wall_ms() - 60_000)
    for _ in range(50):
        answer(first)
        answer(second)
    held = looking.look()
    assert held.until_ms == oldest - IN_FLIGHT_MS
    assert [(one.source, one.until_ms) for one in held.held_by] == [(5, held.until_ms)]
    async with running(moving):
        await until(lambda: (now := looking.look()).until_ms is not None and now.until_ms + IN_FLIGHT_MS > before)
    assert looking.look().held_by == ()
    first.close()
    second.close()


async def test_a_dead_redirector_holds_it_back_only_until_its_journal_is_stored(tmp_path: Path) -> None:
    dead = opened(tmp_path, 5)
    for _ in range(20):
        oldest = answer(dead, wall_ms() - 20_000)
    # As SIGKILL leaves it: no close record, a torn line, and the lock free.
    os.close(dead._lock)
    path = segment_path(dead.folder, segments(dead.folder)[-1])
    with path.open("ab") as log:
        log.write(b"[5,21,17")
    moving = aggregator(tmp_path)
    looking = watch(tmp_path, moving)
    found = looking.look()
    assert found.until_ms is not None and oldest - 1000 < found.until_ms + IN_FLIGHT_MS <= oldest
    async with running(moving):
        await until(lambda: looking.look().held_by == ())
    assert not dead.folder.exists() or looking.look().held_by == ()


async def test_a_stopped_partition_holds_it_back_and_says_why(tmp_path: Path) -> None:
    """A line that cannot be read has no time of its own; the last one before it has."""
    journal = opened(tmp_path, 5)
    last = answer(journal, wall_ms() - 30_000)
    path = segment_path(journal.folder, segments(journal.folder)[-1])
    damaged_at = path.stat().st_size
    answer(journal, wall_ms() - 20_000)
    with path.open("r+b") as log:
        log.seek(damaged_at + 20)
        log.write(b"7777777")
    moving = aggregator(tmp_path)
    looking = watch(tmp_path, moving)
    async with running(moving):
        await until(lambda: moving.status()["alarms"] == 1)
        found = looking.look()
        assert found.until_ms == last - IN_FLIGHT_MS
        [holder] = found.held_by
        assert "unreadable record at offset 2" in holder.reason
    journal.close()


async def test_a_long_backlog_is_walked_through_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks smaller than the journal; what is stored moves on in the middle of one."""
    monkeypatch.setattr("aggregator.audit.unstored_journals._BLOCK", 2000)
    journal = opened(tmp_path, 5)
    times = [answer(journal, sample.START_MS + 10 * at) for at in range(100)]
    stored = 0
    looking = UnstoredJournals(tmp_path / "journal", lambda source: (stored, ""), wall_ms)
    for stored in (0, 1, 2, 37, 38, 90, 100):
        found = looking.look()
        assert found.until_ms == times[max(stored - 1, 0)] - IN_FLIGHT_MS
    stored = 101
    assert looking.look().held_by == ()
    journal.close()


def test_a_refused_scan_does_not_hold_it_back(tmp_path: Path) -> None:
    journal = opened(tmp_path, 5)
    answer(journal, wall_ms() - 60_000)
    journal._refuse(2)
    looking = UnstoredJournals(tmp_path / "journal", lambda source: (2, ""), wall_ms)
    assert looking.look().held_by == ()
    journal.close()


@pytest.fixture
def answered(tmp_path: Path) -> dict[tuple[int, int], int]:
    """Scans of two sources over the last two minutes, in journals whose redirectors are dead."""
    found = {}
    for source in (5, 6):
        journal = opened(tmp_path, source)
        for at in range(3000):
            found[source, journal.seq + 1] = answer(journal, wall_ms() - 120_000 + 40 * at)
        journal.close()
    return found


@pytest.mark.kill
@pytest.mark.parametrize("where", ["declared:1", "rows inserted:2", "inserted:1"])
async def test_it_holds_through_a_kill_of_the_core(
    tmp_path: Path, answered: dict[tuple[int, int], int], where: str
) -> None:
    command = [sys.executable, "-m", "tests.aggregator.drive", str(tmp_path), "--die-at", where]
    await asyncio.to_thread(subprocess.run, command, capture_output=True, timeout=60)
    moving = aggregator(tmp_path)
    looking = watch(tmp_path, moving)
    looks = 0
    async with running(moving):
        while (found := looking.look()).held_by:
            rows = await moving.ask(lambda client: client.query("SELECT source, seq FROM scans").result_rows)
            stored = {(source, seq) for source, seq in rows}
            missing = [ts_ms for key, ts_ms in answered.items() if key not in stored]
            assert found.until_ms is not None and all(ts_ms >= found.until_ms for ts_ms in missing)
            looks += 1
            await asyncio.sleep(0.02)
    assert looks
