"""The Redis of one machine: how it is started, and how it is stopped."""

import shutil
import time
from pathlib import Path
from urllib.parse import quote

import redis

from waymark.folder import Folder
from waymark.redis_program import NoRedis

# With less than this free, a disk is full: a write of Redis may not fit.
NEEDED = 1 << 20


def arguments(program: Path, folder: Folder) -> list[str]:
    """Every answered write is on disk (`always`), nothing is thrown away, and only this user can connect."""
    return [
        str(program),
        *("--port", "0", "--unixsocket", str(folder.redis_socket), "--unixsocketperm", "700"),
        *("--dir", str(folder.redis), "--logfile", str(folder.redis / "redis.log")),
        *("--appendonly", "yes", "--appendfsync", "always", "--save", "", "--maxmemory-policy", "noeviction"),
        # A torn end after a crash was never answered for: it is cut off, and everything before it is kept.
        *("--aof-load-truncated", "yes", "--daemonize", "no"),
    ]


def url(folder: Folder) -> str:
    return f"unix://{quote(str(folder.redis_socket))}"


def answers(folder: Folder) -> bool:
    """Whether it takes commands now (not while it still loads its file)."""
    try:
        with redis.Redis.from_url(url(folder), socket_timeout=1) as client:
            return bool(client.ping())
    except redis.RedisError:
        return False


def shut_down(folder: Folder) -> None:
    """Tells the server to end, as it would on SIGTERM: its children of `up` have signals blocked, so that
    a Ctrl-C in the terminal does not reach Redis before those who still use it."""
    try:
        with redis.Redis.from_url(url(folder), socket_timeout=2) as client:
            client.shutdown(nosave=True)
    except redis.RedisError:
        return


def clear_leftover(folder: Folder, *, wait_s: float = 10.0) -> None:
    """Ends a server that a killed supervisor left behind where the kernel could not do it."""
    if not folder.redis_socket.exists():
        return
    until = time.monotonic() + wait_s
    while answers(folder):
        shut_down(folder)
        if time.monotonic() > until:
            raise NoRedis(f"Another Redis answers at {folder.redis_socket} and does not end.")
        time.sleep(0.05)


def does_not_start(program: Path, folder: Folder) -> NoRedis:
    return NoRedis(f"{program} does not start{full_disk(folder)}. It says:\n{_last_words(folder)}")


def full_disk(folder: Folder) -> str:
    """A sentence about the disk, where it is full: Redis ends at a write that it cannot make, and cannot log why."""
    free = shutil.disk_usage(folder.path).free
    return f". The disk of {folder.path} is full ({free:,} bytes are free): make room" if free < NEEDED else ""


def _last_words(folder: Folder, lines: int = 5) -> str:
    log = folder.redis / "redis.log"
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:]) if log.exists() else ""
