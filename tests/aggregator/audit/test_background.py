"""The audit in the background: beside an aggregator that stores, through restarts, at a bounded share of a core."""

import asyncio
import shutil
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import redis

from aggregator.aggregator import Aggregator
from aggregator.audit import background
from aggregator.audit.background import BackgroundAudit, Pace, Stopping, read_kept
from aggregator.audit.evidence import Evidence
from aggregator.audit.evidence_readers import heads, registered
from aggregator.audit.proof_sharing import ProofSharing
from aggregator.audit.rechecks import between_batches, on_client
from api.published_proof import PublishedProof
from codes.redis_client import connect
from infra.migrate import migrate
from infra.warehouse import Warehouse
from ingest.journal_files import wall_ms
from schemas import keys
from schemas.proof import Proof, RedSource, judge
from tests.aggregator.running import aggregator, append, journal, running, until


def auditing(folder: Path, moving: Aggregator, sharing: ProofSharing | None = None) -> BackgroundAudit:
    loop = asyncio.get_running_loop()
    warehouse = Warehouse(folder=folder / "warehouse")
    journals = folder / "journal"

    def evidence() -> Evidence:
        return Evidence(journals=lambda: heads(journals), registers=(lambda: registered(journals),))

    return BackgroundAudit(
        lambda **settings: warehouse.connect(max_threads=1, **settings),
        evidence,
        lambda client: [on_client(client), between_batches(moving.between, loop, client)],
        folder / "proof.msgpack",
        wall_ms,
        lambda: 0.0,
        sharing,
    )


@asynccontextmanager
async def in_background(one: BackgroundAudit) -> AsyncIterator[BackgroundAudit]:
    stop = asyncio.Event()
    task = asyncio.create_task(one.run(stop))
    try:
        yield one
    finally:
        stop.set()
        await task


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(background, "EVERY_S", 0.05)
    client = Warehouse(folder=tmp_path / "warehouse").connect()
    migrate(client)
    client.close()
    return tmp_path


async def test_beside_an_aggregator_it_is_right_at_any_moment_and_goes_on_after_a_restart(folder: Path) -> None:
    first, second = journal(folder, 5), journal(folder, 6)
    append(first, 300)
    first.close()
    moving = aggregator(folder)
    async with running(moving):
        async with in_background(auditing(folder, moving)) as one:
            for _ in range(10):
                append(second, 50)
                rounds = one.rounds
                await until(lambda rounds=rounds: one.rounds > rounds)  # type: ignore[misc]
                assert one.latest is not None and one.latest.sources_red == 0, one.latest
            await until(lambda: one.latest is not None and one.latest.stored == 800)
            found = one.latest
            assert found is not None and (found.given_out, found.sources_open) == (800, 1)
            assert found.sources_proven == 1
        # What was proven is known to the next one, which finds what was done meanwhile.
        kept = read_kept(folder / "proof.msgpack")
        assert kept.sources.keys() == {5} and kept.proof is not None
        await moving.ask(lambda client: client.command("DELETE FROM scans WHERE source = 5 AND seq = 7"))
        async with in_background(auditing(folder, moving)) as one:
            await until(lambda: one.rounds > 0)
            assert one.latest is not None
            assert one.latest.red_sources == (RedSource(5, ("1 missing", "first missing: 7")),)
            assert one.readings()["waymark_proof_red"] == 1
    second.close()


async def test_it_stops_in_the_middle_of_a_query(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    moving = aggregator(folder)
    begun = threading.Event()

    def forever(client: object, *_: object) -> None:
        begun.set()
        client.query("SELECT sum(sipHash64(number)) FROM numbers(1000000000000)")  # type: ignore[attr-defined]

    monkeypatch.setattr(background, "audit_round", forever)
    async with running(moving), in_background(auditing(folder, moving)):
        await asyncio.to_thread(begun.wait)
    assert begun.is_set()


def test_it_rests_nine_times_as_long_as_it_works() -> None:
    stop, times = threading.Event(), iter([0.0, 2.0, 2.0, 2.5, 2.5, 100.0])
    waits: list[float] = []

    class Stop(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            assert timeout is not None
            waits.append(round(timeout, 6))
            return stop.is_set()

    pace = Pace(Stop(), lambda: next(times))
    pace()
    pace()
    assert waits == [18.0, 4.5]
    stop.set()
    with pytest.raises(Stopping):
        pace()
    assert waits[-1] == background.LONGEST_REST_S


async def test_of_several_aggregators_one_makes_the_rounds_and_an_api_elsewhere_reads_them(
    folder: Path, redis_url: str
) -> None:
    moving = aggregator(folder)
    async with running(moving):
        async with in_background(auditing(folder, moving, ProofSharing(redis_url, "one"))) as first:
            await until(lambda: first.rounds > 0)
            other = auditing(folder, moving, ProofSharing(redis_url, "two"))
            async with in_background(other):
                await until(lambda: other.latest is not None)
            assert other.rounds == 0
            asking = connect(redis_url)
            published = PublishedProof(asking)
            assert (published.proof(), published.completeness().until_ms) == (None, None)
            await published.look()
            found = published.proof()
            assert found is not None and found.given_out == 0
            await asking.aclose()
        # The first is gone: its turn is over after a while.
        with redis.Redis.from_url(redis_url) as server:
            assert 0 < server.ttl(keys.PROOF_LEASE) <= 600
            server.delete(keys.PROOF_LEASE)
        async with in_background(auditing(folder, moving, ProofSharing(redis_url, "two"))) as second:
            await until(lambda: second.rounds > 0)


def test_a_verdict_is_green_only_when_all_was_checked_lately() -> None:
    assert judge(None, 0).verdict == "unknown"
    all_well = Proof(at_ms=1, ended_ms=10, rollups_at_ms=9)
    assert judge(all_well, 3_600_009).verdict == "green"
    late = judge(all_well, 3_660_010)
    assert (late.verdict, late.reasons) == ("unknown", ("not checked for 61 minutes",))
    waiting = judge(Proof(at_ms=1, ended_ms=10, rollups_at_ms=9, days_waiting=3), 10)
    assert (waiting.verdict, waiting.reasons) == ("unknown", ("3 days of rollups are not compared yet",))
    away = Proof(at_ms=1, ended_ms=10, rollups_at_ms=9, unreached=("register: Redis does not answer",))
    assert judge(away, 10).verdict == "unknown"
    red = Proof(at_ms=1, ended_ms=10, sources_red=3, red_sources=(RedSource(5, ("1 missing",)),), strays=2)
    assert judge(red, 10**9).reasons == (
        "source 5: 1 missing",
        "2 more sources",
        "2 erased scans belong to no deletion",
    )


async def test_a_restored_copy_of_the_data_is_as_green_with_and_without_what_was_kept(folder: Path) -> None:
    source = journal(folder, 5)
    append(source, 120)
    source.close()
    moving = aggregator(folder)
    async with running(moving), in_background(auditing(folder, moving)) as one:
        await until(lambda: one.latest is not None and one.latest.stored == 120)
        assert judge(one.latest, wall_ms()).verdict == "green"
    copy = folder.with_name(f"{folder.name}-restored")
    shutil.copytree(folder, copy, symlinks=True)
    for _ in range(2):
        again = aggregator(copy)
        async with running(again), in_background(auditing(copy, again)) as one:
            await until(lambda one=one: one.rounds > 0)  # type: ignore[misc]
            assert one.latest is not None
            assert (judge(one.latest, wall_ms()).verdict, one.latest.stored) == ("green", 120)
        (copy / "proof.msgpack").unlink()
