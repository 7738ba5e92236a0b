"""Make a data folder from a backup.

All of it is read and compared with its digests before anything is made. A folder that is half restored has a mark,
which `up` refuses and the next restore clears. What was in a Redis or a ClickHouse server of the operator's goes into
an empty one of the operator's, which only they can empty again.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import msgspec

from infra import redis_blocking
from infra.durable_files import make_folder, sync_folder
from infra.progress import Progress
from ingest.journal_files import HEADER, LOCK
from schemas import keys
from waymark import embedded_redis
from waymark.backup import redis_copy, tables
from waymark.backup.create import MIB, manifests
from waymark.backup.manifest import Damaged, Manifest, Piece, Stream, digest_of
from waymark.backup.targets import Target
from waymark.data_dir import UNFINISHED, DataDir, hold
from waymark.errors import UserError
from waymark.settings import Settings
from waymark.startup_checks import warehouse_of

# How many damaged pieces are named.
_NAMED = 10
_ANSWER_S = 60.0


class NotEmpty(UserError):
    """There is something where the backup is to go."""


class OtherEngines(UserError):
    """The backup is of other engines than the settings name."""


class Restored(msgspec.Struct, frozen=True):
    backup: str
    taken_at_ms: int
    files: int
    bytes: int


def chosen(target: Target, backup: str | None) -> tuple[str, Manifest]:
    """The newest backup, or this one. Raises Damaged."""
    there = manifests(target)
    if not there:
        raise Damaged("there is no backup in this target")
    if backup is None:
        return there[-1]
    for name, manifest in there:
        if name == backup:
            return name, manifest
    raise Damaged(f"there is no backup {backup}: see `waymark restore TARGET --list`")


def restore(target: Target, backup: str, manifest: Manifest, settings: Settings, progress: Progress) -> Restored:
    """Raises OtherEngines and Damaged before anything is made; NotEmpty, OSError, NoRedis if no server here reads the
    codes, and what the engines' clients raise."""
    roots = {"journal": settings.journal_folder, "files": settings.files_folder}
    check_engines(manifest, settings)
    check_empty(settings, roots)
    verify(target, manifest, progress)
    folder = DataDir(settings.data)
    make_folder(folder.path)
    (folder.path / UNFINISHED).touch(mode=0o600)
    sync_folder(folder.path)
    with hold(folder, make=True, restoring=True):
        _clear(folder, roots)
        _write(target, manifest, _path_in(folder, roots), progress)
        _fill_engines(target, manifest, settings, folder, progress)
        for header in roots["journal"].glob(f"*/{HEADER}"):
            (header.parent / LOCK).touch(mode=0o640)
        if manifest.register is not None and settings.redis_url is not None:
            _take_register(settings.redis_url, manifest.register)
        elif manifest.register is not None:
            with embedded_redis.started(folder, settings.redis_server) as url:
                _take_register(url, manifest.register)
        os.sync()
        (folder.path / UNFINISHED).unlink()
        sync_folder(folder.path)
    return Restored(backup, manifest.taken_at_ms, manifest.files, manifest.size)


def check_engines(manifest: Manifest, settings: Settings) -> None:
    """Raises OtherEngines."""
    paths = [file.path for stream in manifest.streams for file in stream.files]
    for name, url, theirs in (
        ("WAYMARK_REDIS_URL", settings.redis_url, redis_copy.NAME in paths),
        ("WAYMARK_CLICKHOUSE_URL", settings.clickhouse_url, any(_is_of_table(path) for path in paths)),
    ):
        if theirs and url is None:
            raise OtherEngines(f"the backup was made with {name}: set it to an empty one")
        if url is not None and not theirs:
            raise OtherEngines(f"the backup was made without {name}: leave it out")


def _is_of_table(path: str) -> bool:
    return path.startswith(f"{tables.FOLDER}/")


def _fill_engines(target: Target, manifest: Manifest, settings: Settings, folder: DataDir, progress: Progress) -> None:
    if settings.clickhouse_url is not None:
        contents = [
            (stream.files[0].path, partial(_contents, target, stream))
            for stream in manifest.streams
            if _of_table(stream)
        ]
        client = warehouse_of(settings).connect()
        try:
            tables.fill(client, contents, progress)
        finally:
            client.close()
    if settings.redis_url is not None:
        redis_copy.copy_in(folder.path / redis_copy.NAME, settings.redis_url, settings.redis_server, progress)


def _of_table(stream: Stream) -> bool:
    return bool(stream.files) and _is_of_table(stream.files[0].path)


def check_empty(settings: Settings, roots: dict[str, Path]) -> None:
    """Raises NotEmpty, NotCopied, and what the engines' clients raise."""
    if settings.redis_url is not None:
        redis_copy.check_empty(settings.redis_url)
    if settings.clickhouse_url is not None:
        client = warehouse_of(settings).connect()
        try:
            tables.check_empty(client)
        finally:
            client.close()
    if (settings.data / UNFINISHED).exists():
        return
    for root in (settings.data, *roots.values()):
        if root.exists() and (not root.is_dir() or set(os.listdir(root)) - {"lost+found"}):
            raise NotEmpty(f"{root} is not empty: restore into a folder of its own, with --data")


def verify(target: Target, manifest: Manifest, progress: Progress) -> None:
    """Read every piece. Raises Damaged, which names what is damaged or missing, and the files that it would take."""
    bad: list[str] = []
    done = 0
    for piece, path in manifest.pieces().items():
        if reason := _wrong(target, piece):
            bad.append(f"{piece.key} is {reason} ({path})")
        done += piece.size
        progress("MiB verified", done // MIB, manifest.size // MIB)
    if bad:
        more = f", and {len(bad) - _NAMED} more" if len(bad) > _NAMED else ""
        raise Damaged(f"the backup cannot be restored: {'; '.join(bad[:_NAMED])}{more}. Nothing was made")


def _wrong(target: Target, piece: Piece) -> str:
    try:
        content = target.get(piece.key)
    except FileNotFoundError:
        return "missing"
    return "" if digest_of(content) == piece.digest else "damaged"


def _clear(folder: DataDir, roots: dict[str, Path]) -> None:
    """What an interrupted restore has made: without its mark there was nothing."""
    for root in (*roots.values(), folder.path):
        for path in list(root.iterdir()) if root.exists() else []:
            if path in (folder.path / UNFINISHED, folder.lock, folder.children_lock) or path.name == "lost+found":
                continue
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()


def _path_in(folder: DataDir, roots: dict[str, Path]) -> Callable[[str], Path]:
    def path_in(name: str) -> Path:
        first, _, rest = name.partition("/")
        path = roots[first] / rest if rest and first in roots else folder.path / name
        if ".." in Path(name).parts or Path(name).is_absolute():
            raise Damaged(f"the backup has a file outside of its folder: {name}")
        return path

    return path_in


def _write(target: Target, manifest: Manifest, path_in: Callable[[str], Path], progress: Progress) -> None:
    done = 0
    for stream in manifest.streams:
        if _of_table(stream):
            continue
        contents = _contents(target, stream)
        left = memoryview(b"")
        for file in stream.files:
            path = path_in(file.path)
            path.parent.mkdir(parents=True, exist_ok=True)
            size = file.size
            with open(path, "wb", opener=_private) as out:
                while size:
                    left = left or memoryview(next(contents))
                    written = out.write(left[:size])
                    left, size = left[written:], size - written
            done += file.size
            progress("MiB restored", done // MIB, manifest.size // MIB)
    for name, goal in manifest.links.items():
        path = path_in(name)
        make_folder(path.parent)
        path.symlink_to(goal)


def _contents(target: Target, stream: Stream) -> Iterator[bytes]:
    for piece in stream.pieces:
        content = target.get(piece.key)
        if digest_of(content) != piece.digest:
            raise Damaged(f"{piece.key} was damaged while the backup was restored: begin again")
        yield content


def _take_register(url: str, register: dict[str, str]) -> None:
    """Put back what Redis had on record when the journals were noted: later news are of scans that are not here."""
    with redis_blocking.connect(url, _ANSWER_S) as server, server.pipeline(transaction=True) as both:
        both.delete(keys.SOURCES, keys.HEARTBEATS)
        if register:
            both.hset(keys.SOURCES, mapping=register)
        both.execute()


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
