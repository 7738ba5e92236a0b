"""Stopping waits for nobody who listens, and restarting fails no request."""

import asyncio
import fcntl
import os
import pty
import select
import signal
import subprocess
import sys
import tempfile
import termios
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from drill.rolling import Tally, keep_scanning, serves
from tests.waymark.running import Up, end, wait_for
from waymark import net
from waymark.data_dir import DataDir
from waymark.terminal import Output


@contextmanager
def unstarted(*, workers: int = 1) -> Iterator[Up]:
    with tempfile.TemporaryDirectory(prefix="wm-up-") as folder:
        one = Up(Path(folder), workers=workers, WAYMARK_DRAIN="1")
        try:
            yield one
        finally:
            end(one)


def read_until(descriptor: int, word: bytes) -> None:
    said = b""
    until_then = time.monotonic() + 60
    while word not in said and time.monotonic() < until_then:
        said += os.read(descriptor, 65536)
    assert word in said, said


@pytest.mark.proof
def test_it_stops_though_nobody_hears_it() -> None:
    with unstarted() as one:
        one.process = psutil.Popen(
            one.arguments, env=one.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True
        )
        assert one.process.stdout is not None
        read_until(one.process.stdout.fileno(), b"\nkey ")
        children = one.children()
        one.process.stdout.close()
        one.process.terminate()
        assert one.process.wait(30) == 0
        assert [child for child in children if child.is_running()] == []


def test_workers_are_replaced_under_load_and_it_ends_with_its_terminal() -> None:
    """By SIGTERM to each in turn and by SIGHUP, with clients that keep their connections: nothing fails."""
    with unstarted(workers=2) as one:
        ours, theirs = pty.openpty()

        def take_terminal() -> None:
            fcntl.ioctl(theirs, termios.TIOCSCTTY, 0)
            # The tests themselves may run under nohup.
            signal.signal(signal.SIGHUP, signal.SIG_DFL)

        one.process = psutil.Popen(
            one.arguments,
            env=one.environment,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
            preexec_fn=take_terminal,
        )
        os.close(theirs)
        read_until(ours, b"\nkey ")
        dropped = threading.Event()
        reader = threading.Thread(target=read_on, args=(ours, dropped))
        reader.start()
        slug = one.create()["slug"]
        tally = asyncio.run(replaced_under_load(one, slug))
        assert (tally.failed, tally.reasons) == (0, [])
        assert tally.answered > 1000
        assert tally.told > 0
        # The terminal is dropped: its other end closes.
        dropped.set()
        reader.join()
        os.close(ours)
        assert one.process.wait(30) == 0
        assert one.audit()["stored"] == tally.answered


def read_on(descriptor: int, dropped: threading.Event) -> None:
    """As a terminal does."""
    while not dropped.is_set():
        if select.select([descriptor], [], [], 0.1)[0]:
            os.read(descriptor, 65536)


async def replaced_under_load(one: Up, slug: str) -> Tally:
    tally, stop = Tally(), asyncio.Event()
    clients = [asyncio.create_task(keep_scanning(one.redirect_port, slug, tally, stop, 0.01)) for _ in range(8)]
    before = {child.pid for child in one.child("redirect")}
    assert len(before) == 2
    for child in one.child("redirect"):
        child.terminate()
        await _replaced(one, {child.pid})
    before |= {child.pid for child in one.child("redirect")}
    assert one.process is not None
    one.process.send_signal(signal.SIGHUP)
    await _replaced(one, before)
    answered = tally.answered
    await asyncio.to_thread(wait_for, lambda: tally.answered > answered + 100)
    stop.set()
    await asyncio.gather(*clients)
    return tally


async def _replaced(one: Up, before: set[int]) -> None:
    """Until both serve: who ends the second redirector while the first one's successor still starts has none for a
    while, and on a busy machine for longer than a client waits."""
    sockets = [DataDir(one.data).redirector_socket(worker) for worker in (1, 2)]

    async def so() -> bool:
        now = {child.pid for child in await asyncio.to_thread(one.child, "redirect")}
        return len(now) == 2 and now.isdisjoint(before) and all(await asyncio.gather(*map(serves, sockets)))

    process = one.process
    assert process is not None
    assert await net.until(so, within_s=120, unless=lambda: not process.is_running())


def test_sockets_of_a_service_manager_are_taken(tmp_path: Path) -> None:
    """As systemd hands them down: from 3 on, for the process that they are meant for, with names or without."""
    program = """
import os
from waymark import net
from waymark.data_dir import DataDir
def ports(*wanted):
    found = net.activated(os.environ, os.getpid(), *wanted)
    answer = [one.getsockname()[1] for one in found]
    for one in found: one.detach()
    return answer
api, redirect = (net.socket.socket(fileno=number) for number in (3, 4))
a, r = (one.getsockname()[1] for one in (api, redirect))
assert ports("redirect", 1) == [r] and ports("api", 1) == [a] and ports() == [a, r]
assert ports("other", r) == [r] and ports("other", 1) == []
os.environ["LISTEN_PID"] = "1"
assert ports() == []
"""
    one, other = (net.listen("127.0.0.1", 0, flag="")[0] for _ in range(2))
    # (A shell, since what is handed down names the process that it is for.)
    script = f'exec 3<&{one.fileno()} 4<&{other.fileno()}; LISTEN_PID=$$ exec "$0" -c "$1"'
    variables = {**os.environ, "LISTEN_FDS": "2", "LISTEN_FDNAMES": "api:redirect"}
    fds = (one.fileno(), other.fileno())
    done = subprocess.run(["/bin/bash", "-c", script, sys.executable, program], env=variables, pass_fds=fds, timeout=60)
    assert done.returncode == 0


def test_a_port_is_shared_when_that_is_asked_for() -> None:
    [first] = net.listen("127.0.0.1", 0, flag="--x", reuse_port=True)
    port = first.getsockname()[1]
    with pytest.raises(net.PortTaken):
        net.listen("127.0.0.1", port, flag="--x")
    [second] = net.listen("127.0.0.1", port, flag="--x", reuse_port=True)
    for one in (first, second):
        one.close()


@pytest.mark.parametrize("closed", [True, False], ids=["closed", "full"])
def test_who_speaks_neither_waits_nor_fails(closed: bool) -> None:
    reading, writing = os.pipe()
    if closed:
        os.close(reading)
    output = Output(writing)
    for number in range(20_000):
        output.say(f"line {number} {'x' * 100}")
    output.close()
    if not closed:
        assert os.read(reading, 7) == b"line 0 "
        os.close(reading)
    os.close(writing)


LOGS_AND_FAILS = """
import logging
import click
from waymark import logs
from waymark.commands.options import explained
from waymark.errors import UserError

@click.command()
@explained
def fails():
    logs.configure("up", "text")
    for number in range(5_000):
        logging.getLogger("x").info("line %d", number)
    raise UserError("what to do next")

fails()
"""


def test_an_error_is_the_last_line_of_what_was_logged() -> None:
    done = subprocess.run([sys.executable, "-c", LOGS_AND_FAILS], capture_output=True, text=True)
    lines = done.stderr.splitlines()
    assert (done.returncode, len(lines), lines[-1]) == (2, 5_001, "Error: what to do next")
