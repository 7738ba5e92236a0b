"""Execute runs one after another: load, a fault in the middle of it, and the count when all is quiet again.

Several runs in a row share a stack, since starting one takes longer than a run. The stored scans are read
once, after the stack has stopped; the audit runs after every run.
"""

import asyncio
import contextlib
import itertools
import random
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from pathlib import Path

import msgspec

from aggregator.audit.report import Report, render
from drill import secure_kafka, volume
from drill.client_log import ClientLog, by_label, compare
from drill.faults import inject
from drill.kafka import KafkaServer, started
from drill.redis_engines import Kind, redis_engine
from drill.scanners import Scanners
from drill.schedule import ON_A_VOLUME, Bus, DrillRun, scheduled
from drill.stack import Stack, closing
from harness.launcher import NotReady
from waymark.core_client import CoreError, CoreUnavailable

# The number of runs that share a stack.
GROUP = 9
# The stack must recover from a fault within this time, however slow the machine.
BACK_WITHIN_S = 60.0
# The scans that a power cut may lose: the journal is synced every 100 ms, and a sync takes its time on a busy disk.
LAST_MOMENTS_S = 1.0
SETTLED_WITHIN_S: dict[Bus, float] = {"journal": 90.0, "kafka": 150.0}
# The time to end a stack, for runs with a time limit.
ENDING_S = 8.0


class Outcome(msgspec.Struct):
    """The result of one run. `problems`: failed checks beside the figures, in words."""

    seed: int
    fault: str
    promised: bool
    given: int = 0
    stored: int = 0
    lost: int = 0
    doubled: int = 0
    outage_ms: int = 0
    problems: list[str] = []
    # Scans that journals refused during the run: the counted loss.
    refused: int = 0
    # Visits of the last moments before a power cut that are not stored, and the age of the oldest.
    gone: int = 0
    gone_oldest_ms: int = 0
    # Seeds of earlier runs on the same stack.
    before: list[int] = []

    @property
    def failed(self) -> bool:
        return bool(self.problems or self.doubled or (self.lost if self.promised else self.lost > self.refused))


async def drill(
    bus: Bus,
    seeds: Sequence[int],
    *,
    seconds: float | None,
    say: Callable[[str], None],
    only: str | None = None,
    redis: Kind | None = None,
    kafka: secure_kafka.Kind | None = None,
) -> list[Outcome]:
    """Execute as many of the runs as fit into the time, at least one, on the stack's own Redis or one of another kind;
    `kafka` is how the broker is spoken to, if not plainly. Skips runs that need a separate file system if none can be
    mounted. Raises RuntimeError if a broker does not start."""
    deadline = None if seconds is None else time.monotonic() + seconds
    runs = [scheduled(bus, seed, only) for seed in seeds]
    if any(_on_a_volume(run) for run in runs) and not volume.possible():
        say(f"left out: {', '.join(ON_A_VOLUME)}: they take root, and a loop device that can be mounted")
        runs = [run for run in runs if not _on_a_volume(run)]
    outcomes: list[Outcome] = []
    async with _broker(bus, kafka) as broker:
        while len(outcomes) < len(runs) and (not outcomes or _left(deadline) > 2 * ENDING_S):
            group = _together(runs[len(outcomes) : len(outcomes) + GROUP])
            outcomes += await _on_one_stack(group, broker, deadline, say, redis)
    return outcomes


def _on_a_volume(run: DrillRun) -> bool:
    return run.fault.name in ON_A_VOLUME


def _together(runs: Sequence[DrillRun]) -> list[DrillRun]:
    """Return the first runs that can share a stack: some need a separate disk under everything."""
    return list(itertools.takewhile(lambda run: _on_a_volume(run) == _on_a_volume(runs[0]), runs))


@contextlib.asynccontextmanager
async def _broker(bus: Bus, kind: secure_kafka.Kind | None) -> AsyncIterator[KafkaServer | None]:
    if bus == "journal":
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="wm-drill-kafka-", ignore_cleanup_errors=True) as folder:
        at = Path(folder) / "kafka"
        starting = started(KafkaServer(at) if kind is None else secure_kafka.SecureKafka(at, kind))
        broker = await asyncio.to_thread(starting.__enter__)
        try:
            yield broker
        finally:
            await asyncio.to_thread(starting.__exit__, None, None, None)


def _left(deadline: float | None) -> float:
    return float("inf") if deadline is None else deadline - time.monotonic()


async def _on_one_stack(
    runs: Sequence[DrillRun],
    broker: KafkaServer | None,
    deadline: float | None,
    say: Callable[[str], None],
    redis: Kind | None,
) -> list[Outcome]:
    """Execute runs until all are done, one has failed (the next ones get a fresh stack), or time is up."""
    folder = Path(tempfile.mkdtemp(prefix="wm-drill-"))
    engines = contextlib.ExitStack()
    names = {run.fault.name for run in runs}
    engine = await asyncio.to_thread(engines.enter_context, redis_engine(redis, folder / "redis")) if redis else None
    stack = Stack(
        folder,
        broker=broker,
        redis=engine,
        steps_clock="clock steps" in names,
        small_disk="disk full" in names,
        own_volume=any(name in ON_A_VOLUME for name in names),
    )
    outcomes: list[Outcome] = []
    logs: list[ClientLog] = []
    with engines, closing(stack):
        stack.start()
        try:
            await stack.ready()
            await stack.make_codes()
        except NotReady as error:
            first = runs[0]
            problems = [f"{error}; what is left of its stack: {folder}"]
            return [Outcome(first.seed, first.fault.name, first.fault.promised, problems=problems)]
        refused = longest = 0.0
        for run in runs:
            began = time.monotonic()
            outcome = Outcome(run.seed, run.fault.name, run.fault.promised, before=[one.seed for one in outcomes])
            log = ClientLog(str(run.seed))
            report = await _one(stack, run, log, outcome)
            if report is not None:
                outcome.refused, refused = int(report.refused - refused), report.refused
            outcomes.append(outcome)
            logs.append(log)
            took = time.monotonic() - began
            longest = max(longest, took)
            say(f"seed {run.seed}: {run.fault.name} ({took:.1f} s{_mishap(outcome)})")
            if outcome.problems or _left(deadline) < longest + ENDING_S:
                break
        await _counted(stack, outcomes, logs)
    if any(outcome.failed for outcome in outcomes):
        kept = folder if stack.disk is None or not stack.disk.mounted else f"{folder}, but for its journal"
        outcomes[-1].problems.append(f"what is left of its stack: {kept}")
    else:
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
    return outcomes


def _mishap(outcome: Outcome) -> str:
    return f": {'; '.join(outcome.problems)}" if outcome.problems else ""


async def _one(stack: Stack, run: DrillRun, log: ClientLog, outcome: Outcome) -> Report | None:
    dice = random.Random(run.dice)
    scanners = Scanners(stack.redirect_port, stack.slugs, log, random.Random(run.dice))
    scanning = asyncio.create_task(scanners.run())
    try:
        if not await scanners.answered(BACK_WITHIN_S):
            outcome.problems.append("scanners were not answered before anything happened")
        await asyncio.sleep(run.after_s)
        try:
            await inject(stack, run, dice)
        except (NotReady, CoreUnavailable, CoreError) as error:
            outcome.problems.append(str(error))
        if stack.dark is not None:
            log.power_cut(*stack.dark, LAST_MOMENTS_S)
            stack.dark = None
        if not await scanners.answered(BACK_WITHIN_S):
            outcome.problems.append(f"scanners were not answered {BACK_WITHIN_S:g} s after the fault was over")
        # Killed processes come back under load.
        await asyncio.sleep(run.afterwards_s)
    finally:
        scanners.stop()
        await scanning
    stack.given += len(log.given)
    outcome.outage_ms = round(log.longest_outage_s * 1000)
    return await _settled(stack, run.bus, outcome)


async def _settled(stack: Stack, bus: Bus, outcome: Outcome) -> Report | None:
    """Wait for a clean audit that accounts for every given redirect; return its report. After a timeout, note a problem
    and return the last report, if any."""
    until = time.monotonic() + SETTLED_WITHIN_S[bus]
    report, trouble = None, "no audit"
    while time.monotonic() < until:
        try:
            report = await asyncio.to_thread(stack.audit)
        except (CoreUnavailable, CoreError) as error:
            trouble = f"no audit: {error}"
        else:
            accounted = report.stored + report.refused
            if report.clean and not report.waiting and accounted >= stack.given:
                return report
            trouble = f"{accounted} of {stack.given} redirects are accounted for; the audit says\n{render(report)}"
        await asyncio.sleep(0.1)
    outcome.problems.append(f"not settled after {SETTLED_WITHIN_S[bus]:g} s: {trouble}")
    return report


async def _counted(stack: Stack, outcomes: Iterable[Outcome], logs: Iterable[ClientLog]) -> None:
    """Stop the stack cleanly, and fill in the outcomes from the warehouse."""
    last = list(outcomes)[-1]
    if (status := await stack.stop()) != 0:
        last.problems.append(f"waymark up ended with {status}; its log ends with\n{stack.last_words()}")
    try:
        stored = await asyncio.to_thread(stack.read)
    except NotReady as error:
        last.problems.append(str(error))
        return
    if not stored.report.clean:
        last.problems.append(f"the audit of the stopped stack says\n{render(stored.report)}")
    visits = by_label(stored.campaigns)
    for outcome, log in zip(outcomes, logs, strict=True):
        count = compare(log, visits.get(log.label, {}))
        outcome.given, outcome.stored, outcome.lost, outcome.doubled = (
            count.given,
            count.stored,
            count.lost,
            count.doubled,
        )
        gone, oldest_s = log.gone(visits.get(log.label, {}))
        outcome.gone, outcome.gone_oldest_ms = gone, round(oldest_s * 1000)
        if count.strange:
            outcome.problems.append(f"{count.strange} visits are stored that nobody sent")
