"""Find the processes of a `waymark up` in /proc."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import msgspec

from harness.launcher import WaymarkUp

PROC = Path("/proc")


class Process(msgspec.Struct, frozen=True):
    pid: int
    command: tuple[str, ...]

    @property
    def role(self) -> str:
        """The service that the process runs, `redis`, or "" if unknown."""
        if self.command and self.command[0].endswith(("redis-server", "valkey-server")):
            return "redis"
        if "waymark" in self.command[:-1]:
            return self.command[self.command.index("waymark") + 1]
        # Redis rewrites its command line.
        return "redis" if self.command and "redis-server" in self.command[0] else ""


def below(pid: int) -> list[Process]:
    """List the living descendants of a process. Zombies have no command line, and are left out."""
    parents = dict(_parents())
    found = []
    for one in parents:
        at: int | None = one
        while at is not None and at != pid:
            at = parents.get(at)
        if at == pid and one != pid and (command := _command(one)):
            found.append(Process(one, command))
    return sorted(found, key=lambda process: process.pid)


def _parents() -> Iterator[tuple[int, int]]:
    for name in os.listdir(PROC):
        if name.isdecimal():
            try:
                stat = (PROC / name / "stat").read_text()
            except OSError:
                continue
            # The program's name is in brackets, and may hold any character.
            yield int(name), int(stat.rpartition(")")[2].split()[1])


def _command(pid: int) -> tuple[str, ...]:
    try:
        raw = (PROC / str(pid) / "cmdline").read_bytes()
    except OSError:
        return ()
    return tuple(word.decode("utf-8", "replace") for word in raw.split(b"\0") if word)


def send(process: Process, number: signal.Signals) -> bool:
    """Send a signal; return False if the process is gone."""
    try:
        os.kill(process.pid, number)
    except ProcessLookupError:
        return False
    return True


def kill_core(up: WaymarkUp) -> bool:
    """Whether there was one to kill."""
    if up.process is None:
        return False
    return any(send(one, signal.SIGKILL) for one in below(up.process.pid) if one.role == "core")
