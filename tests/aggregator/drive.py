"""One aggregator as a process, to be killed: `python -m tests.aggregator.drive FOLDER`.

With --die-at it kills itself, as SIGKILL does, when it passes the checkpoint for the N-th time; with --hold-at
it waits there for a line on stdin, after it has printed the id of the thread that writes to the warehouse. It
prints every checkpoint, and ends by itself once everything on the bus has been stored.
"""

import argparse
import asyncio
import os
import signal
import sys
import tempfile
import threading
from collections import Counter
from pathlib import Path

from clickhouse_connect.driver.client import Client

from aggregator.aggregator import Aggregator, uptime
from aggregator.bus import Bus
from aggregator.committing import Declared
from aggregator.journal_bus import JournalBus
from aggregator.kafka_bus import KafkaBus
from infra.warehouse import Warehouse
from ingest.reader import sources

# What the topics of these tests have, all of them for this one process.
PARTITIONS = 3
# So often in a row everything must seem to be stored.
LOOKS = 20


class Checkpoints:
    def __init__(self, die_at: str, hold_at: str) -> None:
        self._die_at, self._hold_at = die_at, hold_at
        self._passed: Counter[str] = Counter()
        self.warehouse_thread = 0

    def __call__(self, name: str) -> None:
        print(name, flush=True)
        self._passed[name] += 1
        here = f"{name}:{self._passed[name]}"
        if here == self._die_at:
            os.kill(os.getpid(), signal.SIGKILL)
        if here == self._hold_at:
            print("holding", self.warehouse_thread, flush=True)
            sys.stdin.readline()


def build(folder: Path, checkpoints: Checkpoints, kafka: str, url: str) -> Aggregator:
    bus: Bus = JournalBus(folder / "journal", folder / "aggregator" / "intents", uptime)
    if kafka:
        bootstrap, _, topic = kafka.partition("/")
        bus = KafkaBus(bootstrap, topic, "group-" + topic, uptime, session_timeout_s=2.0)

    def connect() -> Client:
        checkpoints.warehouse_thread = threading.get_native_id()
        return (Warehouse(url=url) if url else Warehouse(folder=folder / "warehouse")).connect()

    return Aggregator(bus, connect, checkpoint=checkpoints)


def unfinished(folder: Path, loop: Aggregator, kafka: str) -> bool:
    if not kafka:
        return bool(sources(folder / "journal"))
    workers = loop.workers.values()
    # Partitions are begun with one by one: what is stored of the first is not all.
    return len(workers) < PARTITIONS or any(
        worker.state != "following" or worker.declared != Declared.NOTHING or worker.lag != 0 for worker in workers
    )


async def run(folder: Path, checkpoints: Checkpoints, kafka: str, url: str) -> None:
    loop = build(folder, checkpoints, kafka, url)
    stop = asyncio.Event()
    task = asyncio.create_task(loop.run(stop))
    looks = 0
    while looks < LOOKS and not task.done():
        # On Kafka what was read a moment ago is in no batch yet, and nothing is behind.
        looks = 0 if unfinished(folder, loop, kafka) else looks + 1 if kafka else LOOKS
        status = loop.status()
        if status["alarms"]:
            raise SystemExit(f"alarm: {status}")
        await asyncio.sleep(0.05)
    stop.set()
    await task


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--die-at", default="")
    parser.add_argument("--hold-at", default="")
    parser.add_argument("--kafka", default="", help="BOOTSTRAP/TOPIC; without it the bus is the journal folder")
    parser.add_argument("--url", default="", help="of a server; without it the warehouse is chDB in the folder")
    given = parser.parse_args()
    tempfile.tempdir = str(given.folder)
    checkpoints = Checkpoints(given.die_at, given.hold_at)
    asyncio.run(asyncio.wait_for(run(given.folder, checkpoints, given.kafka, given.url), 45))
    print("stored", flush=True)


if __name__ == "__main__":
    main()
