"""A source that is open on another machine is proven up to its last head note, from the data alone."""

import asyncio
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from clickhouse_connect.driver.client import Client

from aggregator import queries
from aggregator.aggregator import Aggregator, uptime
from aggregator.audit.evidence import Account
from aggregator.audit.report import Evidence, JournalHead, Report, audit, render
from aggregator.bus import PartitionId, Record
from aggregator.decoding import decode
from aggregator.kafka_bus import KafkaBus
from infra.warehouse import Warehouse
from ingest.journal import Journal
from ingest.shipper import ShipSettings, ship
from schemas.event import SourceHead, SourceNote, SourceOpened, encode_line
from tests.aggregator import sample, stock
from tests.aggregator.running import append, running, until

FAR = 4242
PARTITION = PartitionId("kafka", "scans", 0)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("warehouse")


@pytest.fixture(scope="module")
def engine(folder: Path) -> Iterator[Client]:
    with stock.warehouse(folder) as client:
        yield client


@pytest.fixture
def client(engine: Client) -> Client:
    stock.empty(engine)
    return engine


def note(client: Client, *notes: SourceNote) -> None:
    queries.insert_notes(client, PARTITION, notes)


def head(last: int, *refused: tuple[int, int]) -> SourceHead:
    return SourceHead(FAR, 1_790_000_000_000 + last, last, list(refused))


def at_once(client: Client) -> Report:
    return audit(client, Evidence(), sleep=lambda _: None)


def test_complete_up_to_the_head_is_clean_and_what_is_above_it_is_young(client: Client) -> None:
    note(client, SourceOpened(FAR, 1), head(0))
    assert at_once(client).clean
    stock.store(client, FAR, [*range(1, 41), *range(43, 61)])
    note(client, head(50, (41, 42)))
    report = at_once(client)
    assert report.clean, render(report)
    [state] = report.sources
    assert (state.end, state.last, state.stored, state.refused, state.waiting) == ("open", 50, 58, 2, 0)


def test_a_hole_below_the_head_is_found(client: Client) -> None:
    stock.store(client, FAR, [*range(1, 17), *range(18, 61)])
    note(client, head(16))
    assert at_once(client).clean
    note(client, head(50))
    report = at_once(client)
    [state] = report.sources
    assert not report.clean
    assert (state.missing, state.gaps) == (1, ((17, 17),))


def test_a_double_above_the_head_is_found(client: Client) -> None:
    stock.store(client, FAR, range(1, 61))
    stock.store(client, FAR, [58])
    note(client, head(50))
    assert [state.doubled for state in at_once(client).sources] == [1]


def test_a_refused_event_that_is_stored_does_not_fill_a_hole(client: Client) -> None:
    stock.store(client, FAR, [*range(1, 30), *range(31, 45)])
    note(client, head(50, (41, 50)))
    [state] = at_once(client).sources
    assert (state.missing, state.surplus) == (1, 4)


def test_an_older_head_that_comes_late_takes_nothing_back(client: Client) -> None:
    """As from a process that was stopped for long. Merging rows may keep the older one, which is as true."""
    stock.store(client, FAR, range(1, 50))
    note(client, head(50))
    note(client, head(20))
    assert [state.missing for state in at_once(client).sources] == [1]
    client.command("OPTIMIZE TABLE sources FINAL")
    assert [state.last for state in at_once(client).sources] == [20]


def test_a_journal_at_hand_goes_before_the_note(client: Client) -> None:
    stock.store(client, FAR, range(1, 51))
    note(client, head(50))
    report = audit(client, Evidence(journals=lambda: [JournalHead(FAR, 70)]), sleep=lambda _: None)
    assert (report.clean, report.waiting) == (True, 20)


def test_what_a_lost_machine_has_not_shipped_stands_as_an_open_account(client: Client) -> None:
    stock.store(client, FAR, range(1, 51))
    note(client, head(50))
    registered = Account("Redis", FAR, 80, 0, None, False, 1_790_000_000_000)
    evidence = Evidence(registers=(lambda: [registered],), elsewhere=True, silent_before_ms=1_790_000_000_000)
    report = audit(client, evidence, sleep=lambda _: None)
    assert (report.clean, report.waiting) == (True, 30)
    # An hour later, with nothing heard.
    later = msgspec.structs.replace(evidence, silent_before_ms=1_790_003_600_000)
    report = audit(client, later, sleep=lambda _: None)
    assert (report.clean, report.waiting) == (False, 30)
    assert f"source {FAR} (1-80): silent since 2026-09-21 14:13 UTC with 30 scans not stored" in render(report)
    # Silence alone, with everything stored, is none of anybody's concern.
    stock.store(client, FAR, range(51, 81))
    assert audit(client, later, sleep=lambda _: None).clean


def test_a_closed_source_is_proven_to_its_end(client: Client) -> None:
    stock.store(client, FAR, range(1, 51))
    note(client, head(50))
    stock.close(client, FAR, 51)
    report = at_once(client)
    assert [(state.end, state.missing) for state in report.sources] == [("closed", 1)]


def test_a_head_note_in_a_journal_is_nothing_that_can_be_read() -> None:
    line = encode_line(head(3)).removesuffix(b"\n")
    assert decode([Record(None, [line])], 1).bad is not None
    in_kafka = decode([Record(7, [line])], 7)
    assert (in_kafka.bad, in_kafka.notes) == (None, [(7, head(3))])


@pytest.mark.kafka
@pytest.mark.timeout(280)
async def test_an_open_journal_elsewhere_is_proven_through_kafka(
    kafka: Any, client: Client, folder: Path, tmp_path: Path
) -> None:
    """The journal stays open, and the audit is given no journal, as inside a cluster."""
    topic = f"heads-{secrets.token_hex(4)}"
    settings = ShipSettings(journal=tmp_path / "edge", bootstrap=kafka.bootstrap, topic=topic)
    one, idle = (
        Journal.open(settings.journal, source=source, now_ms=lambda: sample.START_MS, max_bytes=1 << 30)
        for source in (7, 8)
    )
    bus = KafkaBus(kafka.bootstrap, topic, topic, uptime, session_timeout_s=3.0)
    loop = Aggregator(bus, Warehouse(folder=folder / "chdb").connect)
    stop = asyncio.Event()

    def heads() -> dict[int, int]:
        query = "SELECT source, max(last_seq) FROM sources WHERE state = 'head' GROUP BY source"
        return {row[0]: row[1] for row in client.query(query).result_rows}

    async with running(loop):
        shipping = asyncio.create_task(ship(settings, stop))
        try:
            append(one, 2500)
            await until(lambda: heads() == {7: 2500, 8: 0}, seconds=120)
            assert at_once(client).clean
            for count in (1, 700):
                append(one, count)
                await until(lambda: heads()[7] == one.seq)
                report = at_once(client)
                assert report.clean, render(report)
                assert {state.source: state.last for state in report.sources} == {7: one.seq, 8: 0}
            stock.remove(client, "scans", "source = 7 AND seq = 2501")
            assert [(s.source, s.gaps) for s in at_once(client).sources if not s.ok] == [(7, ((2501, 2501),))]
        finally:
            stop.set()
            await shipping
    one.close()
    idle.close()
