"""`python -m drill.webhook_kills`: scans while the sender and the receiver of a webhook are killed at random.

After dropping the ids that it has seen, the receiver must have each scan exactly once.
"""

import asyncio
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import msgspec
import requests

from drill.processes import kill_core
from harness.launcher import ROOT, WaymarkUp, clean_environment
from harness.ports import free_ports
from harness.scanners import Connection
from harness.webhook_receiver import ids

KEY = "oqr_live_a-key-for-the-drill-of-webhooks"


class Outcome(msgspec.Struct):
    """`received` counts every delivery of a scan, `distinct` each id once."""

    scans: int
    received: int
    distinct: int
    sender_kills: int
    receiver_kills: int
    seconds: float

    @property
    def exact(self) -> bool:
        return self.distinct == self.scans


class Receiver:
    def __init__(self, folder: Path, refuses: float) -> None:
        (self.port,) = free_ports(1)
        self.log = folder / "received"
        self.secret = ""
        self._refuses = refuses
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        words = ("harness.webhook_receiver", str(self.port), str(self.log), self.secret, str(self._refuses))
        self._process = subprocess.Popen([sys.executable, "-m", *words], cwd=ROOT)

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()


async def run(scans: int, kills: int, *, seed: int, batch_size: int, per_s: int, say: Callable[[str], None]) -> Outcome:
    rng = random.Random(seed)
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="wm-hooks-") as name:
        folder = Path(name)
        more = {"WAYMARK_BOOTSTRAP_KEY": KEY, "WAYMARK_DRAIN": "0", "WAYMARK_WEBHOOK_NETWORKS": "127.0.0.0/8"}
        up = WaymarkUp(folder / "data", out=folder / "log", environment=clean_environment() | more)
        receiver = Receiver(folder, 0.05)
        up.start()
        try:
            await asyncio.to_thread(up.wait_until_ready)
            slug, receiver.secret = await asyncio.to_thread(_prepared, up, receiver, batch_size)
            receiver.start()
            killing = asyncio.create_task(_kill(up, receiver, kills, rng, scans, say))
            await _scan(up, slug, scans, per_s)
            sender_kills, receiver_kills = await killing
            await _received(receiver, scans)
            found = ids(receiver.log)
        finally:
            if not up.ended:
                up.kill_group()
            receiver.kill()
    seconds = time.monotonic() - began
    return Outcome(scans, len(found), len(set(found)), sender_kills, receiver_kills, seconds)


def _prepared(up: WaymarkUp, receiver: Receiver, batch_size: int) -> tuple[str, str]:
    """A code and an endpoint; the code's slug and the endpoint's secret."""
    base, headers = f"http://127.0.0.1:{up.api_port}/v1", {"Authorization": f"Bearer {KEY}"}

    def post(path: str, body: dict[str, Any]) -> dict[str, Any]:
        answer = requests.post(base + path, json=body, headers=headers, timeout=30)
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found

    slug = post("/dynamic", {"destination": "https://example.com/one"})["slug"]
    url = f"http://127.0.0.1:{receiver.port}/hook"
    return slug, post("/webhooks", {"url": url, "events": ["scan"], "batch_size": batch_size})["secret"]


async def _scan(up: WaymarkUp, slug: str, scans: int, per_s: int) -> None:
    connection = await Connection.open(up.redirect_port)
    began, sent = time.monotonic(), 0
    try:
        while sent < scans:
            status, _ = await connection.scan(slug)
            assert status == 302, status
            sent += 1
            await asyncio.sleep(max(0.0, began + sent / per_s - time.monotonic()))
    finally:
        connection.close()


async def _kill(
    up: WaymarkUp, receiver: Receiver, kills: int, rng: random.Random, scans: int, say: Callable[[str], None]
) -> tuple[int, int]:
    done = [0, 0]
    while sum(done) < kills and len(set(ids(receiver.log))) < scans:
        await _progress(receiver, 5, rng.uniform(2.0, 12.0))
        await asyncio.sleep(rng.uniform(0.0, 0.5))
        if rng.random() < 0.4:
            done[0] += await asyncio.to_thread(kill_core, up)
        else:
            receiver.kill()
            await asyncio.sleep(rng.uniform(0.0, 0.5))
            receiver.start()
            done[1] += 1
        say(f"{sum(done)} kills, {len(set(ids(receiver.log)))} scans received")
    return done[0], done[1]


async def _progress(receiver: Receiver, more: int, within_s: float) -> None:
    """Wait until something came since, so that kills meet work; not for long."""
    before, until = len(ids(receiver.log)), time.monotonic() + within_s
    while True:
        await asyncio.sleep(0.05)
        if time.monotonic() > until or len(ids(receiver.log)) >= before + more:
            return


async def _received(receiver: Receiver, scans: int) -> None:
    """Wait until all are there, and a little longer for what should not be."""
    for _ in range(1000):
        if len(set(ids(receiver.log))) >= scans:
            break
        await asyncio.sleep(0.2)
    await asyncio.sleep(1)


@click.command(name="webhook_kills")
@click.option("--scans", type=click.IntRange(min=1), default=10_000, show_default=True)
@click.option("--kills", type=click.IntRange(min=0), default=40, show_default=True, help="At most.")
@click.option("--per-second", type=click.IntRange(min=1), default=200, show_default=True)
@click.option("--batch-size", type=click.IntRange(min=1), default=10, show_default=True)
@click.option("--seed", type=int, default=1, show_default=True)
def main(scans: int, kills: int, per_second: int, batch_size: int, seed: int) -> None:
    """Scan a code while the core and a receiver of its webhook are killed, and count what was received.

    Exits with 1 if, after dropping repeated ids, a scan is missing or there is one too many.
    """
    outcome = asyncio.run(
        run(
            scans,
            kills,
            seed=seed,
            batch_size=batch_size,
            per_s=per_second,
            say=lambda line: click.echo(line, err=True),
        )
    )
    click.echo(
        f"{outcome.scans:,} scans: received {outcome.received:,}, distinct {outcome.distinct:,}; "
        f"sender killed {outcome.sender_kills}, receiver {outcome.receiver_kills} times; {outcome.seconds:.0f} s"
    )
    raise SystemExit(not outcome.exact)


if __name__ == "__main__":
    main()
