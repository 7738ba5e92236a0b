"""The events of one turn of the loop are written at once, and no answer leaves before."""

import asyncio
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from ingest.reader import SourceReader, sources
from redirect import clock
from redirect.asgi import Scope
from redirect.fast_path import Answer
from redirect.group_commit import AT_ONCE, LONELY, MOST, group_commit
from redirect.latency import Latency
from redirect.metrics import Counts
from redirect.server import CLOSE
from schemas.event import ScanEvent
from tests.ingest.events import REST, open_journal
from tests.redirect.asked_at_once import Scanners, bound_files, killed_at, request
from tests.redirect.protocols import MADE_UP, serving
from tests.redirect.scanner import Publisher, Redirector, until
from tests.servers import require

Start = Callable[..., Redirector]
MANY = 20


@contextmanager
def scanners(server: Redirector) -> Iterator[Scanners]:
    """So many that their first answers end the time in which each event is written alone."""
    until(server.trusted, "trust")
    many = Scanners(server, MANY, "abc")
    try:
        yield many
    finally:
        many.close()


def events(server: Redirector) -> list[ScanEvent]:
    """Of a redirector that was killed: what whoever reads its journal finds, once it is closed for it."""
    (source,) = sources(server.journal)
    with closing(SourceReader(server.journal / str(source))) as reader:
        assert reader.finish()
        closed = reader.closed()
    assert closed is not None
    found = server.events()
    assert [event.seq for event in found] == list(range(1, closed.last_seq + 1))
    assert closed.refused == []
    assert closed.digest is not None
    return found


class _Kept:
    """A connection that keeps what is written to it."""

    def __init__(self) -> None:
        self.came: list[bytes] = []
        self.closed = False

    def is_closing(self) -> bool:
        return self.closed

    def write(self, data: bytes, /) -> None:
        assert not self.closed
        self.came.append(data)


async def test_one_turn_is_one_write_and_answers_come_after(tmp_path: Path) -> None:
    """On real connections: whoever asks in the same turn is in one group, which is in the file before any answer."""
    journal = open_journal(tmp_path)
    groups: list[int] = []
    counts = Counts()
    came: list[bytes] = []

    def append_all(events: Sequence[bytes]) -> int:
        assert came == []
        groups.append(len(events))
        return journal.append_all(events)

    def append(event: bytes) -> int:
        groups.append(1)
        return journal.append(event)

    commit = group_commit(append, append_all, counts, clock.elapsed)

    def at_once(_: Scope, now: float) -> Answer:
        commit.add(REST)
        return 302, ((b"location", b"/x"),), b""

    async def scan(reader: asyncio.StreamReader) -> None:
        came.append(await reader.readuntil(b"\r\n\r\n"))
        assert (groups, journal.seq) == ([asking], before + asking)

    async with serving(MADE_UP._replace(at_once=at_once, commit=commit)) as (port, _), asyncio.timeout(20):
        pairs = [await asyncio.open_connection("127.0.0.1", port) for _ in range(MANY)]
        for asking in (MANY, 1):
            groups.clear()
            came.clear()
            before = journal.seq
            for _, writer in pairs[:asking]:
                writer.write(request("abc"))
            await asyncio.gather(*(scan(reader) for reader, _ in pairs[:asking]))
            assert len(came) == asking
        for _, writer in pairs:
            writer.close()
    assert counts.refused == 0
    journal.close()


async def test_a_large_group_does_not_wait_for_the_turn(tmp_path: Path) -> None:
    journal = open_journal(tmp_path)
    commit = group_commit(journal.append, journal.append_all, Counts(), clock.elapsed)
    kept = _Kept()
    for number in range(MOST + 1):
        assert len(kept.came) == journal.seq == MOST * (number // MOST)
        commit.add(REST)
        commit.hold(kept, b"%d" % number, 0.0)
    await asyncio.sleep(0)
    assert kept.came == [b"%d" % number for number in range(MOST + 1)]
    assert journal.seq == MOST + 1
    # What has no event waits for nothing, but for those before it.
    commit.hold(kept, b"alone", 0.0)
    assert kept.came.pop() == b"alone"
    commit.add(REST)
    commit.hold(kept, b"first", 0.0)
    commit.hold(kept, b"second", 0.0)
    assert kept.came[-1] == b"%d" % MOST
    await asyncio.sleep(0)
    assert kept.came[-2:] == [b"first", b"second"]
    journal.close()


async def test_where_visits_come_alone_nothing_is_scheduled(tmp_path: Path) -> None:
    """But one now and then, so that it is seen when more come."""
    journal = open_journal(tmp_path)
    commit = group_commit(journal.append, journal.append_all, Counts(), clock.elapsed)
    kept = _Kept()

    async def turn(visits: int) -> bool:
        """Whether the answers waited for its end."""
        before = len(kept.came)
        for _ in range(visits):
            commit.add(REST)
            commit.hold(kept, b"answer", 0.0)
        assert len(kept.came) == journal.seq
        held = len(kept.came) == before
        await asyncio.sleep(0)
        assert len(kept.came) == journal.seq == before + visits
        return held

    assert [await turn(1) for _ in range(LONELY)] == [True] * LONELY
    for _ in range(2):
        assert [await turn(1) for _ in range(AT_ONCE + 1)] == [False] * AT_ONCE + [True]
    assert not await turn(AT_ONCE)
    assert [await turn(2) for _ in range(AT_ONCE)] == [True] * AT_ONCE
    assert await turn(1)
    journal.close()


async def test_who_has_gone_costs_nothing(tmp_path: Path) -> None:
    journal = open_journal(tmp_path)
    commit = group_commit(journal.append, journal.append_all, Counts(), clock.elapsed)
    there, gone = _Kept(), _Kept()
    for kept in (gone, there, gone):
        commit.add(REST)
        commit.hold(kept, b"answer", 0.0)
    gone.closed = True
    await asyncio.sleep(0)
    assert there.came == [b"answer"]
    assert (gone.came, journal.seq) == ([], 3)
    journal.close()


async def test_a_journal_that_refuses_or_fails_stops_no_redirect() -> None:
    def fails(_: object) -> int:
        raise OSError("no journal")

    def takes_one(_: object) -> int:
        return 1

    for each, refused, errors in ((takes_one, 2, 0), (fails, 0, 3)):
        counts, kept = Counts(), _Kept()
        commit = group_commit(each, each, counts, clock.elapsed)
        for _ in range(3):
            commit.add(REST)
            commit.hold(kept, b"answer", 0.0)
        commit.flush()
        assert len(kept.came) == 3
        assert (counts.refused, counts.journal_errors) == (refused, errors)


async def test_nobody_is_answered_whose_journal_is_closed(tmp_path: Path) -> None:
    journal = open_journal(tmp_path)
    commit = group_commit(journal.append, journal.append_all, Counts(), clock.elapsed)
    kept = _Kept()
    for _ in range(2):
        commit.add(REST)
        commit.hold(kept, b"answer", 0.0)
    journal.close()
    with pytest.raises(RuntimeError):
        commit.flush()
    assert kept.came == []
    commit.flush()


async def test_the_last_answer_of_a_connection_goes_out_before_it_is_closed(tmp_path: Path) -> None:
    journal = open_journal(tmp_path)
    commit = group_commit(journal.append, journal.append_all, Counts(), clock.elapsed)

    def at_once(_: Scope, now: float) -> Answer:
        commit.add(REST)
        return 302, ((b"location", b"/x"),), b""

    async with serving(MADE_UP._replace(at_once=at_once, commit=commit)) as (port, server), asyncio.timeout(20):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(request("abc"))
        await reader.readuntil(b"\r\n\r\n")
        # As a server does that stops.
        server.config.encoded_headers.append(CLOSE)
        server.server_state.default_headers = [*server.server_state.default_headers, CLOSE]
        writer.write(request("abc"))
        assert b"location: /x" in await reader.read()
        writer.close()
    assert journal.seq == 2
    journal.close()


def test_what_the_application_answers_is_written_before(start: Start, publisher: Publisher) -> None:
    """A path with an escape in it is the application's."""
    publisher.write("abc", "https://example.com/")
    server = start()
    until(server.trusted, "trust")
    assert server.get("/%61bc").status == 302
    assert len(server.events()) == 1


def test_what_comes_in_one_packet_is_answered_in_its_order(start: Start, publisher: Publisher) -> None:
    """At once, after Redis was asked, and by the application."""
    for birth, slug in enumerate(("abc", "cold", "limited"), 1):
        more = {"scan_limit": 1_000} if slug == "limited" else {}
        publisher.write(slug, f"https://example.com/{slug}", birth=birth, **more)
    server = start()
    with scanners(server) as many:
        slugs = ["abc", "abc", "cold", "abc", "%61bc", "limited", "abc"]
        with many.asking(b"".join(request(slug) for slug in slugs)):
            pass
        wanted = [b"https://example.com/" + slug.replace("%61", "a").encode() for slug in slugs]
        assert many.answers(len(slugs)) == [wanted] * MANY
    server.stop()
    assert len(server.events()) == 2 * MANY + MANY * len(slugs)


def test_garbage_behind_a_visit_does_not_take_its_answer(start: Start, publisher: Publisher) -> None:
    publisher.write("abc", "https://example.com/")
    server = start()
    with scanners(server) as many:
        with many.asking(request("abc") * 2 + b"\0garbage\r\n\r\n"):
            pass
        assert [len(found) for found in many.answers(3)] == [2] * MANY
    server.stop()
    assert len(server.events()) == 2 * MANY + 2 * MANY


def test_a_group_is_finished_before_the_end(start: Start, publisher: Publisher) -> None:
    """And those who left meanwhile are events all the same, and keep nobody from an answer."""
    publisher.write("abc", "https://example.com/")
    # With no time to drain, it may close a connection before it has read the request.
    server = start(drain_s=1)
    with scanners(server) as many:
        with many.asking(request("abc")):
            many.leave(5)
            server.signal(signal.SIGTERM)
        assert many.answers() == [[b"https://example.com/"]] * (MANY - 5)
    server.process.wait(20)
    assert 3 * MANY - 5 <= len(server.events()) <= 3 * MANY
    assert b"Traceback" not in server.log_path.read_bytes()


def test_of_a_group_that_finds_no_room_the_rest_is_refused_and_all_are_answered(
    start: Start, publisher: Publisher
) -> None:
    publisher.write("abc", "https://example.com/")
    server = start()
    with scanners(server) as many:
        bound_files(server, 5)
        with many.asking(request("abc")):
            pass
        assert many.answers() == [[b"https://example.com/"]] * MANY
        assert server.metric("waymark_redirect_refused_total") == MANY - 5
    found = [event.seq for event in server.events()]
    assert found == list(range(1, 2 * MANY + 6))
    (source,) = sources(server.journal)
    with closing(SourceReader(server.journal / str(source))) as reader:
        assert reader.refused() == [(2 * MANY + 6, 3 * MANY)]


@pytest.fixture
def ptrace() -> None:
    require.programs("strace", why="kills in the middle of a group")


@pytest.mark.kill
@pytest.mark.usefixtures("ptrace")
@pytest.mark.parametrize(
    ("call", "number", "of_journal"),
    [("write", 1, True), ("ftruncate", 1, True), ("write", 2, False), ("write", MANY // 2, False)],
    ids=["at the write", "half of it written", "before the first answer", "half of them answered"],
)
def test_killed_in_a_group(start: Start, publisher: Publisher, call: str, number: int, of_journal: bool) -> None:
    """Whoever was answered is an event; whoever is one may have missed the answer."""
    publisher.write("abc", "https://example.com/")
    server = start()
    with scanners(server) as many:
        if call == "ftruncate":
            # Nothing cuts back what the write left half done.
            bound_files(server, 5)
        with killed_at(server, call, number, of_journal=of_journal), many.asking(request("abc")):
            pass
        answered = sum(len(found) for found in many.answers())
    group = len(events(server)) - 2 * MANY
    if of_journal:
        assert (group, answered) == (0 if call == "write" else 5, 0)
    else:
        # (A ping to Redis is a write, too.)
        assert answered < MANY
        assert answered <= group <= MANY


async def test_how_long_answers_take_is_counted_turn_by_turn() -> None:
    """From the first request of a turn, for all of it; an answer that waited counts from its own."""
    now, counts = 100.0, Counts()
    commit = group_commit(len, len, counts, lambda: now)
    kept = _Kept()

    def hold(*began: float) -> None:
        for at in began:
            commit.add(REST)
            commit.hold(kept, b"answer", at)

    def took() -> dict[str, float]:
        """Answers by the bound below which they are, without the empty ones."""
        return {f"<{2**power} µs": n for power, n in enumerate(counts.latency.by_power) if n}

    hold(99.9999, 99.99999, 99.999999)
    commit.waited(98.0)
    hold(100.0)
    assert took() == {}, "nothing is answered yet"
    await asyncio.sleep(0)
    assert took() == {"<128 µs": 3, "<2097152 µs": 1}
    commit.waited(99.5)
    hold(100.0)
    await asyncio.sleep(0)
    assert took() == {"<128 µs": 3, "<524288 µs": 1, "<2097152 µs": 1}
    # What has no event is written at once.
    commit.hold(kept, b"answer", 100.0)
    assert took() == {"<1 µs": 1, "<128 µs": 3, "<524288 µs": 1, "<2097152 µs": 1}
    assert len(kept.came) == sum(took().values())
    assert counts.latency.microseconds == pytest.approx(2_500_300, abs=5)


def test_a_spread_has_every_answer_once() -> None:
    """Also those that took less than the first bound, or longer than the last."""
    latency = Latency()
    for seconds in (0.0, 7e-6, 9e-6, 0.001, 8.0, 9.0, 1e6):
        latency.add(seconds, 2)
    buckets = dict(latency.spread().buckets())
    assert (buckets["8e-06"], buckets["1.6e-05"], buckets["0.001024"]) == (4, 6, 8)
    assert (buckets["8.388608"], buckets["+Inf"]) == (10, 14)
