"""Back up a running stack, destroy it, and restore it elsewhere: `python -m drill.backup --seed 1 --runs 10`, with
`--engines` on a Redis and a ClickHouse server, and with `--kafka` also with a broker.

Scans come in and codes are made and edited all the time. The seed decides what disturbs the first backup: nothing, a
SIGKILL of the command, or one of the core. The second backup must succeed. Some moments later everything is killed and
deleted. On what is restored every code that was acknowledged before the backup began must lead to its newest
destination of then, or to a later one; every scan answered before is stored once, none twice, and the audit is clean.
With a broker that holds for scans that were stored before: what is on its way is not in a backup.
"""

import asyncio
import contextlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Coroutine, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import click
import msgspec
import requests

from aggregator.audit.report import render
from drill.client_log import ClientLog, by_label, compare
from drill.engines import Engines, running
from drill.kafka import KafkaServer
from drill.kafka import running as kafka_running
from drill.processes import send
from drill.scanners import PAUSE_S, Scanners
from drill.stack import WORKERS, Stack, closing
from harness.agents import FIREFOX
from harness.launcher import ROOT, NotReady
from waymark.core_client import CoreError, CoreUnavailable
from waymark.errors import UserError

DISTURBED = ("nothing", "command killed", "core killed")
EDIT_PAUSE_S = 0.05
# Of a quick run: as little load as shows something.
QUICK_PAUSE_S = 0.2
MADE = 0.2
WITHIN_S = 90.0


class Outcome(msgspec.Struct):
    """`promised` scans were answered before the backup began. `new_bytes` is what the second backup sent of all its
    `bytes`."""

    seed: int
    disturbed: str
    codes: int = 0
    promised: int = 0
    stored: int = 0
    lost: int = 0
    doubled: int = 0
    bytes: int = 0
    new_bytes: int = 0
    problems: list[str] = []

    @property
    def failed(self) -> bool:
        return bool(self.problems or self.lost or self.doubled)


class Editor:
    """Makes and edits codes. `sent`: slug → every destination that was asked for, in order; `acknowledged`: slug → how
    many of them were answered."""

    def __init__(self, stack: Stack, dice: random.Random) -> None:
        self.sent: dict[str, list[str]] = {}
        self.acknowledged: dict[str, int] = {}
        self._ids: dict[str, str] = {}
        self._stack = stack
        self._dice = dice
        self._stopped = False

    def stop(self) -> None:
        self._stopped = True

    async def run(self) -> None:
        number = 0
        while not self._stopped:
            number += 1
            destination = f"https://example.com/{number}"
            if not self._ids or self._dice.random() < MADE:
                await asyncio.to_thread(self._make, destination)
            else:
                await asyncio.to_thread(self._edit, self._dice.choice(sorted(self._ids)), destination)
            await asyncio.sleep(EDIT_PAUSE_S)

    def _make(self, destination: str) -> None:
        status, said = self._stack.ask("POST", "/v1/dynamic", {"destination": destination})
        if status == 201:
            slug = said["slug"]
            self.sent[slug], self.acknowledged[slug], self._ids[slug] = [destination], 1, said["id"]
            self._stack.slugs.append(slug)

    def _edit(self, slug: str, destination: str) -> None:
        self.sent[slug].append(destination)
        status, _ = self._stack.ask("PATCH", f"/v1/dynamic/{self._ids[slug]}", {"destination": destination})
        if status == 200:
            self.acknowledged[slug] = len(self.sent[slug])


@contextlib.contextmanager
def deployed(
    folder: Path, *, engines: bool, broker: KafkaServer | None, workers: int
) -> Iterator[tuple[Stack, Engines | None]]:
    """A stack that is not started yet. Nothing is left of it afterwards."""
    with contextlib.ExitStack() as ending:
        there = ending.enter_context(running(folder / "engines")) if engines else None
        stack = Stack(folder, broker=broker, more=there.settings if there is not None else {}, workers=workers)
        with closing(stack):
            yield stack, there
    shutil.rmtree(folder)


async def run(
    seed: int, folder: Path, scans: int, *, engines: bool, broker: KafkaServer | None, quick: bool = False
) -> Outcome:
    """A `quick` one makes one backup only, under a small load."""
    dice = random.Random(seed)
    deploy = partial(deployed, engines=engines, broker=broker, workers=1 if quick else WORKERS)
    outcome = Outcome(seed, DISTURBED[seed % len(DISTURBED)])
    target = folder / "target"
    (folder / "first").mkdir()
    log = ClientLog(str(seed))
    with deploy(folder / "first") as (stack, there):
        stack.start()
        await stack.ready()
        editor = Editor(stack, dice)
        editing = asyncio.create_task(editor.run())
        await _until(lambda: bool(stack.slugs), "a code is made")
        pause_s = QUICK_PAUSE_S if quick else PAUSE_S
        scanners = Scanners(stack.redirect_port, stack.slugs, log, dice, pause_s=pause_s)
        scanning = asyncio.create_task(scanners.run())
        try:
            await _until(lambda: len(log.given) >= scans, "scans are answered")
            if not quick:
                await _disturbed_backup(stack, target, outcome.disturbed, dice)
                await _until(lambda: len(log.given) >= 2 * scans, "scans are answered")
            promised, codes = set(log.given), dict(editor.acknowledged)
            if broker is not None and there is not None:
                promised &= by_label(there.campaigns()).get(log.label, {}).keys()
            made = await _backup(stack, target)
            outcome.bytes, outcome.new_bytes, last = made["bytes"], made["new_bytes"], log.sent
            await asyncio.sleep(dice.uniform(0.0, 1.0))
        finally:
            scanners.stop()
            editor.stop()
            stack.kill_group()
            await asyncio.gather(scanning, editing)
    outcome.codes, outcome.promised = len(codes), len(promised)
    (folder / "second").mkdir()
    with deploy(folder / "second") as (stack, there):
        stored = await _restored(outcome, stack, there, target, codes, editor.sent)
    log.given &= promised
    count = compare(log, stored.get(log.label, {}))
    outcome.stored, outcome.lost, outcome.doubled = count.stored, count.lost, count.doubled
    if late := sum(visit > last for visit in stored.get(log.label, {})):
        outcome.problems.append(f"{late} scans are stored that were sent after the backup")
    return outcome


async def _disturbed_backup(stack: Stack, target: Path, disturbed: str, dice: random.Random) -> None:
    if disturbed == "nothing":
        await _backup(stack, target)
        return
    process = _command(stack, "backup", str(target))
    await asyncio.sleep(dice.uniform(0.2, 1.0))
    if disturbed == "command killed":
        process.kill()
    else:
        for core in await stack.one("core"):
            send(core, signal.SIGKILL)
    await asyncio.to_thread(process.communicate)


async def _backup(stack: Stack, target: Path) -> dict[str, int]:
    """It may take until a killed core is back."""
    deadline = time.monotonic() + WITHIN_S
    while True:
        process = _command(stack, "backup", str(target), "--keep", "2", "--json")
        said, wrong = await asyncio.to_thread(process.communicate)
        if process.returncode == 0:
            found: dict[str, int] = msgspec.json.decode(said)
            return found
        if time.monotonic() > deadline:
            raise NotReady(f"no backup is made: {wrong.decode()}")
        await asyncio.sleep(0.5)


async def _restored(
    outcome: Outcome,
    stack: Stack,
    engines: Engines | None,
    target: Path,
    codes: dict[str, int],
    sent: dict[str, list[str]],
) -> dict[str, dict[int, int]]:
    """What is stored then (`by_label`)."""
    process = _command(stack, "restore", str(target))
    _, wrong = await asyncio.to_thread(process.communicate)
    if process.returncode:
        raise NotReady(f"nothing is restored: {wrong.decode()}")
    stack.start()
    await stack.ready()
    for slug, acknowledged in codes.items():
        location = await asyncio.to_thread(_location, stack.redirect_port, slug)
        if location not in sent[slug][acknowledged - 1 :]:
            outcome.problems.append(f"{slug} leads to {location}, and not to {sent[slug][acknowledged - 1]}")
    await _audited(stack, outcome)
    if engines is not None:
        return by_label(engines.campaigns())
    await stack.stop()
    return by_label(stack.read().campaigns)


def _location(port: int, slug: str) -> str:
    answer = requests.get(
        f"http://127.0.0.1:{port}/{slug}", headers={"User-Agent": FIREFOX}, allow_redirects=False, timeout=30
    )
    return answer.headers.get("location", str(answer.status_code))


async def _audited(stack: Stack, outcome: Outcome) -> None:
    """The restored journals are stored first."""
    deadline = time.monotonic() + WITHIN_S
    report = None
    while report is None or not (report.clean and report.waiting == 0):
        if time.monotonic() > deadline:
            outcome.problems.append(render(report) if report is not None else "the audit does not answer")
            return
        await asyncio.sleep(0.2)
        with contextlib.suppress(CoreError, CoreUnavailable):
            report = await asyncio.to_thread(stack.audit)


def _command(stack: Stack, *words: str) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-P", "-m", "waymark", *words, "--data", str(stack.folder.path)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=stack.environment)


async def _until(so: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + WITHIN_S
    while not so():
        if time.monotonic() > deadline:
            raise NotReady(f"not within {WITHIN_S:g} s: {what}")
        await asyncio.sleep(0.02)


@click.command(name="backup")
@click.option("--seed", type=int, default=1, show_default=True, help="The first; the next runs take the next ones.")
@click.option("--runs", type=click.IntRange(min=1), default=1, show_default=True)
@click.option("--scans", type=click.IntRange(min=1), default=1000, show_default=True, help="Before each backup.")
@click.option("--engines", is_flag=True, help="With a Redis and a ClickHouse server.")
@click.option("--kafka", is_flag=True, help="And with a broker.")
@click.option("--quick", is_flag=True, help="One backup only, under a small load.")
def main(seed: int, runs: int, scans: int, engines: bool, kafka: bool, quick: bool) -> None:
    """Exits with 1 when something that was acknowledged before a backup is not what is restored."""
    with contextlib.ExitStack() as ending:
        logs = ending.enter_context(tempfile.TemporaryDirectory(prefix="wm-kafka-", ignore_cleanup_errors=True))
        broker = ending.enter_context(kafka_running(Path(logs) / "kafka")) if kafka else None
        one = partial(run, scans=scans, engines=engines or kafka, broker=broker, quick=quick)
        failed = sum(_reported(number, one) for number in range(seed, seed + runs))
    raise SystemExit(1 if failed else 0)


def _reported(seed: int, one: Callable[[int, Path], Coroutine[Any, Any, Outcome]]) -> bool:
    """Whether it has failed."""
    folder = Path(tempfile.mkdtemp(prefix="wm-backup-"))
    try:
        outcome = asyncio.run(one(seed, folder))
    except UserError as error:
        outcome = Outcome(seed, DISTURBED[seed % len(DISTURBED)], problems=[str(error)])
    click.echo(
        f"seed {seed} ({outcome.disturbed}): {outcome.codes} codes, {outcome.promised:,} scans promised, "
        f"{outcome.stored:,} stored, {outcome.lost} lost, {outcome.doubled} doubled; "
        f"{outcome.new_bytes:,} of {outcome.bytes:,} bytes sent"
    )
    for problem in outcome.problems:
        click.echo(f"  {problem}")
    if outcome.failed:
        click.echo(f"  what is left is in {folder}")
    else:
        shutil.rmtree(folder, ignore_errors=True)
    return outcome.failed


if __name__ == "__main__":
    main()
