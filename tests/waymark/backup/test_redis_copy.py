"""A Redis of the operator's, copied out and into another."""

import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from infra.progress import silent
from tests.servers.redis import running
from waymark.backup import redis_copy
from waymark.backup.redis_copy import NotCopied, check_empty, copy_in, copy_out


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="wm-") as folder, running(Path(folder)) as server:
        with redis.Redis.from_url(server.url) as client:
            client.config_set("repl-diskless-sync-delay", 0)
            client.hset("a hash", mapping={"one": 1})
            client.set("a large one", b"x" * 3_000_000)
            client.set("with an end", "1", px=3_600_000)
        yield server.url


@pytest.mark.parametrize("diskless", ["no", "yes"])
def test_out_of_one_and_into_an_empty_one(url: str, diskless: str, tmp_path: Path) -> None:
    with redis.Redis.from_url(url) as client:
        client.config_set("repl-diskless-sync", diskless)
    copy_out(url, tmp_path / "copy")
    content = (tmp_path / "copy").read_bytes()
    assert content.startswith(b"REDIS") and len(content) > 10_000
    with tempfile.TemporaryDirectory(prefix="wm-") as folder, running(Path(folder)) as server:
        check_empty(server.url)
        copy_in(tmp_path / "copy", f"{server.url}?db=0", "bundled", silent)
        with redis.Redis.from_url(server.url) as other:
            assert other.hgetall("a hash") == {b"one": b"1"}
            assert other.strlen("a large one") == 3_000_000
            assert 0 < int(other.pttl("with an end")) <= 3_600_000
            assert other.ttl("a hash") == -1
        with pytest.raises(NotCopied, match="not empty: it has 3 keys"):
            check_empty(server.url)


def test_a_server_that_gives_none(url: str, tmp_path: Path) -> None:
    with redis.Redis.from_url(url) as client:
        client.acl_setuser("few", enabled=True, passwords=["+secret"], commands=["+ping"], keys=["*"])
    address = url.replace("unix://", "unix://few:secret@")
    with pytest.raises(NotCopied, match="NOPERM"):
        copy_out(address, tmp_path / "copy")
    with pytest.raises(NotCopied, match="No such file"):
        copy_out(f"unix://{tmp_path}/nobody", tmp_path / "copy")


def test_a_mark_that_comes_in_two_parts() -> None:
    server, client = socket.socketpair()
    with server, client:
        server.sendall(b"\n\n$EOF:" + b"m" * 40 + b"\r\nthe copy" + b"m" * 20)
        parts = redis_copy._copied(client)
        found = next(parts)
        server.sendall(b"m" * 20)
        assert found + b"".join(parts) == b"the copy"
