"""Backups of a folder that nobody uses: what is sent, what is kept, and what a restore refuses."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import msgspec
import pytest

from infra.progress import silent
from schemas.register import SourceEntry, encode_entry
from tests.servers import bucket
from waymark import embedded_redis
from waymark.backup import create as creating
from waymark.backup import snapshot
from waymark.backup.create import Made, WrongTarget, create, manifests
from waymark.backup.manifest import Damaged
from waymark.backup.restore import NotEmpty, OtherEngines, chosen, restore
from waymark.backup.snapshot import Running, Snapshot
from waymark.backup.targets import BucketTarget, FolderTarget, Target, target_of
from waymark.data_dir import UNFINISHED, DataDir, HalfRestored, hold
from waymark.errors import UserError
from waymark.settings import Settings

PART = "warehouse/store/abc/abcd-1/202611_1_1_0"


@pytest.fixture
def found(tmp_path: Path) -> Settings:
    """A data folder with some of everything."""
    settings = Settings(data=tmp_path / "data")
    with hold(DataDir(settings.data), make=True):
        write(settings.data, "journal/bus-id", b"0123456789abcdef\n")
        write(settings.data, "redis/appendonly.aof", b"SET a 1\n" * 3000)
        write(settings.data, "redis/redis.log", b"not kept")
        write(settings.data, f"{PART}/checksums.txt", b"sums")
        write(settings.data, f"{PART}/data.bin", os.urandom(100_000))
        write(settings.data, f"{PART}/of.proj/data.bin", b"projection")
        (settings.data / "warehouse/metadata").mkdir()
        (settings.data / "warehouse/metadata/default").symlink_to("../store/abc")
        write(settings.data, f"files/ab/{'ab' * 32}.png", b"a picture")
        write(settings.data, "geo.mmdb", b"")
        write(settings.data, "tmp/half", b"not kept")
    return settings


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(creating, "PIECE_BYTES", 10_000)


@pytest.fixture(params=["folder", "bucket"])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Target]:
    if request.param == "folder":
        yield target_of(str(tmp_path / "target"), {})
        return
    with bucket.serving("backups/of/one") as (address, _):
        credentials, host = address.removeprefix("http://").split("/")[0].split("@")
        access, secret = credentials.split(":")
        environ = {"AWS_ACCESS_KEY_ID": access, "AWS_SECRET_ACCESS_KEY": secret, "AWS_ENDPOINT_URL": f"http://{host}"}
        yield target_of("s3://backups/of/one", environ)


def write(folder: Path, name: str, content: bytes) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def made(settings: Settings, target: Target, at: int = 0, keep: int | None = None) -> Made:
    return create(snapshot.of_stopped(settings), target, 1_790_000_000_000 + at * 1000, silent, keep=keep)


def contents(folder: Path) -> dict[str, bytes | str]:
    return {
        str(path.relative_to(folder)): os.readlink(path) if path.is_symlink() else path.read_bytes()
        for path in snapshot.walk(folder, {"tmp", "lock", "children.lock", "backup.lock"})
        if path.name != "redis.log"
    }


def test_there_and_back(found: Settings, target: Target, tmp_path: Path) -> None:
    first = made(found, target)
    assert (first.files, first.new_bytes) == (7, first.bytes)
    other = Settings(data=tmp_path / "other")
    name, manifest = chosen(target, None)
    assert name == first.backup and name.startswith("20260921T")
    done = restore(target, name, manifest, other, silent)
    assert (done.backup, done.files, done.bytes) == (first.backup, first.files, first.bytes)
    assert contents(other.data) == contents(found.data)
    assert (other.data / "redis/appendonly.aof").stat().st_mode & 0o777 == 0o600


def test_the_next_one_sends_what_is_new_and_the_oldest_go(found: Settings, target: Target) -> None:
    first = made(found, target)
    assert made(found, target, 1).new_bytes == 0
    with (found.data / "redis/appendonly.aof").open("ab") as file:
        file.write(b"SET b 2\n")
    write(found.data, PART.replace("_1_1_", "_2_2_") + "/checksums.txt", b"other sums")
    (found.data / PART / "data.bin").rename(found.data / "merged-away")
    (found.data / "merged-away").unlink()
    write(found.data, f"{PART}/data.bin", os.urandom(100_000))
    third = made(found, target, 2, keep=2)
    # A part with the checksums that it had is not read again; the append-only file is from its last piece on.
    assert third.new_bytes < 10_000
    assert third.dropped == [first.backup]
    last = made(found, target, 3, keep=1)
    assert [name for name, _ in manifests(target)] == [last.backup]
    needed = {piece.key for piece in chosen(target, None)[1].pieces()}
    assert set(target.keys("pieces/")) == needed


def test_what_is_damaged_is_named_before_anything_is_made(found: Settings, tmp_path: Path) -> None:
    target = FolderTarget(tmp_path / "target")
    made(found, target)
    name, manifest = chosen(target, None)
    paths = {path: piece for piece, path in manifest.pieces().items()}
    damaged, missing = paths["redis/appendonly.aof"], paths[f"files/ab/{'ab' * 32}.png"]
    target.put(damaged.key, b"something else")
    target.remove(missing.key)
    other = Settings(data=tmp_path / "other")
    with pytest.raises(Damaged) as said:
        restore(target, name, manifest, other, silent)
    assert f"{damaged.key} is damaged (redis/appendonly.aof)" in str(said.value)
    assert f"{missing.key} is missing (files/ab/" in str(said.value)
    assert not other.data.exists()
    listed = target.path / "backups" / f"{name}.json"
    listed.write_bytes(listed.read_bytes().replace(b"geo.mmdb", b"geo.mmdc"))
    with pytest.raises(Damaged, match=f"the list of the backup {name} is damaged"):
        chosen(target, None)


def test_only_an_empty_folder_is_restored_into(found: Settings, tmp_path: Path) -> None:
    target = FolderTarget(tmp_path / "target")
    made(found, target)
    name, manifest = chosen(target, None)
    with pytest.raises(NotEmpty, match="data is not empty"):
        restore(target, name, manifest, found, silent)
    away = tmp_path / "away"
    write(away, "something", b"")
    other = tmp_path / "other"
    for elsewhere in (Settings(data=other, journal=away), Settings(data=other, files=away)):
        with pytest.raises(NotEmpty, match="away is not empty"):
            restore(target, name, manifest, elsewhere, silent)
    assert not (tmp_path / "other").exists()


def test_a_backup_of_other_engines_is_refused(found: Settings, tmp_path: Path) -> None:
    target = FolderTarget(tmp_path / "target")
    made(found, target)
    theirs = Settings(data=tmp_path / "other", redis_url="redis://redis")
    with pytest.raises(OtherEngines, match="made without WAYMARK_REDIS_URL: leave it out"):
        restore(target, *chosen(target, None), theirs, silent)
    write(found.data, "redis/copy.rdb", b"")
    made(found, target, 1)
    with pytest.raises(OtherEngines, match="made with WAYMARK_REDIS_URL: set it"):
        restore(target, *chosen(target, None), Settings(data=tmp_path / "other"), silent)
    with pytest.raises(UserError, match="start it first"):
        made(msgspec.structs.replace(found, kafka_bootstrap="kafka:9092"), target, 2)


def test_the_redis_of_an_up_is_not_the_operators(found: Settings) -> None:
    """Its services are told the address."""
    inside = msgspec.structs.replace(found, redis_url=embedded_redis.url(DataDir(found.data)))
    assert snapshot.engines_of(inside) == [] == snapshot.engines_of(found)
    theirs = msgspec.structs.replace(found, redis_url="redis://redis", clickhouse_url="http://clickhouse")
    assert snapshot.engines_of(theirs) == ["WAYMARK_REDIS_URL", "WAYMARK_CLICKHOUSE_URL"]


def test_the_register_says_what_is_stored() -> None:
    def entry(
        source: int, last: int, refused: int = 0, state: Literal["open", "closed"] = "open", digest: int = 7
    ) -> str:
        return encode_entry(SourceEntry(source, last, digest, refused, state, 0, "host", "boot")).decode()

    register = {"1": entry(1, 90), "2": entry(2, 50, state="closed"), "3": entry(3, 9), "4": entry(4, 100, 5)}
    # 2 is stored to its end; of 3 nothing is; of 4 five events were refused before its 80th.
    less = snapshot.lowered(register, {1: (60, 60, 8), 2: (50, 50, 7), 4: (80, 75, 9)}, {2})
    assert less == {"1": entry(1, 60, digest=8), "2": register["2"], "4": entry(4, 80, 5, digest=9)}


def test_folders_elsewhere_are_restored_there(found: Settings, tmp_path: Path) -> None:
    target = FolderTarget(tmp_path / "target")
    made(found, target)
    other = Settings(data=tmp_path / "other", journal=tmp_path / "j", files=tmp_path / "f")
    restore(target, *chosen(target, None), other, silent)
    assert contents(other.journal_folder) == contents(found.journal_folder)
    assert contents(other.files_folder) == contents(found.files_folder)
    assert snapshot.deployment_of(other) == "0123456789abcdef"
    again = create(snapshot.of_stopped(other), target, 1_790_000_100_000, silent)
    assert again.new_bytes == 0


def test_a_restore_that_was_interrupted_is_refused_by_up_and_begins_anew(found: Settings, tmp_path: Path) -> None:
    target = FolderTarget(tmp_path / "target")
    made(found, target)
    other = Settings(data=tmp_path / "other")
    write(other.data, UNFINISHED, b"")
    write(other.data, "redis/appendonly.aof", b"half")
    write(other.data, "warehouse/of another backup", b"")
    with pytest.raises(HalfRestored, match="half restored"), hold(DataDir(other.data), make=True):
        pass
    restore(target, *chosen(target, None), other, silent)
    assert contents(other.data) == contents(found.data)
    with hold(DataDir(other.data)):
        pass


def test_a_target_belongs_to_one_deployment(found: Settings, tmp_path: Path) -> None:
    target = FolderTarget(tmp_path / "target")
    made(found, target)
    write(found.data, "journal/bus-id", b"another\n")
    with pytest.raises(WrongTarget, match="another deployment"):
        made(found, target, 1)


def test_one_backup_at_a_time(found: Settings) -> None:
    links = found.data / snapshot.LINKS
    links.mkdir()
    with snapshot.alone(found):
        snapshot.sweep_unused(found)
        assert links.exists()
        with pytest.raises(Running), snapshot.alone(found):
            pass
    snapshot.sweep_unused(found)
    assert not links.exists()


def test_a_killed_backup_leaves_no_draft(tmp_path: Path) -> None:
    target = FolderTarget(tmp_path)
    target.put("pieces/ab/abcd", b"whole")
    (tmp_path / "pieces/ab/.abce.unfinished").write_bytes(b"ha")
    assert list(target.keys("pieces/")) == ["pieces/ab/abcd"]
    assert [path.name for path in (tmp_path / "pieces/ab").iterdir()] == ["abcd"]


def test_a_newer_redis_keeps_several_files(found: Settings, tmp_path: Path) -> None:
    """As Redis 7 writes them; a rewrite has left one that is history."""
    folder = found.data / "redis"
    listed = b"file a.1.base.rdb seq 1 type b\nfile a.0.incr.aof seq 0 type h\nfile a.1.incr.aof seq 1 type i\n"
    write(folder, "appendonlydir/a.manifest", listed)
    for name in ("a.1.base.rdb", "a.0.incr.aof", "a.1.incr.aof"):
        write(folder, f"appendonlydir/{name}", name.encode())
    taken = Snapshot("")
    snapshot.append_only(taken, folder, tmp_path / "links")
    with (folder / "appendonlydir/a.1.incr.aof").open("ab") as file:
        file.write(b"written since")
    kept = {entry.path: Path(entry.at).read_bytes()[: entry.size] for entry in taken.entries}
    assert kept == {
        "redis/appendonlydir/a.1.base.rdb": b"a.1.base.rdb",
        "redis/appendonlydir/a.1.incr.aof": b"a.1.incr.aof",
        "redis/appendonlydir/a.manifest": b"file a.1.base.rdb seq 1 type b\nfile a.1.incr.aof seq 1 type i\n",
    }


def test_a_store_that_is_away_for_a_moment_is_asked_again() -> None:
    pauses: list[float] = []
    with bucket.serving("backups") as (address, objects):
        found = target_of(address, {})
        assert isinstance(found, BucketTarget)
    # (It is gone now.)
    away = BucketTarget(found._bucket, sleep=pauses.append)
    with pytest.raises(OSError, match="refused"):
        away.put("a", b"")
    assert len(pauses) == 3 and not objects


@pytest.mark.parametrize(
    ("name", "reason"),
    [("s3://bucket", "AWS_ACCESS_KEY_ID"), ("ftp://host/x", "not ftp://"), ("https://host/bucket", "access key")],
)
def test_a_target_that_cannot_be_used(name: str, reason: str) -> None:
    with pytest.raises(UserError, match=reason):
        target_of(name, {})
