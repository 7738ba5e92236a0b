"""Which Redis runs on a data folder: the same one everywhere, and none that does not see what is there."""

import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import redis

from tests.servers import require
from waymark import embedded_redis, redis_program
from waymark.data_dir import DataDir, hold
from waymark.embedded_redis import started
from waymark.redis_program import NoRedis, Server, Version, find, identify, note, note_of

NOWHERE = "/nowhere"


@contextmanager
def held(path: Path) -> Iterator[DataDir]:
    folder = DataDir(path / "data")
    with hold(folder, make=True):
        yield folder


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[DataDir]:
    with held(tmp_path) as made:
        yield made


def program(at: Path, name: str, says: str) -> Path:
    at.mkdir(exist_ok=True)
    path = at / name
    path.write_text(f"#!/bin/sh\necho '{says} sha=00000000:0 malloc=libc bits=64 build=0'\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def test_the_bundled_one_is_taken_whatever_is_on_the_path(folder: DataDir, tmp_path: Path) -> None:
    """Another PATH (cron, systemd, sudo) meant another server, which came up empty."""
    program(tmp_path / "bin", "redis-server", "Redis server v=8.2.1")
    server = find(folder, path=str(tmp_path / "bin"))
    assert (server.program, server.because) == (redis_program.bundled(), "")
    assert server.is_a == identify(server.program)
    assert server.is_a.minor >= redis_program.OLDEST


def test_the_newest_on_the_path_where_that_is_asked_for(folder: DataDir, tmp_path: Path) -> None:
    old = program(tmp_path / "bin", "redis-server", "Redis server v=5.0.14")
    with pytest.raises(NoRedis, match=r"6\.2 or newer"):
        find(folder, "path", str(tmp_path / "bin"))
    valkey = program(tmp_path / "bin", "valkey-server", "Valkey server v=8.1.3")
    assert find(folder, "path", str(tmp_path / "bin")).program == valkey
    assert find(folder, str(valkey)).is_a == Version("valkey", "8.1.3")
    with pytest.raises(NoRedis, match=r"Redis 5\.0\.14.*6\.2"):
        find(folder, str(old))


@pytest.mark.parametrize(
    ("written", "server", "reads"),
    [
        (("redis", "6.2.14"), ("redis", "6.2.6"), True),
        (("redis", "6.2.14"), ("redis", "7.0.15"), True),
        (("redis", "7.2.4"), ("redis", "7.0.15"), False),
        (("redis", "7.2.4"), ("valkey", "8.1.8"), True),
        (("redis", "7.4.0"), ("valkey", "8.1.8"), False),
        (("valkey", "8.1.8"), ("redis", "8.2.0"), False),
        (("valkey", "8.1.8"), ("valkey", "9.0.0"), True),
        (("valkey", "10.0.0"), ("valkey", "9.1.0"), False),
    ],
)
def test_who_reads_whom(written: tuple[str, str], server: tuple[str, str], reads: bool) -> None:
    assert Version(*server).reads(Version(*written)) is reads


def test_a_server_older_than_the_one_that_wrote_is_refused(folder: DataDir, tmp_path: Path) -> None:
    note(folder, Server(Path("/x"), Version("redis", "7.2.4")))
    assert note_of(folder) == Version("redis", "7.2.4")
    with pytest.raises(NoRedis, match=r"Redis 7\.2\.4, which Redis 6\.2.*WAYMARK_REDIS_SERVER"):
        find(folder, path=NOWHERE)
    older = program(tmp_path / "bin", "redis-server", "Redis server v=7.0.15")
    with pytest.raises(NoRedis, match=r"Redis 7\.2\.4"):
        find(folder, "path", str(older.parent))
    newer = program(tmp_path / "bin", "valkey-server", "Valkey server v=8.1.3")
    found = find(folder, path=str(newer.parent))
    assert (found.program, "Redis 7.2.4" in found.because) == (newer, True)


def test_files_that_an_old_server_does_not_see_are_not_passed_over(folder: DataDir, tmp_path: Path) -> None:
    (folder.redis / "appendonlydir").mkdir()
    with pytest.raises(NoRedis, match=r"appendonlydir.*does not see"):
        find(folder, path=NOWHERE)
    newer = program(tmp_path / "bin", "redis-server", "Redis server v=7.0.15")
    assert find(folder, path=str(newer.parent)).program == newer
    # What an old server wrote beside it, before this was looked at.
    (folder.redis / "appendonly.aof").write_text("*1")
    with pytest.raises(NoRedis, match="Two servers wrote"):
        find(folder, "path", str(newer.parent))


def test_a_damaged_note_is_not_taken_for_none(folder: DataDir) -> None:
    (folder.redis / "server.json").write_text("{")
    with pytest.raises(NoRedis, match="is damaged"):
        find(folder)


def test_codes_go_along_to_a_newer_server_and_not_back(folder: DataDir) -> None:
    """With a real one: Redis 7 takes the old file over into a folder, which 6.2 does not see."""
    require.programs("redis-server", why="a Redis newer than the bundled one")
    with started(folder) as url, redis.Redis.from_url(url) as client:
        client.set("code", "kept")
    assert note_of(folder) == find(folder).is_a
    with started(folder, "path") as url, redis.Redis.from_url(url) as client:
        assert client.get("code") == b"kept"
        assert client.info()["redis_version"] != "6.2.14"
    assert (folder.redis / "appendonlydir").is_dir()
    for _ in ("by its note", "by its files"):
        with pytest.raises(NoRedis, match="WAYMARK_REDIS_SERVER"):
            find(folder, path=NOWHERE)
        (folder.redis / "server.json").unlink(missing_ok=True)
    with started(folder) as url, redis.Redis.from_url(url) as client:
        assert client.get("code") == b"kept"


def test_a_full_disk_is_said_where_redis_ends(folder: DataDir, monkeypatch: pytest.MonkeyPatch) -> None:
    """Redis ends at a write that does not fit, and there is no room for it to log why."""
    assert embedded_redis.full_disk(folder) == ""
    monkeypatch.setattr(embedded_redis, "NEEDED", 1 << 62)
    assert f"The disk of {folder.path} is full" in embedded_redis.full_disk(folder)
    assert "make room" in str(embedded_redis.does_not_start(Path("/redis-server"), folder))
