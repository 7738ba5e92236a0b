"""The Redis that `waymark up` runs on one machine: start it, ask it, stop it; and `redis_of`, the Redis for a
command: the configured one, that of the `up` beside it, or one started for as long as the command takes.
"""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import redis

from waymark import parent_death, redis_program
from waymark.data_dir import DataDir, held, hold
from waymark.redis_program import NoRedis
from waymark.settings import Settings

# Time limit for a start, which reads a big append-only file at about 100 MB/s.
READY_WITHIN_S = 300.0
# With less than this free, the disk counts as full: a write of Redis may not fit.
NEEDED = 1 << 20


def arguments(program: Path, folder: DataDir) -> list[str]:
    """Every answered write is on disk (`always`), nothing is evicted, and only this user can connect."""
    return [
        str(program),
        *("--port", "0", "--unixsocket", str(folder.redis_socket), "--unixsocketperm", "700"),
        *("--dir", str(folder.redis), "--logfile", str(folder.redis / "redis.log")),
        *("--appendonly", "yes", "--appendfsync", "always", "--save", "", "--maxmemory-policy", "noeviction"),
        # A torn end after a crash was never acknowledged: cut it off, keep everything before it.
        *("--aof-load-truncated", "yes", "--daemonize", "no"),
    ]


def url(folder: DataDir) -> str:
    return f"unix://{quote(str(folder.redis_socket))}"


def answers(folder: DataDir) -> bool:
    """Whether it takes commands (not while it still loads its file)."""
    try:
        with redis.Redis.from_url(url(folder), socket_timeout=1) as client:
            return bool(client.ping())
    except redis.RedisError:
        return False


def shut_down(folder: DataDir) -> None:
    """Send SHUTDOWN. (Children of `up` block signals, so that Ctrl-C does not reach Redis before the processes that
    still use it.)"""
    try:
        with redis.Redis.from_url(url(folder), socket_timeout=2) as client:
            client.shutdown(nosave=True)
    except redis.RedisError:
        return


def clear_leftover(folder: DataDir, *, wait_s: float = 10.0) -> None:
    """End a server that a killed supervisor left behind."""
    if not folder.redis_socket.exists():
        return
    until = time.monotonic() + wait_s
    while answers(folder):
        shut_down(folder)
        if time.monotonic() > until:
            raise NoRedis(f"Another Redis answers at {folder.redis_socket} and does not end.")
        time.sleep(0.05)


def does_not_start(program: Path, folder: DataDir) -> NoRedis:
    return NoRedis(f"{program} does not start{full_disk(folder)}. It says:\n{_last_words(folder)}")


def full_disk(folder: DataDir) -> str:
    """Say so if the disk is full: Redis exits at a write that fails, and cannot log why."""
    free = shutil.disk_usage(folder.path).free
    return f". The disk of {folder.path} is full ({free:,} bytes are free): make room" if free < NEEDED else ""


def _last_words(folder: DataDir, lines: int = 5) -> str:
    log = folder.redis / "redis.log"
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:]) if log.exists() else ""


@contextmanager
def redis_of(settings: Settings) -> Iterator[str]:
    """Yields its URL. Raises NoFolder, NoRedis, and InUse when another process is taking the folder."""
    folder = DataDir(settings.data)
    if settings.redis_url is not None:
        yield settings.redis_url
    elif held(folder):
        if not answers(folder):
            raise NoRedis(
                f"A waymark uses {folder.path}, but no Redis answers at {folder.redis_socket}. "
                "If it is starting, try again; if it uses a Redis of yours, set WAYMARK_REDIS_URL here as well."
            )
        yield url(folder)
    else:
        with hold(folder), started(folder, settings.redis_server) as address:
            yield address


@contextmanager
def started(folder: DataDir, wanted: str = redis_program.BUNDLED) -> Iterator[str]:
    """Start one; the caller must hold the folder. Yields its URL. Raises NoRedis."""
    clear_leftover(folder)
    server = redis_program.find(folder, wanted)
    blocked = {signal.SIGINT, signal.SIGHUP, signal.SIGTERM}
    process = subprocess.Popen(  # noqa: S603
        arguments(server.program, folder),
        stdin=subprocess.DEVNULL,
        preexec_fn=parent_death.before_exec(os.getpid(), blocked),
    )
    try:
        until = time.monotonic() + READY_WITHIN_S
        while not answers(folder):
            if process.poll() is not None or time.monotonic() > until:
                raise does_not_start(server.program, folder)
            time.sleep(0.02)
        redis_program.note(folder, server)
        yield url(folder)
    finally:
        shut_down(folder)
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
