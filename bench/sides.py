"""The servers that are compared: each answers a redirect at a port, and most count what they answered."""

import os
import shlex
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec
import psutil

from bench import stack
from bench.baseline import served, wait_for
from bench.baseline_apps import DESTINATION
from bench.load import Load
from bench.machine import cpu_seconds
from harness.ports import free_ports

SLUG = "landing"
BARE, NGINX = "bare ASGI 302", "nginx 302 with access log"
# Storing has come to rest when it used less than this share of a core for so long.
REST_SHARE, REST_S = 0.1, 0.4
LOOK_S = 0.1
COUNTED_WITHIN_S = 120.0
# On a slow machine they may never have so little to do.
REST_WITHIN_S = 4.0


class Missing(RuntimeError):
    """A side that cannot be measured on this machine; the others are."""


class Miscounted(RuntimeError):
    """What was answered is not what was counted, so the measurement is worth nothing."""


class Side(msgspec.Struct, frozen=True):
    """`answering`: the processes that answer; `storing`: those that have work to do with it afterwards. `counted`: how
    many answers it has on record; None when it keeps none."""

    name: str
    port: int
    path: str
    answering: Callable[[], list[int]]
    storing: Callable[[], list[int]] = list
    counted: Callable[[], int] | None = None


class Bout(msgspec.Struct, frozen=True):
    """One side of one round. `stored_us`: processor time of everything but the answering processes, until what was
    answered is on record, without what they spend at rest; None where nothing else has to do with it."""

    load: Load
    cpu_us: float
    stored_us: float | None
    counted: int | None


def bout(side: Side, drive: Callable[[], Load]) -> Bout:
    """Raises Miscounted when what is on record afterwards is not what was answered."""
    before = side.counted() if side.counted is not None else 0
    idle = _at_rest(side.storing(), time.monotonic() + REST_WITHIN_S)
    answering, began = _spent(side.answering()), _spent(side.storing())
    began_at = time.monotonic()
    load = drive()
    cpu_us = (_spent(side.answering()) - answering) / load.answers * 1e6
    if side.counted is None:
        return Bout(load, cpu_us, stored_us=None, counted=None)
    counted, ended = _on_record(side, before, load)
    if not side.storing():
        return Bout(load, cpu_us, stored_us=None, counted=counted)
    storing = ended.spent - began - idle.share * (ended.at - began_at)
    return Bout(load, cpu_us, max(0.0, storing) / load.answers * 1e6, counted)


class Rest(msgspec.Struct, frozen=True):
    """Processor time spent by some processes when they came to rest, when that was, and the share of a core that they
    use at rest."""

    spent: float
    at: float
    share: float


def _on_record(side: Side, before: int, load: Load) -> tuple[int, Rest]:
    """How many answers of the load are on record once that does not change any more, and the rest by then."""
    assert side.counted is not None
    until = time.monotonic() + COUNTED_WITHIN_S
    last, ended = -1, Rest(0.0, 0.0, 0.0)
    while True:
        # (Asking costs processor time itself, so it is asked seldom, and what it costs is not counted.)
        rest = _at_rest(side.storing(), until)
        now = side.counted() - before
        if now != last:
            last, ended = now, rest
        elif now >= load.answers:
            break
        if time.monotonic() > until:
            break
        time.sleep(LOOK_S)
    if not load.answers <= last <= load.answers + load.cut_off:
        raise Miscounted(f"{side.name}: {load.answers:,} answers, and {last:,} on record")
    return last, ended


def _at_rest(pids: list[int], until: float) -> Rest:
    """Waits until the processes have nothing to do, at most until then."""
    while True:
        spent, began = _spent(pids), time.monotonic()
        if not pids:
            return Rest(spent, began, 0.0)
        time.sleep(REST_S)
        share = (_spent(pids) - spent) / (time.monotonic() - began)
        if share < REST_SHARE or began > until:
            return Rest(spent, began, min(share, REST_SHARE))


def _spent(pids: list[int]) -> float:
    total = 0.0
    for pid in pids:
        # One that has ended meanwhile was a helper of a moment.
        with suppress(OSError):
            total += cpu_seconds(pid)
    return total


def waymark(up: stack.Stack, name: str = "waymark") -> Side:
    made = up.create(DESTINATION)
    return Side(
        name=name,
        port=up.redirect_port,
        path=f"/{made['slug']}",
        answering=up.workers,
        storing=up.others,
        counted=lambda: up.scans(made["id"]),
    )


@contextmanager
def bare() -> Iterator[Side]:
    with served("bare") as server:
        yield Side(BARE, server.port, f"/{SLUG}", lambda: [server.pid])


_NGINX_CONF = """daemon off; pid {folder}/pid; worker_processes 1; error_log {folder}/error.log;
events {{ worker_connections 4096; }}
http {{
    access_log {folder}/access.log combined;
    keepalive_requests 1000000000;
    client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder};
    uwsgi_temp_path {folder}; scgi_temp_path {folder};
    server {{
        listen 127.0.0.1:{port} backlog=4096;
        location / {{ add_header Cache-Control no-store; return 302 {destination}; }}
    }}
}}
"""


@contextmanager
def nginx() -> Iterator[Side]:
    """A constant 302, and a line in the access log for each; one worker, as the others have. Raises Missing."""
    if shutil.which("nginx") is None:
        raise Missing("nginx is not installed (Debian: apt-get install nginx)")
    port = free_ports(1)[0]
    with tempfile.TemporaryDirectory(prefix="wm-bench-") as made:
        folder = Path(made)
        (folder / "nginx.conf").write_text(_NGINX_CONF.format(folder=folder, port=port, destination=DESTINATION))
        command = ["nginx", "-c", str(folder / "nginx.conf"), "-p", made, "-e", str(folder / "error.log")]
        with _running("nginx", command, port, folder, dict(os.environ)) as pids:
            log = _Lines(folder / "access.log")
            yield Side(NGINX, port, f"/{SLUG}", pids, counted=log.count)


class _Lines:
    """Counts the lines of a file that grows."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._at = 0
        self._lines = 0

    def count(self) -> int:
        with self._path.open("rb") as file:
            file.seek(self._at)
            while block := file.read(1 << 20):
                self._lines += block.count(b"\n")
            self._at = file.tell()
        return self._lines


class Peer(msgspec.Struct, frozen=True):
    """A server that somebody has installed: shell lines to start it, to make it ready, and to print how many answers it
    has counted. `{port}` and `{folder}` stand for a free port and an empty folder."""

    name: str
    command: str
    setup: str = ""
    count: str = ""


def peers(text: str) -> tuple[Peer, ...]:
    """`name="command" name.setup="command" name.count="command" …`, quoted as for a shell. Raises ValueError."""
    given: dict[str, dict[str, str]] = {}
    for word in shlex.split(text):
        name, equals, command = word.partition("=")
        name, _, part = name.partition(".")
        if not name or not equals or part not in ("", "setup", "count"):
            raise ValueError(f'PEERS: {word!r} is not name="command", name.setup="command" or name.count="command"')
        given.setdefault(name, {})[part or "command"] = command
    without = [name for name, parts in given.items() if "command" not in parts]
    if without:
        raise ValueError(f'PEERS: {", ".join(without)}: there is no name="command" that starts it')
    return tuple(Peer(name, **parts) for name, parts in given.items())


@contextmanager
def installed(peer: Peer) -> Iterator[Side]:
    """Raises Missing when it does not start or is not made ready."""
    port = free_ports(1)[0]
    with tempfile.TemporaryDirectory(prefix="wm-bench-") as made:
        folder = Path(made)

        def filled(line: str) -> str:
            return line.replace("{port}", str(port)).replace("{folder}", made)

        def asked(line: str) -> str:
            done = subprocess.run(
                ["bash", "-c", filled(line)], cwd=folder, capture_output=True, text=True, timeout=60, env=environment
            )
            if done.returncode:
                raise Missing(f"{peer.name}: `{line}` ended with {done.returncode}: {done.stderr.strip()[-300:]}")
            return done.stdout

        environment = {name: value for name, value in os.environ.items() if not name.startswith("WAYMARK_")}
        command = ["bash", "-c", filled(peer.command)]
        with _running(peer.name, command, port, folder, environment) as pids:
            if peer.setup:
                asked(peer.setup)
            counted = (lambda: int(asked(peer.count))) if peer.count else None
            yield Side(peer.name, port, f"/{SLUG}", pids, counted=counted)


@contextmanager
def _running(
    name: str, command: list[str], port: int, folder: Path, environment: dict[str, str]
) -> Iterator[Callable[[], list[int]]]:
    """Gives the processes of the command, whichever there are when asked. Raises Missing."""
    log = folder / "log"
    with log.open("wb") as output:
        process = psutil.Popen(
            command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output
        )
        try:
            try:
                wait_for(port, process, patience_s=30)
            except TimeoutError as error:
                raise Missing(f"{name} does not listen on its port; it says: {log.read_text()[-300:]}") from error
            yield lambda: [process.pid, *(child.pid for child in process.children(recursive=True))]
        finally:
            _end(process)


def _end(process: "psutil.Popen") -> None:
    with suppress(psutil.NoSuchProcess):
        everyone = [*process.children(recursive=True), process]
        for one in everyone:
            with suppress(psutil.NoSuchProcess):
                one.terminate()
        for one in psutil.wait_procs(everyone, timeout=10)[1]:
            one.kill()
    process.wait()
