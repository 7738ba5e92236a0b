"""What a redirector has written is known beside the journals and in Redis; on a full disk it starts all the same."""

import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from drill.disk import Disk, small
from ingest import ballast, register
from ingest.reader import SourceReader, sources
from redirect import clock
from redirect.scan_handler import LATE_MS
from schemas import keys
from schemas.event import check_of, digest_of, is_note
from schemas.register import Heartbeat, SourceEntry, decode_entry, decode_heartbeat, encode_entry
from tests.redirect.scanner import IPHONE, Publisher, Redirector, redirector, until
from tests.servers.redis import RedisServer

Start = Callable[..., Redirector]


@pytest.fixture
def own_publisher(own_redis: RedisServer) -> Publisher:
    return Publisher(own_redis.url)


def in_redis(publisher: Publisher) -> dict[int, SourceEntry]:
    return {int(source): decode_entry(raw) for source, raw in publisher.redis.hgetall(keys.SOURCES).items()}  # type: ignore[arg-type]


def test_the_register_goes_to_redis_and_is_never_lowered(
    start: Start, own_redis: RedisServer, own_publisher: Publisher
) -> None:
    own_publisher.write("here", "https://example.com/1")
    server = start(own_redis.url)
    until(server.trusted, "trust")
    for _ in range(3):
        assert server.get("/here").status == 302
    journals = server.journal
    (source,) = sources(journals)
    digest = digest_of(sum(check_of(line) for line in server.lines() if not is_note(line)))
    until(lambda: in_redis(own_publisher)[source].last_seq == 3, "the entry in Redis")
    assert in_redis(own_publisher)[source] == register.read(journals, source)
    entry = in_redis(own_publisher)[source]
    assert (entry.last_seq, entry.digest, entry.refused, entry.state) == (3, digest, 0, "open")
    # Of a dead neighbour, which somebody has ended; and one of whom Redis knows more than the machine does.
    for number, said in ((5, 9), (6, 9)):
        file = register.RegisterFile(journals, number)
        file.write(SourceEntry(number, said, 77, 1, "closed", 1))
        file.close()
    more = SourceEntry(6, 12, 78, 1, "open", 1)
    own_publisher.redis.hset(keys.SOURCES, "6", encode_entry(more))
    assert server.get("/here").status == 302
    until(lambda: in_redis(own_publisher)[source].last_seq == 4 and 5 in in_redis(own_publisher), "the next entries")
    assert in_redis(own_publisher)[6] == more
    server.stop()
    assert (in_redis(own_publisher)[source].state, in_redis(own_publisher)[source].last_seq) == ("closed", 4)


def test_a_redirector_says_each_second_how_far_it_has_come(start: Start, publisher: Publisher) -> None:
    """An aggregator elsewhere knows from it until when it has everything: also while there is nothing new."""
    publisher.write("here", "https://example.com/1")
    server = start()
    (source,) = sources(server.journal)

    def heard() -> Heartbeat:
        raw = publisher.redis.hget(keys.HEARTBEATS, str(source))
        assert isinstance(raw, bytes), "it is known before the first scan can be answered"
        return decode_heartbeat(raw)

    assert (heard().source, heard().seq) == (source, 0)
    for _ in range(3):
        assert server.get("/here").status == 302
    last = server.events()[-1].ts_ms
    until(lambda: heard().seq == 3, "the heartbeat")
    first = heard()
    assert first.at_ms >= last
    until(lambda: heard().at_ms > first.at_ms, "the next heartbeat")
    assert heard().seq == 3


def test_beside_an_aggregator_that_reads_the_journals_it_does_not(start: Start, publisher: Publisher) -> None:
    publisher.write("here", "https://example.com/1")
    server = start(heartbeat=False)
    assert server.get("/here").status == 302
    until(lambda: len(in_redis(publisher)) == 1, "the register")
    assert not publisher.redis.exists(keys.HEARTBEATS)


def test_a_scan_that_waited_long_counts_as_of_its_answer(start: Start, publisher: Publisher) -> None:
    """So that nothing much older than a moment comes into a journal after it. Here a form that comes slowly."""
    publisher.write("here", "https://example.com/1")
    server = start()
    head = f"POST /here HTTP/1.1\r\nHost: x\r\nUser-Agent: {IPHONE}\r\nContent-Length: 10\r\n"
    head += "Content-Type: application/x-www-form-urlencoded\r\n\r\n"
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        connection.sendall(head.encode())
        time.sleep(LATE_MS / 1000 + 0.2)
        sent_ms = clock.now_ms()
        connection.sendall(b"password=x")
        assert connection.recv(1000).startswith(b"HTTP/1.1 403")
    assert server.events()[-1].ts_ms >= sent_ms


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    """The disk of a redirector's journals, `own/journal`."""
    (tmp_path / "own").mkdir()
    made = small(tmp_path / "own" / "journal")
    if not made.mounted:
        pytest.skip("no file system of its own may be mounted here")
    yield made
    made.give_back()


def test_on_a_full_disk_a_redirector_starts_counts_and_writes_once_there_is_room(
    disk: Disk, own_redis: RedisServer, own_publisher: Publisher
) -> None:
    own_publisher.write("here", "https://example.com/1")
    disk.fill([])
    with redirector(disk.folder.parent, own_redis.url) as server:
        until(server.trusted, "trust")
        for _ in range(3):
            assert server.get("/here").status == 302
        assert (server.metric("waymark_redirect_refused_total"), sources(disk.folder)) == (3, [])
        assert server.metric("waymark_redirect_journal_refusing") == 1
        until(lambda: [entry.refused for entry in in_redis(own_publisher).values()] == [3], "the count in Redis")
        disk.relieve([])
        until(lambda: server.metric("waymark_redirect_journal_refusing") == 0, "room for the journal")
        assert server.get("/here").status == 302
    (source,) = sources(disk.folder)
    closed = SourceReader(disk.folder / str(source)).closed()
    assert closed is not None and (closed.last_seq, closed.refused) == (4, [(1, 3)])
    entry = in_redis(own_publisher)[source]
    assert (entry.last_seq, entry.refused, entry.state, entry.digest) == (4, 3, "closed", closed.digest)


def test_the_ballast_makes_room_for_a_start(
    disk: Disk, own_redis: RedisServer, own_publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    own_publisher.write("here", "https://example.com/1")
    monkeypatch.setattr(ballast, "_PLENTY", 2)
    ballast.keep(disk.folder)
    assert (disk.folder / ballast.NAME).stat().st_size == ballast.SIZE
    disk.fill([])
    (disk.folder / ballast.NAME).rename(disk.folder / "elsewhere")
    ballast.keep(disk.folder)
    assert not (disk.folder / ballast.NAME).exists()
    (disk.folder / "elsewhere").rename(disk.folder / ballast.NAME)
    with redirector(disk.folder.parent, own_redis.url) as server:
        until(server.trusted, "trust")
        assert server.get("/here").status == 302
        assert (server.metric("waymark_redirect_refused_total"), len(sources(disk.folder))) == (0, 1)
    assert not (disk.folder / ballast.NAME).exists()
