"""One moment of a machine, held fast in links, for a backup that takes longer than a moment.

`take` runs in the core between two batches, when nothing is declared and nothing is inserted, and returns within a
second or so; redirects go on meanwhile. What is appended to or replaced afterwards is not in the snapshot:

1. what Redis has on record of the sources;
2. the warehouse: its parts are never changed, and the engine links them (`FREEZE`);
3. the aggregator's notes, and the journals up to their lengths, with the register read before: so no evidence says
   more than the journals hold;
4. uploaded files, then Redis' append-only file up to its length: so every scan finds its code. Then uploaded files
   again: one that was made or deleted just now is in it.

Where an engine is the operator's own, its part is another: a ClickHouse server clones its tables (`tables`); with Kafka
there are no journals to take, and the register says what is stored; a Redis is copied after the snapshot
(`redis_copy`), which may be later: codes without scans are whole.

Lengths are enough, since journals and the append-only file only grow: a line that is cut off there is one that was
never answered, as after a kill.
"""

import errno
import fcntl
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
from clickhouse_connect.driver.client import Client

from aggregator.audit.evidence_readers import reached
from ingest import ballast, register
from ingest.journal_files import HEADER, REFUSED, segment_path, segments, sources
from schemas import keys
from schemas.register import decode_entry, encode_entry
from waymark import embedded_redis
from waymark.backup import tables
from waymark.backup.tables import Clone
from waymark.data_dir import DataDir
from waymark.errors import UserError
from waymark.settings import Settings

REDIS = "WAYMARK_REDIS_URL"
# In each folder that may be a disk of its own; links cannot leave one.
LINKS = ".backup"
# (The engine escapes other names.)
FROZEN = "waymark_backup"
_SHADOW = "shadow"
_LOCK = "backup.lock"
# What is made anew by itself, or is of one start only.
_NOT_KEPT = {"tmp", LINKS, "lock", "children.lock", _LOCK, ballast.NAME, "audit.json", "proof.msgpack"}
_REDIS_NOT_KEPT = ("redis.log", "dump.rdb", "temp-", ".")
# The refusals of a full disk change while a journal is noted; that they do so each time is most unlikely.
_TRIES = 50


class Entry(msgspec.Struct, frozen=True, array_like=True):
    """The file `at`, of which the first `size` bytes are wanted, as `path` in the backup. It may be shorter by now if
    it `grows`: a torn end was cut off."""

    path: str
    at: str
    size: int
    grows: bool = False


class Snapshot(msgspec.Struct):
    """`engines` are the settings of those that are the operator's own."""

    deployment: str
    entries: list[Entry] = []
    links: dict[str, str] = {}
    register: dict[str, str] | None = None
    clones: list[Clone] = []
    engines: list[str] = []

    def add(self, path: str, at: Path, *, grows: bool = False) -> None:
        self.entries.append(Entry(path, str(at), at.stat().st_size, grows))


class Running(UserError):
    """Another backup of this folder is being made."""


@contextmanager
def alone(settings: Settings) -> Iterator[None]:
    """One backup at a time: the links have fixed names, so that nothing is left for long. Raises Running."""
    lock = os.open(settings.data / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise Running(f"another backup of {settings.data} is being made: wait for it") from None
    finally:
        os.close(lock)


def sweep_unused(settings: Settings) -> None:
    """Delete what a killed backup has left; for a start. Links keep the space of files that are deleted."""
    try:
        with alone(settings):
            sweep(settings)
    except Running:
        return


def sweep(settings: Settings) -> None:
    for folder in _link_folders(settings):
        shutil.rmtree(folder, ignore_errors=True)


def _link_folders(settings: Settings) -> list[Path]:
    folders = [root / LINKS for root in (settings.data, settings.journal_folder, settings.files_folder)]
    return [*folders, DataDir(settings.data).warehouse / _SHADOW / FROZEN]


def take(client: Client, settings: Settings, redis_url: str) -> Snapshot:
    """Call it between batches, after `sweep`. Raises OSError, Unreachable and what the client raises."""
    folder = DataDir(settings.data)
    made = Snapshot(deployment_of(settings), register=_register(redis_url), engines=engines_of(settings))
    if settings.clickhouse_url is not None:
        tables.drop_clones(client)
        made.clones = tables.clone(client)
    else:
        for (table,) in client.query(
            "SELECT name FROM system.tables WHERE database = currentDatabase() AND engine LIKE '%MergeTree'"
        ).result_rows:
            client.command(f"ALTER TABLE `{table}` FREEZE WITH NAME '{FROZEN}'")
        _warehouse(made, folder, folder.path / LINKS / "warehouse")
    if settings.kafka_bootstrap is None:
        _small(made, "bus", folder.bus, folder.path / LINKS / "bus")
        _journals(made, settings.journal_folder, settings.journal_folder / LINKS)
    elif settings.clickhouse_url is None:
        made.register = lowered(made.register or {}, tables.stored(client, ""), tables.closed(client, ""))
    add_files(made, settings)
    if REDIS not in made.engines:
        append_only(made, folder.redis, folder.path / LINKS / "redis")
        add_files(made, settings)
    _others(made, settings, folder.path / LINKS / "others")
    return made


def engines_of(settings: Settings) -> list[str]:
    """(The services of an `up` are told the address of its own Redis, as if it were another.)"""
    own_redis = settings.redis_url in (None, embedded_redis.url(DataDir(settings.data)))
    found = {
        REDIS: not own_redis,
        "WAYMARK_KAFKA_BOOTSTRAP": settings.kafka_bootstrap is not None,
        "WAYMARK_CLICKHOUSE_URL": settings.clickhouse_url is not None,
    }
    return [name for name, theirs in found.items() if theirs]


def lowered(register: dict[str, str], stored: dict[int, tuple[int, int, int]], closed: set[int]) -> dict[str, str]:
    """The register as far as scans are stored: of what is in Kafka and in journals elsewhere, nothing is in the
    backup. A source whose end is stored is as it was."""
    found = {}
    for source, raw in register.items():
        entry = decode_entry(raw.encode())
        if entry.source in closed:
            found[source] = raw
        elif entry.source in stored:
            highest, count, digest = stored[entry.source]
            refused = min(entry.refused, highest - count)
            less = msgspec.structs.replace(entry, last_seq=highest, digest=digest, refused=refused, state="open")
            found[source] = encode_entry(less).decode()
    return found


def of_stopped(settings: Settings) -> Snapshot:
    """The folder as it is, while nothing uses it: its owner calls. Raises UserError if it is not all there is."""
    if engines_of(settings):
        raise UserError(
            "With a Redis or Kafka of your own a backup is taken beside the running Waymark: start it first"
        )
    folder = DataDir(settings.data)
    made = Snapshot(deployment_of(settings))
    for path in walk(folder.path, _NOT_KEPT | _rooms(settings) - {"bus"}):
        _plain(made, str(path.relative_to(folder.path)), path)
    for name, root in (("warehouse", folder.warehouse), ("redis", folder.redis)):
        for path in walk(root, {_SHADOW, "tmp"} if name == "warehouse" else set()):
            if name == "warehouse" or not path.name.startswith(_REDIS_NOT_KEPT):
                _plain(made, f"{name}/{path.relative_to(root)}", path)
    for name, root in (("journal", settings.journal_folder), ("files", settings.files_folder)):
        for path in walk(root, {LINKS}):
            _plain(made, f"{name}/{path.relative_to(root)}", path)
    return made


def deployment_of(settings: Settings) -> str:
    """The id of its journal folder, which a restored one keeps; "" on a cluster."""
    if settings.kafka_bootstrap is not None:
        return ""
    return (settings.journal_folder / "bus-id").read_text().strip()


def _rooms(settings: Settings) -> set[str]:
    """Names in the data folder that are looked at one by one."""
    elsewhere = (settings.journal_folder, settings.files_folder)
    inside = {one.relative_to(settings.data).parts[0] for one in elsewhere if one.is_relative_to(settings.data)}
    return {"warehouse", "redis", "bus", "journal", "files"} | inside


def walk(root: Path, without: set[str]) -> Iterator[Path]:
    """Files and links below a folder, without these names at its top."""
    for parent, folders, names in os.walk(root):
        top = Path(parent) == root
        folders[:] = sorted(name for name in folders if not (top and name in without))
        for name in [*folders, *sorted(names)]:
            path = Path(parent, name)
            if (path.is_symlink() or name not in folders) and not (top and name in without):
                yield path


def _plain(made: Snapshot, name: str, path: Path) -> None:
    if path.is_symlink():
        made.links[name] = os.readlink(path)
    elif stat.S_ISREG(path.lstat().st_mode):
        made.add(name, path)


def _register(redis_url: str) -> dict[str, str]:
    with reached(redis_url, "register") as server:
        found = server.hgetall(keys.SOURCES)
        return {source.decode(): entry.decode() for source, entry in found.items()}  # type: ignore[union-attr]


def _warehouse(made: Snapshot, folder: DataDir, copies: Path) -> None:
    """Frozen parts, and what is beside parts: how tables are made, and which inserts they know."""
    frozen = folder.warehouse / _SHADOW / FROZEN
    for path in walk(frozen, set()):
        made.add(f"warehouse/{path.relative_to(frozen)}", path)
    for path in walk(folder.warehouse, {_SHADOW, "tmp", "data"}):
        parts = path.relative_to(folder.warehouse).parts
        name = "/".join(("warehouse", *parts))
        # store/<3>/<uuid>/<a part, or what is told of parts>/...
        if path.is_symlink():
            made.links[name] = os.readlink(path)
        elif parts[0] != "store" or len(parts) == 4 or parts[3] == "deduplication_logs":
            _copy(made, name, path, copies / "/".join(parts))


def _small(made: Snapshot, name: str, root: Path, copies: Path) -> None:
    for path in walk(root, set()):
        inside = path.relative_to(root)
        _copy(made, f"{name}/{inside}", path, copies / inside)


def _copy(made: Snapshot, name: str, path: Path, copy: Path) -> None:
    """Of what is small, and replaced or written over."""
    copy.parent.mkdir(parents=True, exist_ok=True)
    try:
        copy.write_bytes(path.read_bytes())
    except FileNotFoundError:
        return
    made.add(name, copy)


def _link(made: Snapshot, name: str, path: Path, link: Path, *, grows: bool = False) -> None:
    """Raises FileNotFoundError when it is gone."""
    link.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(path, link, follow_symlinks=False)
    except FileExistsError:
        return
    except OSError as error:
        if error.errno not in (errno.EXDEV, errno.EPERM, errno.EMLINK, errno.EOPNOTSUPP):
            raise
        # A disk of its own, or one without links.
        shutil.copyfile(path, link)
    made.add(name, link, grows=grows)


def _journals(made: Snapshot, journals: Path, links: Path) -> None:
    _small(made, f"journal/{register.FOLDER}", journals / register.FOLDER, links / register.FOLDER)
    there = sources(journals)
    for path in walk(journals, {LINKS, register.FOLDER, *map(str, there)}):
        inside = path.relative_to(journals)
        # (A name with a dot is that of a journal which is being made or removed.)
        if not inside.parts[0].startswith("."):
            _link(made, f"journal/{inside}", path, links / inside, grows=True)
    for source in there:
        for _ in range(_TRIES):
            noted = Snapshot("")
            try:
                before = _refused(journals / str(source))
                _journal(noted, journals / str(source), links)
                if _refused(journals / str(source)) == before:
                    made.entries += noted.entries
                    break
            except FileNotFoundError:
                # A segment that is stored goes at any time; a journal that is stored to its end goes altogether.
                if not (journals / str(source)).exists():
                    break
            shutil.rmtree(links / str(source), ignore_errors=True)
        else:
            raise OSError(f"the journal of source {source} refuses events all the time: make room on its disk first")


def _refused(folder: Path) -> bytes:
    return (folder / REFUSED).read_bytes()


def _journal(made: Snapshot, folder: Path, links: Path) -> None:
    for name in (HEADER, REFUSED):
        _copy(made, f"journal/{folder.name}/{name}", folder / name, links / folder.name / name)
    for first in segments(folder):
        path = segment_path(folder, first)
        _link(made, f"journal/{folder.name}/{path.name}", path, links / folder.name / path.name, grows=True)


def add_files(made: Snapshot, settings: Settings) -> None:
    """Uploaded files that are not in it yet."""
    root = settings.files_folder
    for path in walk(root, {LINKS}):
        if not path.name.startswith("."):
            inside = path.relative_to(root)
            try:
                _link(made, f"files/{inside}", path, root / LINKS / inside)
            except FileNotFoundError:
                continue


def append_only(made: Snapshot, folder: Path, links: Path) -> None:
    """Redis' append-only file as it is now: one file, or from Redis 7 on a folder with a list of them."""
    several = folder / "appendonlydir"
    if not several.is_dir():
        _link(made, "redis/appendonly.aof", folder / "appendonly.aof", links / "appendonly.aof", grows=True)
    else:
        _appended(made, several, links / several.name)
    if (note := folder / "server.json").exists():
        _copy(made, "redis/server.json", note, links / note.name)


def _appended(made: Snapshot, folder: Path, links: Path) -> None:
    [listed] = folder.glob("*.manifest")
    for _ in range(_TRIES):
        before = listed.read_bytes()
        # `file NAME seq N type T`; of type h is what only waits to be deleted.
        lines = [line for line in before.splitlines() if line and not line.endswith(b" type h")]
        noted = Snapshot("")
        try:
            for line in lines:
                name = line.split()[1].decode()
                _link(noted, f"redis/{folder.name}/{name}", folder / name, links / name, grows=True)
        except FileNotFoundError:
            noted.entries.clear()
        if noted.entries and listed.read_bytes() == before:
            (links / listed.name).write_bytes(b"\n".join(lines) + b"\n")
            noted.add(f"redis/{folder.name}/{listed.name}", links / listed.name)
            made.entries += noted.entries
            return
        shutil.rmtree(links, ignore_errors=True)
    raise OSError(f"Redis rewrites {folder} all the time")


def _others(made: Snapshot, settings: Settings, links: Path) -> None:
    """Whatever else is in the data folder: a database of locations, for example."""
    for path in walk(settings.data, _NOT_KEPT | _rooms(settings)):
        if stat.S_ISREG(path.lstat().st_mode):
            inside = path.relative_to(settings.data)
            _link(made, str(inside), path, links / inside, grows=True)
