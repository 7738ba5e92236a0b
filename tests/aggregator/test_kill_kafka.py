"""As test_kill.py, with Kafka as the bus: the process dies, and another that joins the group goes on."""

import asyncio
import signal
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer

from drill.kafka import KafkaServer
from ingest.reader import sources
from ingest.shipper import ShipSettings, ShipStatus, ship
from tests.aggregator.killing import check, drive, killed_at_rename, prepared, redirector_killed
from tests.aggregator.on_kafka import lines
from tests.servers import require

pytestmark = [pytest.mark.kafka, pytest.mark.kill, pytest.mark.timeout(150)]

EXPECTED = {1: 1000, 2: 1000, 3: 500}


async def filled(producer: AIOKafkaProducer, topic: str) -> None:
    for source, last in EXPECTED.items():
        for seq in range(1, last + 1, 100):
            await producer.send_and_wait(topic, lines(source, seq, seq + 99), partition=source % 3)


async def finishes(folder: Path, *bus: str, expected: dict[int, int] = EXPECTED) -> None:
    status, said = await asyncio.to_thread(drive, folder, *bus)
    assert (status, said[-1]) == (0, "stored")
    check(folder, expected)


@pytest.mark.parametrize(
    "die_at",
    ["gathered:1", "declared:1", "declared:2", "rows inserted:1", "rows inserted:3", "inserted:1", "inserted:3"],
)
async def test_killed_at_a_checkpoint(
    kafka: KafkaServer, topic: str, producer: AIOKafkaProducer, tmp_path: Path, die_at: str
) -> None:
    await filled(producer, topic)
    prepared(tmp_path, {})
    bus = ("--kafka", f"{kafka.bootstrap}/{topic}")
    assert (await asyncio.to_thread(drive, tmp_path, *bus, "--die-at", die_at))[0] == -signal.SIGKILL
    await finishes(tmp_path, *bus)


@pytest.mark.parametrize("number", [1, 3, 5, 7])
async def test_killed_at_a_rename_and_again_in_the_repair(
    kafka: KafkaServer, topic: str, producer: AIOKafkaProducer, tmp_path: Path, number: int
) -> None:
    require.programs("strace", why="kills at the rename of a part")
    await filled(producer, topic)
    prepared(tmp_path, {})
    bus = ("--kafka", f"{kafka.bootstrap}/{topic}")
    assert await asyncio.to_thread(lambda: killed_at_rename(tmp_path, number, "declared:1", options=bus))
    status, _ = await asyncio.to_thread(drive, tmp_path, *bus, "--die-at", "scans_by_value deleted:1")
    # Sometimes the repetition under the token was enough, and there was no repair to be killed in.
    assert status in (0, -signal.SIGKILL)
    await finishes(tmp_path, *bus)


@pytest.mark.usefixtures("producer")
async def test_a_redirector_killed_in_the_middle_of_a_group(
    kafka: KafkaServer, topic: str, tmp_path: Path, redis_url: str
) -> None:
    require.programs("strace", why="kills in the middle of a group")
    expected = await asyncio.to_thread(redirector_killed, tmp_path, redis_url)
    stop = asyncio.Event()
    shipping = asyncio.create_task(
        ship(ShipSettings(journal=tmp_path / "journal", bootstrap=kafka.bootstrap, topic=topic), stop, ShipStatus())
    )
    async with asyncio.timeout(60):
        while sources(tmp_path / "journal"):  # noqa: ASYNC110 (files set no event)
            await asyncio.sleep(0.05)
    stop.set()
    await shipping
    prepared(tmp_path, {})
    await finishes(tmp_path, "--kafka", f"{kafka.bootstrap}/{topic}", expected=expected)
