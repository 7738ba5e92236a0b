"""SIGKILL of everything, of the supervisor, and of each child."""

import asyncio
import os
import signal
import socket
from typing import Any

import psutil
import pytest

from harness.scanners import ScanCount, scan_load
from tests.waymark.running import Up, up, wait_for

pytestmark = pytest.mark.kill


async def killed_under_load(one: Up, code: dict[str, Any], count: ScanCount, *, after_s: float) -> None:
    stop = asyncio.Event()
    scanning = asyncio.create_task(scan_load(one.redirect_port, code["slug"], count, stop, scanners=8, most=20_000))
    await asyncio.sleep(after_s)
    one.kill_group()
    stop.set()
    await scanning


async def test_the_whole_group_under_load_again_and_again() -> None:
    with up(workers=2) as one:
        code = one.create()
        count = ScanCount()
        for after_s in (0.3, 1.2):
            await killed_under_load(one, code, count, after_s=after_s)
            one.start()
        wait_for(lambda: one.total(code) >= count.answered, within_s=60, what="every answered scan is counted")
        assert count.answered > 100
        report = one.audit()
        # More than was answered only by what was under way at a kill.
        assert count.answered <= report["stored"] <= count.sent
        assert report["refused"] == 0
        assert one.total(code) == report["stored"]
        assert one.stop() == 0
        assert one.audit()["stored"] == report["stored"]


def test_no_child_outlives_a_killed_supervisor() -> None:
    with up(workers=2) as one:
        code = one.create()
        assert one.scan(code["slug"])[0] == 302
        children = one.children()
        assert len(children) == 4
        assert one.process is not None
        one.process.kill()
        one.process.wait()
        _, alive = psutil.wait_procs(children, timeout=30)
        assert alive == []
        one.start()
        wait_for(lambda: one.total(code) == 1, within_s=60)
        one.audit()


def test_each_child_comes_back() -> None:
    with up(workers=1) as one:
        code = one.create()
        assert one.scan(code["slug"])[0] == 302
        wait_for(lambda: one.total(code) == 1, what="the first scan is counted")
        for scans, name in enumerate(("redirect", "core", "redis"), start=2):
            comes_back(one, code, name, scans)
        assert one.stop() == 0


def comes_back(one: Up, code: dict[str, object], name: str, scans: int) -> None:
    [child] = one.child(name)
    os.kill(child.pid, signal.SIGKILL)
    if name == "redirect":
        # The supervisor holds the socket: nobody is refused, they wait for a moment.
        with socket.create_connection(("127.0.0.1", one.redirect_port), timeout=30):
            pass
    assert one.scan(str(code["slug"]))[0] == 302
    wait_for(lambda: f"{name} ended (killed by SIGKILL)" in one.told(), what="it is said")
    wait_for(lambda: [new for new in one.child(name) if new.pid != child.pid], what="a new one runs")
    wait_for(lambda: one.call("GET", "/v1/dynamic")[0] == 200, what="the API answers")
    wait_for(lambda: one.total(code) == scans, what="the next scan is counted")
    assert one.create("https://example.com/two")["slug"]
    assert one.audit()["stored"] == scans


def test_a_core_sweeps_up_after_one_that_was_killed() -> None:
    with up() as one:
        left = one.data / "tmp" / "tmp_of_an_insert.raw"
        left.write_bytes(b"[1]")
        [core] = one.child("core")
        os.kill(core.pid, signal.SIGKILL)
        wait_for(lambda: not left.exists(), what="it is gone")
        code = one.create()
        assert one.scan(code["slug"])[0] == 302
        wait_for(lambda: one.total(code) == 1, what="inserts find a place for theirs")
        assert one.stop() == 0


def running_of(one: Up, name: str) -> list[psutil.Process]:
    return list(wait_for(lambda: one.child(name), what=f"a {name} runs"))


async def test_redirectors_and_core_killed_in_turn_under_load() -> None:
    with up(workers=2) as one:
        code = one.create()
        count, stop = ScanCount(), asyncio.Event()
        scanning = asyncio.create_task(scan_load(one.redirect_port, code["slug"], count, stop, scanners=6, most=30_000))
        for name in ("redirect", "core", "redirect", "redis", "core"):
            await asyncio.sleep(0.4)
            victims = await asyncio.to_thread(running_of, one, name)
            os.kill(victims[0].pid, signal.SIGKILL)
        await asyncio.sleep(0.5)
        stop.set()
        await scanning
        wait = wait_for
        await asyncio.to_thread(wait, lambda: one.call("GET", "/v1/dynamic")[0] == 200, within_s=60)
        await asyncio.to_thread(wait, lambda: one.total(code) >= count.answered, within_s=60)
        report = one.audit()
        assert count.answered <= report["stored"] <= count.sent
        assert count.answered > 100
