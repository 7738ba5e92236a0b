"""What happens to a journal between the redirector and the warehouse does not pass in silence: each damage turns the
audit red, and is named by source and number."""

import asyncio
import os
import shutil
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from clickhouse_connect.driver.client import Client

from aggregator.aggregator import Aggregator, uptime
from aggregator.audit import evidence_readers
from aggregator.audit.evidence import StoppedPartition
from aggregator.audit.report import Evidence, Report, audit, render
from aggregator.journal_bus import JournalBus
from infra.warehouse import Warehouse
from ingest.journal import Journal
from ingest.journal_files import segment_path, segments, sources
from tests.aggregator import sample, stock

SOURCE, OTHER = 7, 8
EVENTS = 300


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("warehouse")


@pytest.fixture(scope="module")
def engine(warehouse: Path) -> Iterator[Client]:
    with stock.warehouse(warehouse) as client:
        yield client


@pytest.fixture
def client(engine: Client) -> Client:
    stock.empty(engine)
    return engine


def killed(folder: Path, source: int) -> Path:
    """The journal of a redirector that was killed after its events were on the disk; its folder."""
    journal = Journal.open(
        folder / "journal", source=source, now_ms=lambda: sample.START_MS, max_bytes=1 << 30, segment_bytes=8_000
    )
    for seq in range(1, EVENTS + 1):
        journal.append(sample.rest(source, seq))
    journal.sync()
    for descriptor in (journal._lock, journal._fd):
        os.close(descriptor)
    return journal.folder


def at_once(
    client: Client, folder: Path, stopped: Callable[[], tuple[int, list[StoppedPartition]]] | None = None
) -> Report:
    evidence = Evidence(
        journals=partial(evidence_readers.heads, folder / "journal"),
        registers=(partial(evidence_readers.registered, folder / "journal"),),
        stopped=stopped,
    )
    return audit(client, evidence, sleep=lambda _: None)


async def audited(client: Client, warehouse: Path, folder: Path) -> Report:
    """After an aggregator has done what it can, beside it."""
    bus = JournalBus(folder / "journal", folder / "aggregator" / "intents", uptime)
    loop = Aggregator(bus, Warehouse(folder=warehouse / "chdb").connect)
    stop = asyncio.Event()
    running = asyncio.create_task(loop.run(stop))

    def stopped() -> tuple[int, list[StoppedPartition]]:
        workers = list(loop.workers.values())
        found = [worker for worker in workers if worker.state == "stopped"]
        return len(workers), [StoppedPartition(worker.partition.id.number, worker.reason) for worker in found]

    def done() -> bool:
        """Every journal is stored and gone, or stopped at."""
        states = {worker.state for worker in loop.workers.values()}
        return not sources(folder / "journal") or (bool(states) and states <= {"stopped", "ended"})

    try:
        async with asyncio.timeout(30):
            while not done():  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        return await asyncio.to_thread(at_once, client, folder, stopped)
    finally:
        stop.set()
        await running


async def test_without_damage_it_is_clean(client: Client, warehouse: Path, tmp_path: Path) -> None:
    killed(tmp_path, SOURCE)
    report = await audited(client, warehouse, tmp_path)
    assert report.clean, render(report)
    assert (report.stored, report.unregistered) == (EVENTS, 0)


def folder_removed(journal: Path) -> str:
    shutil.rmtree(journal)
    return f"source {SOURCE} (1-300): 300 missing, gone altogether: neither rows nor journal"


def last_lines_cut_off(journal: Path) -> str:
    for first in segments(journal):
        path = segment_path(journal, first)
        if first > 200:
            path.unlink()
        else:
            lines = path.read_bytes().splitlines(keepends=True)
            path.write_bytes(b"".join(lines[: max(0, 201 - first)]))
    return (
        f"source {SOURCE} (1-300): 100 missing, the bus says that it ended at 200,"
        " the journals' register that it reached 300; first missing: 201-300"
    )


def bit_flipped_in_a_code(journal: Path) -> str:
    """The line is JSON as before, of another code."""
    path = segment_path(journal, segments(journal)[-1])
    lines = path.read_bytes().splitlines(keepends=True)
    fields = lines[-1].split(b",")
    fields[3] = bytes([fields[3][0] ^ 1]) + fields[3][1:]
    path.write_bytes(b"".join([*lines[:-1], b",".join(fields)]))
    return f"partition {SOURCE} is stopped: unreadable record at offset 300: "


def segment_missing(journal: Path) -> str:
    segment_path(journal, segments(journal)[1]).unlink()
    return f"partition {SOURCE} is stopped: "


def copied_folder(journal: Path) -> str:
    shutil.copytree(journal, journal.parent / "99")
    return f"source 99 (1-0): the folder 99 holds a copy of the journal of source {SOURCE}"


DAMAGE = [folder_removed, last_lines_cut_off, bit_flipped_in_a_code, segment_missing, copied_folder]


@pytest.mark.parametrize("damage", DAMAGE, ids=[one.__name__ for one in DAMAGE])
async def test_damage_to_a_journal_is_found_and_named(
    client: Client, warehouse: Path, tmp_path: Path, damage: Callable[[Path], str]
) -> None:
    killed(tmp_path, OTHER)
    says = damage(killed(tmp_path, SOURCE))
    report = await audited(client, warehouse, tmp_path)
    assert not report.clean
    assert says in render(report), render(report)
    # The other journal is whole, and stored.
    assert client.query(f"SELECT count() FROM scans WHERE source = {OTHER}").result_rows[0][0] == EVENTS
    # Nothing is counted twice.
    assert client.query("SELECT count() - uniqExact(source, seq) FROM scans").result_rows[0][0] == 0


async def test_a_register_that_is_damaged_is_named(client: Client, warehouse: Path, tmp_path: Path) -> None:
    killed(tmp_path, SOURCE)
    killed(tmp_path, OTHER)
    assert (await audited(client, warehouse, tmp_path)).clean
    entry = tmp_path / "journal" / "register" / str(SOURCE)
    entry.write_bytes(entry.read_bytes().replace(b'"last_seq":300', b'"last_seq":200'))
    report = at_once(client, tmp_path)
    assert not report.clean
    assert f"not compared: register beside the journals: what it says of {SOURCE} is damaged" in render(report)
    assert report.unregistered == 1
