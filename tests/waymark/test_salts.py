"""The day's salt is shared by the redirectors of one machine, and is on none of its disks."""

import base64
import ctypes
import os
import resource
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from drill.clock import Clock
from harness.agents import PHONE
from harness.launcher import WAYMARK
from harness.ports import free_ports
from redirect.client_ip import packed
from redirect.user_agent import agent_reader
from redirect.visitor_hash import MS_OF_DAY, keyed, question, visitor_hash
from schemas.event import ScanEvent, decode_event, is_note
from tests.servers.redis import running as running_redis
from tests.waymark.running import Up, contents, up, wait_for
from waymark.salts import DailySalts

_PIDFD_GETFD = 438


def asked(redirector: psutil.Process, *days: int) -> bytes:
    """What the supervisor answers, to the last of these, at the very socket that this redirector was given."""
    command = redirector.cmdline()
    descriptor = int(command[command.index("--salts") + 1])
    process = os.pidfd_open(redirector.pid)
    ours = ctypes.CDLL(None, use_errno=True).syscall(_PIDFD_GETFD, process, descriptor, 0)
    os.close(process)
    assert ours >= 0, os.strerror(ctypes.get_errno())
    with socket.socket(fileno=ours) as supervisor:
        for day in days:
            supervisor.send(question(day))
        return wait_for(lambda: answer_of(supervisor), what="the supervisor answers")  # type: ignore[no-any-return]


def answer_of(supervisor: socket.socket) -> bytes:
    try:
        return supervisor.recv(64)
    except BlockingIOError:
        return b""


def read(one: Up, seen: dict[tuple[int, int], ScanEvent]) -> None:
    """Adds what the journals hold now: that of a redirector which ended is gone once it is stored."""
    for path, content in contents(one.data / "journal"):
        for line in content.splitlines() if path.suffix == ".log" else []:
            if not is_note(line):
                event = decode_event(line)
                seen[event.source, event.seq] = event


def written(folder: Path, salt: bytes) -> list[Path]:
    """The files in which a salt stands, in any of its spellings."""
    forms = {salt, salt.hex().encode(), salt.hex().upper().encode(), repr(salt)[2:-1].encode()}
    for before in range(3):
        # As part of something longer it may begin in the middle of a group.
        for encoded in (base64.b64encode, base64.urlsafe_b64encode):
            forms.add(encoded(bytes(before) + salt)[-(-before * 8 // 6) : (before + 16) * 8 // 6])
    return [path for path, content in contents(folder) if any(form in content for form in forms)]


def test_what_would_be_found(tmp_path: Path) -> None:
    salt = bytes(range(200, 216))
    forms = (salt, salt.hex().encode(), *(base64.b64encode(b"abc"[:n] + salt + b"more") for n in range(3)))
    for number, form in enumerate(forms):
        (tmp_path / str(number)).write_bytes(b"before" + form + b"after")
    assert len(written(tmp_path, salt)) == len(forms)
    assert written(tmp_path, salt[::-1]) == []


@pytest.fixture(scope="module")
def clock() -> Iterator[Clock]:
    with tempfile.TemporaryDirectory(prefix="wm-clock-") as folder:
        yield Clock(Path(folder) / "clock")


def test_no_file_export_or_backup_holds_a_salt(clock: Clock, tmp_path: Path) -> None:
    with up(workers=2, **clock.environment(os.environ.get("PYTHONPATH"))) as one:
        code = one.create()
        seen: dict[tuple[int, int], ScanEvent] = {}

        def sources(at_least: int) -> bool:
            one.scan(code["slug"])
            read(one, seen)
            return len({source for source, _ in seen}) >= at_least

        def scanned_on(day: int) -> bool:
            one.scan(code["slug"])
            read(one, seen)
            return day in {ts_day(event) for event in seen.values()}

        wait_for(lambda: sources(2), what="both redirectors are scanned")
        redirectors = one.child("redirect")
        today = int(time.time() * 1000) // MS_OF_DAY
        salts = {day: asked(redirectors[0], day)[8:] for day in (today, today + 1)}
        assert {len(salt) for salt in salts.values()} == {16} and len(set(salts.values())) == 2
        # The socket of either answers alike, and only for these days.
        assert asked(redirectors[1], today - 1, today + 2, today) == question(today) + salts[today]

        # One that is killed and comes again counts the same visitors.
        redirectors[0].kill()
        wait_for(lambda: sources(3), what="the third is scanned")
        clock.step(86_400)
        wait_for(lambda: scanned_on(today + 1), what="the clock is stepped")
        assert asked(one.child("redirect")[0], today, today + 1)[:8] == question(today + 1), "yesterday's is gone"
        salts[today + 2] = asked(one.child("redirect")[0], today + 2)[8:]

        assert {(ts_day(event), event.visitor) for event in seen.values()} == {
            (day, of(next(iter(seen.values())).workspace, salts[day])) for day in (today, today + 1)
        }
        for process in (one.process, *one.child("redirect")):
            assert process is not None and process.rlimit(resource.RLIMIT_CORE)[0] == 0

        assert one.command("export", str(tmp_path / "export.ndjson")).returncode == 0
        assert one.command("backup", str(tmp_path / "target")).returncode == 0
        live = [path for salt in salts.values() for path in written(one.data, salt)]
        assert one.stop() == 0
        assert (one.data / "redis" / "appendonly.aof").stat().st_size or list((one.data / "redis").rglob("*.aof"))
        # Pieces of a backup hold bytes as they are.
        found = [path for salt in salts.values() for folder in (one.data, tmp_path) for path in written(folder, salt)]
        assert live + found == []
        assert not [path for path, content in contents(one.data / "redis") if b"salt" in content]


def ts_day(event: ScanEvent) -> int:
    return event.ts_ms // MS_OF_DAY


def of(workspace: int, salt: bytes) -> int:
    address = packed("127.0.0.1")
    assert address is not None
    return visitor_hash(keyed(salt), address, agent_reader()(PHONE.encode()).digest, workspace.to_bytes(8, "big"))


def test_a_supervisor_keeps_two_days() -> None:
    clock, made = [MS_OF_DAY * 7], iter(range(100))
    salts = DailySalts(lambda: clock[0], lambda n: bytes([next(made)]) * n)
    assert [salts.of(day) for day in (6, 7, 8, 9)] == [None, bytes(16), b"\x01" * 16, None]
    clock[0] += MS_OF_DAY
    assert [salts.of(day) for day in (7, 8, 9)] == [None, b"\x01" * 16, b"\x02" * 16]
    clock[0] -= MS_OF_DAY
    assert salts.of(7) not in (None, bytes(16)), "what was thrown away does not come back"


@pytest.mark.parametrize("service", ["redirect", "up"])
def test_a_redis_with_a_disk_is_refused_in_one_line(service: str, tmp_path: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="wm-") as folder, running_redis(Path(folder)) as server:
        port, other = free_ports(2)
        done = subprocess.run(
            [*WAYMARK, service, "--data", str(tmp_path / "d")],
            env={
                **os.environ,
                "WAYMARK_REDIS_URL": server.url,
                "WAYMARK_SALT_REDIS_URL": server.url,
                "WAYMARK_REDIRECT_PORT": str(port),
                "WAYMARK_API_PORT": str(other),
            },
            capture_output=True,
            text=True,
            timeout=60,
        )
    assert done.returncode == 2
    [line] = [line for line in done.stderr.splitlines() if "Error" in line]
    assert "Traceback" not in done.stderr
    assert "WAYMARK_SALT_REDIS_URL" in line and "appendonly is 'yes'" in line
