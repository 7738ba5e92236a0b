"""The faults. Each function injects one, keeps it up for its duration, and returns when it is over."""

import asyncio
import random
import signal
from collections.abc import Awaitable, Callable, Iterable

from drill.consumer_group import guest, send_again
from drill.processes import Process, send
from drill.schedule import ALL_FULL, POWER_CUT, DrillRun
from drill.stack import Stack
from waymark import embedded_redis
from waymark.core_client import CoreError, CoreUnavailable
from waymark.net import until

Inject = Callable[[Stack, DrillRun, random.Random], Awaitable[None]]

# An insert takes some hundredths of a second; waiting for one is bounded.
INSERT_S = 0.07
INSERT_WITHIN_S = 10.0
# Number of scans of a code that is then deleted.
DOOMED = (20, 200)
STUTTER_S = 0.08
REFUSED_S = 1.0
# The most bytes that a disk has left when it starts to fill up.
LEFT_BYTES = 8 << 20
BACK_WITHIN_S = 60.0
# Hours and days, back and forth: past midnight, past a month's end, and into the past.
STEPS_S = (-86_400.0 * 40, -86_400.0, -3600.0, -5.0, 5.0, 3600.0, 86_400.0, 86_400.0 * 40)


def _signalled(role: str, number: signal.Signals) -> Inject:
    async def inject(stack: Stack, run: DrillRun, dice: random.Random) -> None:
        send(dice.choice(await stack.one(role)), number)

    return inject


def _stopped(role: str) -> Inject:
    async def inject(stack: Stack, run: DrillRun, dice: random.Random) -> None:
        await _pause(dice.sample(await stack.one(role), 1), run.lasts_s)

    return inject


async def _pause(processes: Iterable[Process], seconds: float) -> None:
    stopped = [process for process in processes if send(process, signal.SIGSTOP)]
    try:
        await asyncio.sleep(seconds)
    finally:
        for process in stopped:
            send(process, signal.SIGCONT)


async def _at_an_insert(stack: Stack, dice: random.Random) -> None:
    """Wait for a random moment of an insert, as far as can be seen from outside."""
    before = stack.inserts()

    async def another() -> bool:
        return bool(stack.inserts() - before)

    await until(another, within_s=INSERT_WITHIN_S, unless=lambda: stack.ended, every_s=0.001)
    await asyncio.sleep(dice.uniform(0, INSERT_S))


def _killed_at_inserts(times: int) -> Inject:
    async def inject(stack: Stack, run: DrillRun, dice: random.Random) -> None:
        for _ in range(times):
            core = await stack.one("core")
            await _at_an_insert(stack, dice)
            for process in core:
                send(process, signal.SIGKILL)

    return inject


async def _stopped_at_an_insert(stack: Stack, run: DrillRun, dice: random.Random) -> None:
    core = await stack.one("core")
    await _at_an_insert(stack, dice)
    await _pause(core, run.lasts_s)


async def _stutters(stack: Stack, run: DrillRun, dice: random.Random) -> None:
    core = await stack.one("core")
    now = asyncio.get_running_loop().time
    over = now() + run.lasts_s
    while now() < over:
        await _pause(core, dice.uniform(0, STUTTER_S))
        await asyncio.sleep(dice.uniform(0, STUTTER_S / 4))


async def _redis_restarted(stack: Stack, run: DrillRun, dice: random.Random) -> None:
    await asyncio.to_thread(embedded_redis.shut_down, stack.folder)


async def _outside_killed(stack: Stack, run: DrillRun, dice: random.Random) -> None:
    assert stack.redis is not None
    await asyncio.to_thread(stack.redis.kill)


async def _outside_stopped(stack: Stack, run: DrillRun, dice: random.Random) -> None:
    assert stack.redis is not None
    await asyncio.to_thread(stack.redis.stop, run.lasts_s)


async def _several_killed(stack: Stack, run: DrillRun, dice: random.Random) -> None:
    there = stack.processes()
    for process in dice.sample(there, min(len(there), dice.randint(2, 3))):
        send(process, signal.SIGKILL)
        await asyncio.sleep(dice.choice((0.0, 0.0, 0.1)))


def _restarted(end: Callable[[Stack], Awaitable[None]]) -> Inject:
    """End `up` by `end`, then start it again, as the machine's service manager would."""

    async def inject(stack: Stack, run: DrillRun, dice: random.Random) -> None:
        await end(stack)
        stack.start()
        await stack.ready()

    return inject


async def _end_all(stack: Stack) -> None:
    stack.kill_group()


async def _killed_while_starting(stack: Stack, run: DrillRun, dice: random.Random) -> None:
    stack.kill_group()
    stack.start()
    await asyncio.sleep(run.lasts_s)
    stack.kill_group()
    stack.start()
    await stack.ready()


async def _supervisor_stopped(stack: Stack, run: DrillRun, dice: random.Random) -> None:
    """Suspend the supervisor: nobody restarts its child until it resumes."""
    victim = dice.choice(stack.processes())
    assert stack.process is not None
    stack.process.send_signal(signal.SIGSTOP)
    try:
        send(victim, signal.SIGKILL)
        await asyncio.sleep(run.lasts_s)
    finally:
        stack.process.send_signal(signal.SIGCONT)


async def _power_cut(stack: Stack, run: DrillRun, dice: random.Random) -> None:
    """Cut power while a deleted code's scans are being erased, or just before or after; merges go on all the time."""
    await asyncio.to_thread(stack.scan_and_delete, dice.randrange(*DOOMED))
    await asyncio.sleep(run.lasts_s)
    stack.cut_power()
    await stack.restore_power()
    stack.start()
    await stack.ready()


async def _end_supervisor(stack: Stack) -> None:
    stack.kill_supervisor()


async def _end_in_order(stack: Stack) -> None:
    await stack.stop()


async def _clock_steps(stack: Stack, run: DrillRun, dice: random.Random) -> None:
    assert stack.clock is not None
    steps = dice.sample(STEPS_S, 3)
    try:
        for step in steps:
            stack.clock.step(step)
            await asyncio.sleep(run.lasts_s / len(steps))
            if dice.random() < 0.3:
                # Its successor has seen no other time.
                send(dice.choice(await stack.one("redirect")), signal.SIGKILL)
    finally:
        stack.clock.step(0.0)


async def _disk_full(stack: Stack, run: DrillRun, dice: random.Random) -> None:
    assert stack.disk is not None
    redirectors = [process.pid for process in await stack.one("redirect")]
    stack.disk.fill(redirectors)
    try:
        await asyncio.sleep(run.lasts_s)
    finally:
        stack.disk.relieve(redirectors)
    await _taken_again(stack)


async def _taken_again(stack: Stack) -> None:
    """Wait until redirectors accept events again: they do so after a while with free space."""
    before = -1
    while (refused := await asyncio.to_thread(_refused, stack)) != before:
        before = refused
        await asyncio.sleep(REFUSED_S)


def _refused(stack: Stack) -> int:
    return stack.audit().refused


async def _all_full(stack: Stack, run: DrillRun, dice: random.Random) -> None:
    """Leave little space on the volume: the stack's own writes fill it, in the middle of some operation."""
    assert stack.volume is not None
    await asyncio.to_thread(stack.volume.fill, dice.randrange(LEFT_BYTES))
    try:
        await asyncio.sleep(run.lasts_s)
    finally:
        stack.volume.relieve()
    await _back(stack)
    await _taken_again(stack)


async def _back(stack: Stack) -> None:
    """Wait until the audit answers again: `up` restarts what ended on a full disk, after growing pauses."""

    async def audited() -> bool:
        try:
            await asyncio.to_thread(_refused, stack)
        except (CoreUnavailable, CoreError):
            return False
        return True

    await until(audited, within_s=BACK_WITHIN_S, unless=lambda: stack.ended, every_s=0.2)


async def _broker_down(stack: Stack, run: DrillRun, dice: random.Random) -> None:
    """Take the broker down, killed or stopped cleanly."""
    assert stack.broker is not None
    await asyncio.to_thread(dice.choice((stack.broker.kill, stack.broker.stop)))
    try:
        await asyncio.sleep(run.lasts_s)
    finally:
        await asyncio.to_thread(stack.broker.start)


async def _broker_stopped(stack: Stack, run: DrillRun, dice: random.Random) -> None:
    assert stack.broker is not None
    stack.broker.suspend()
    try:
        await asyncio.sleep(run.lasts_s)
    finally:
        stack.broker.resume()


async def _zombie(stack: Stack, run: DrillRun, dice: random.Random) -> None:
    """Suspend an aggregator until another one has its partitions, so that its work after waking up comes too late."""
    assert stack.broker is not None
    core = await stack.one("core")
    await _at_an_insert(stack, dice)
    async with guest(stack.broker.bootstrap, stack.topic):
        await _pause(core, run.lasts_s)


async def _guest(stack: Stack, run: DrillRun, dice: random.Random) -> None:
    assert stack.broker is not None
    async with guest(stack.broker.bootstrap, stack.topic):
        await asyncio.sleep(run.lasts_s)


async def _sent_twice(stack: Stack, run: DrillRun, dice: random.Random) -> None:
    assert stack.broker is not None
    await send_again(stack.broker.bootstrap, stack.topic, dice)


INJECT: dict[str, Inject] = {
    "redirector killed": _signalled("redirect", signal.SIGKILL),
    "redirector stopped, resumed": _stopped("redirect"),
    "redirector ended": _signalled("redirect", signal.SIGTERM),
    "core killed": _signalled("core", signal.SIGKILL),
    "core killed in an insert": _killed_at_inserts(1),
    "core killed in three inserts": _killed_at_inserts(3),
    "core stopped, resumed": _stopped("core"),
    "core stopped in an insert (slow warehouse)": _stopped_at_an_insert,
    "core stutters (slow machine)": _stutters,
    "core ended": _signalled("core", signal.SIGTERM),
    "Redis killed": _signalled("redis", signal.SIGKILL),
    "Redis restarted": _redis_restarted,
    "Redis stopped, resumed": _stopped("redis"),
    "several killed": _several_killed,
    "all killed at once": _restarted(_end_all),
    "all killed, and again while starting": _killed_while_starting,
    "supervisor killed": _restarted(_end_supervisor),
    "supervisor stopped, a child killed, resumed": _supervisor_stopped,
    "up stopped and started": _restarted(_end_in_order),
    "clock steps": _clock_steps,
    "disk full": _disk_full,
    POWER_CUT: _power_cut,
    ALL_FULL: _all_full,
    "broker restarted": _broker_down,
    "broker away": _broker_down,
    "broker stopped, resumed": _broker_stopped,
    "ingest killed": _signalled("ingest", signal.SIGKILL),
    "ingest stopped, resumed": _stopped("ingest"),
    "core stopped past its session, resumed (zombie)": _zombie,
    "consumer joins and leaves": _guest,
    "record sent twice": _sent_twice,
}
# Of a Redis that is not one of the stack's processes.
_OUTSIDE: dict[str, Inject] = {
    "Redis killed": _outside_killed,
    "Redis restarted": _outside_killed,
    "Redis stopped, resumed": _outside_stopped,
}


async def inject(stack: Stack, run: DrillRun, dice: random.Random) -> None:
    """Inject the fault of a run, and wait until it is over."""
    outside = _OUTSIDE if stack.redis is not None else {}
    await outside.get(run.fault.name, INJECT[run.fault.name])(stack, run, dice)
