"""Copy a Redis of the operator's: out of it as a replica does, and into an empty one key by key.

A replica's first copy is one moment of the server, whatever is written meanwhile, with everything in it. To read it, a
server of this machine is started on it (an append-only file may begin with such a copy), which must not be older than
the one that wrote it.
"""

import socket
import tempfile
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import redis

from infra import engine_urls, redis_blocking
from infra.progress import Progress
from waymark.data_dir import DataDir
from waymark.embedded_redis import started
from waymark.errors import UserError

NAME = "redis/copy.rdb"
_SILENT_S = 300.0
_PART = 1 << 20
_MARK = 40
_KEYS = 500


class NotCopied(UserError):
    """Redis gives no copy, or takes none; the message says why."""


def copy_out(url: str, path: Path) -> None:
    """Write the server's copy of itself. Raises NotCopied and OSError."""
    try:
        with redis_blocking.connect(url, _SILENT_S) as server:
            connection = server.connection_pool.get_connection()
            try:
                connection.send_command("SYNC")
                # What follows is not the protocol that the client reads.
                with path.open("wb") as out:
                    for part in _copied(connection._sock):
                        out.write(part)
            finally:
                connection.disconnect()
    except redis.RedisError as error:
        raise NotCopied(f"Redis gives no copy of itself: {error}") from error


def _copied(source: socket.socket) -> Iterator[bytes]:
    """`$LENGTH`, or `$EOF:` and a mark that ends it where the server does not know the length beforehand. Newlines
    before that keep the connection open."""
    block = b""
    while not (block := block.lstrip(b"\n")) or b"\n" not in block:
        block += _received(source)
    line, _, block = block.partition(b"\n")
    line = line.strip()
    if line.startswith(b"$EOF:"):
        mark = line[5:]
        while not block.endswith(mark):
            # What may be the mark's beginning is held back.
            yield block[:-_MARK]
            block = block[-_MARK:] + _received(source)
        yield block[: -len(mark)]
        return
    if not line.startswith(b"$"):
        raise NotCopied(f"Redis gives no copy of itself: {line.decode(errors='replace')}")
    left = int(line[1:])
    while left:
        yield block[:left]
        left -= len(block[:left])
        block = _received(source) if left else b""


def _received(source: socket.socket) -> bytes:
    if part := source.recv(_PART):
        return part
    raise NotCopied("Redis gives no copy of itself: it ended the connection")


def check_empty(url: str) -> None:
    """Raises NotCopied."""
    try:
        with redis_blocking.connect(url, _SILENT_S) as server:
            there = server.dbsize()
    except redis.RedisError as error:
        raise NotCopied(f"Redis does not answer: {error}") from error
    if there:
        raise NotCopied(f"the Redis of WAYMARK_REDIS_URL is not empty: it has {there} keys")


def copy_in(copy: Path, url: str, program: str, progress: Progress) -> None:
    """Put the copy into the Redis at the URL. `program` is what reads it (`WAYMARK_REDIS_SERVER`). Raises NotCopied and
    NoRedis."""
    with tempfile.TemporaryDirectory(prefix="redis-") as name:
        folder = DataDir(Path(name))
        folder.make()
        copy.rename(folder.redis / "appendonly.aof")
        try:
            with (
                started(folder, program) as here,
                redis_blocking.connect(_same_database(here, url), _SILENT_S) as source,
                redis_blocking.connect(url, _SILENT_S) as goal,
            ):
                count, done = source.dbsize(), 0
                all_keys = source.scan_iter(count=_KEYS)
                while keys := list(islice(all_keys, _KEYS)):
                    _put(source, goal, keys)
                    done += len(keys)
                    progress("keys", done, max(done, count))
        except redis.RedisError as error:
            raise NotCopied(f"the codes could not be copied: {error}") from error


def _same_database(here: str, url: str) -> str:
    return f"{here}?db={engine_urls.redis(url).db}"


def _put(source: "redis.Redis", goal: "redis.Redis", keys: list[bytes]) -> None:
    asked = source.pipeline(transaction=False)
    for key in keys:
        asked.dump(key)
        asked.pttl(key)
    said = asked.execute()
    told = goal.pipeline(transaction=False)
    for key, content, left in zip(keys, said[::2], said[1::2], strict=True):
        if content is not None:
            # (-1: it does not expire.)
            told.restore(key, max(left, 0), content, replace=True)
    told.execute()
