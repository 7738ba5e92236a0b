"""Children: started again when they die, stopped in time, and gone when their parent is."""

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import psutil
import pytest

from waymark import child
from waymark.child import Child, Program
from waymark.net import until


def python(code: str, stop_within_s: float = 10.0) -> Program:
    return Program(
        name="it",
        command=[sys.executable, "-c", textwrap.dedent(code)],
        environment=dict(os.environ),
        stop_within_s=stop_within_s,
    )


async def test_a_child_that_dies_is_started_again_and_it_is_said() -> None:
    said: list[str] = []
    one = Child(python("import time; time.sleep(60)"), said.append)
    await one.start()
    keeping = asyncio.create_task(one.run())
    first = one.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)

    async def back() -> bool:
        return one.pid not in {None, first}

    assert await until(back, within_s=30, unless=lambda: False)
    await one.stop(asyncio.Event())
    await keeping
    assert "killed by SIGKILL" in said[0]
    assert one.pid is None


async def test_pauses_grow_for_a_child_that_cannot_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child, "FIRST_PAUSE_S", 0.01)
    monkeypatch.setattr(child, "LONGEST_PAUSE_S", 0.04)
    said: list[str] = []
    one = Child(python("raise SystemExit(3)"), said.append)
    await one.start()
    keeping = asyncio.create_task(one.run())

    async def often() -> bool:
        return len(said) >= 4

    assert await until(often, within_s=60, unless=lambda: False)
    await one.stop(asyncio.Event())
    await keeping
    assert [line.rsplit("in ", 1)[1] for line in said[:4]] == ["0.01 s", "0.02 s", "0.04 s", "0.04 s"]
    assert "exit status 3" in said[0]


async def test_a_child_that_does_not_stop_is_killed_after_its_time(tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    deaf = f"""
        import pathlib, signal, time
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        pathlib.Path({str(ready)!r}).touch()
        time.sleep(60)
    """
    said: list[str] = []
    one = Child(python(deaf, stop_within_s=0.3), said.append)
    await one.start()
    keeping = asyncio.create_task(one.run())

    async def there() -> bool:
        return ready.exists()

    assert await until(there, within_s=30, unless=lambda: False)
    before = time.monotonic()
    await one.stop(asyncio.Event())
    await keeping
    assert time.monotonic() - before > 0.25
    assert "killing it" in said[-1]


async def test_hurrying_does_not_wait(tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    deaf = f"""
        import pathlib, signal, time
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        pathlib.Path({str(ready)!r}).touch()
        time.sleep(60)
    """
    one = Child(python(deaf, stop_within_s=30.0), lambda line: None)
    await one.start()
    keeping = asyncio.create_task(one.run())

    async def there() -> bool:
        return ready.exists()

    assert await until(there, within_s=30, unless=lambda: False)
    hurry = asyncio.Event()
    hurry.set()
    await asyncio.wait_for(one.stop(hurry), 25)
    await keeping


async def test_an_interrupt_of_the_terminal_does_not_reach_a_child() -> None:
    one = Child(python("import time; time.sleep(60)"), lambda line: None)
    await one.start()
    keeping = asyncio.create_task(one.run())
    assert one.pid is not None
    os.kill(one.pid, signal.SIGINT)
    os.kill(one.pid, signal.SIGHUP)
    await asyncio.sleep(0.2)
    assert one.restarts == 0
    assert one.pid is not None
    await one.stop(asyncio.Event())
    await keeping


PARENT = """
import asyncio, os, sys
from waymark.child import Child, Program
from waymark import parent_death

async def main():
    watched, held = os.pipe()
    sleeper = [sys.executable, "-c", "import time; time.sleep(60)"]
    watching = "from waymark import parent_death; parent_death.watch_parent(); import time; time.sleep(60)"
    watcher = [sys.executable, "-c", watching]
    for command in (sleeper, watcher):
        one = Child(Program(name="x", command=command, environment={**os.environ, parent_death.PIPE: str(watched)},
                            descriptors=(watched,)), print)
        await one.start()
        print(one.pid, flush=True)
    await asyncio.sleep(60)

asyncio.run(main())
"""


def test_children_end_with_a_killed_parent() -> None:
    parent = subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    children = [psutil.Process(int(parent.stdout.readline())) for _ in range(2)]
    parent.kill()
    parent.wait()
    _, alive = psutil.wait_procs(children, timeout=30)
    assert alive == []
    parent.stdout.close()


def test_a_child_of_ours_watches_the_pipe_where_the_kernel_does_nothing() -> None:
    watched, held = os.pipe()
    watcher = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "from waymark import parent_death; parent_death.watch_parent(); import time; time.sleep(60)",
        ],
        env={**os.environ, "WAYMARK_PARENT_PIPE": str(watched)},
        pass_fds=[watched],
    )
    os.close(watched)
    time.sleep(0.3)
    assert watcher.poll() is None
    os.close(held)
    assert watcher.wait(30) == -signal.SIGKILL
