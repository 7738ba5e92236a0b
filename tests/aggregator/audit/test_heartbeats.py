"""On a cluster `complete_until` follows from the redirectors' heartbeats and from notes stored after the scans."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis
from clickhouse_connect.driver.client import Client

from aggregator import queries
from aggregator.audit.evidence import Unreachable
from aggregator.audit.heartbeats import Heartbeats
from aggregator.bus import PartitionId
from infra.warehouse import Warehouse
from schemas import keys
from schemas.complete_until import IN_FLIGHT_MS, CompleteUntil, encode
from schemas.event import SourceClosed, SourceHead
from schemas.register import Heartbeat, encode_heartbeat
from tests.aggregator import stock

PARTITION = PartitionId("kafka", "scans", 0)
NOW = 1_790_000_000_000


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("warehouse")


@pytest.fixture(scope="module")
def engine(folder: Path) -> Iterator[Client]:
    with stock.warehouse(folder) as client:
        yield client


class Cluster:
    """Two redirectors, what is stored of them, and a clock."""

    def __init__(self, client: Client, redis_url: str, connect: Callable[[], Client]) -> None:
        self.now = NOW
        self.server = redis.Redis.from_url(redis_url)
        self.looking = Heartbeats(redis_url, connect, lambda: self.now)
        self._client = client

    def beat(self, source: int, seq: int, at_ms: int | None = None) -> None:
        said = Heartbeat(source, at_ms or self.now, seq, f"edge-{source}")
        self.server.hset(keys.HEARTBEATS, str(source), encode_heartbeat(said))

    def store(self, source: int, last: int) -> None:
        queries.insert_notes(self._client, PARTITION, [SourceHead(source, self.now, last)])

    def end(self, source: int, last: int) -> None:
        queries.insert_notes(self._client, PARTITION, [SourceClosed(source, self.now, last)])

    def look(self, after_ms: int = 0) -> CompleteUntil:
        self.now += after_ms
        return self.looking.look()


@pytest.fixture
def cluster(engine: Client, redis_url: str, folder: Path) -> Iterator[Cluster]:
    stock.empty(engine)
    clients: list[Client] = []

    def connect() -> Client:
        clients.append(Warehouse(folder=folder / "chdb").connect(max_threads=1))
        return clients[-1]

    made = Cluster(engine, redis_url, connect)
    yield made
    made.server.close()
    for client in clients:
        client.close()


def test_it_is_the_last_heartbeat_up_to_which_everything_is_stored(cluster: Cluster) -> None:
    cluster.beat(1, 0)
    cluster.beat(2, 0)
    assert cluster.look().until_ms == NOW - IN_FLIGHT_MS
    cluster.now += 1000
    cluster.beat(1, 40)
    cluster.beat(2, 7)
    # Nothing more is stored: it stands where it was.
    assert cluster.look().until_ms == NOW - IN_FLIGHT_MS
    cluster.store(1, 39)
    cluster.store(2, 9)
    assert cluster.look().until_ms == NOW - IN_FLIGHT_MS
    cluster.now += 1000
    cluster.beat(1, 55)
    cluster.beat(2, 9)
    cluster.store(1, 40)
    # Of the first all until its second heartbeat, of the other all until its third.
    assert cluster.look().until_ms == NOW + 1000 - IN_FLIGHT_MS
    cluster.store(1, 55)
    assert cluster.look().until_ms == NOW + 2000 - IN_FLIGHT_MS


def test_a_silent_machine_holds_it_back_and_is_named_until_its_end_is_stored(cluster: Cluster) -> None:
    cluster.beat(1, 5)
    cluster.beat(2, 5)
    cluster.store(1, 5)
    cluster.store(2, 5)
    assert cluster.look().held_by == ()
    for _ in range(3):
        cluster.now += 60_000
        cluster.beat(1, 5)
        found = cluster.look()
        assert found.until_ms == NOW - IN_FLIGHT_MS
    [holder] = found.held_by
    assert (holder.source, holder.until_ms, holder.host) == (2, NOW - IN_FLIGHT_MS, "edge-2")
    assert holder.reason.startswith("its redirector is silent since 2026-09-21 14:13:20 UTC")
    # The machine is back: what it had answered comes, with the end of that source.
    cluster.store(2, 9)
    assert cluster.look().until_ms == NOW - IN_FLIGHT_MS
    cluster.end(2, 12)
    found = cluster.look()
    assert (found.until_ms, found.held_by) == (cluster.now - IN_FLIGHT_MS, ())
    assert cluster.server.hkeys(keys.HEARTBEATS) == [b"1"]


def test_a_backlog_holds_it_back_and_says_how_much_waits(cluster: Cluster) -> None:
    cluster.beat(1, 5)
    cluster.store(1, 5)
    cluster.look()
    for step in range(1, 21):
        cluster.now += 1000
        cluster.beat(1, 5 + 100 * step)
        found = cluster.look()
    assert found.until_ms == NOW - IN_FLIGHT_MS
    assert [one.reason for one in found.held_by] == ["2,000 of its scans wait to be shipped and stored"]
    cluster.store(1, 1005)
    assert cluster.look().until_ms == NOW + 10_000 - IN_FLIGHT_MS


def test_a_new_aggregator_goes_on_from_what_was_published(cluster: Cluster) -> None:
    cluster.beat(1, 500)
    assert cluster.look().until_ms is None, "nobody can say how far the source was before"
    cluster.server.set(keys.COMPLETE_UNTIL, encode(CompleteUntil(NOW - 90_000, NOW - 80_000)))
    later = Heartbeats(cluster.looking._url, cluster.looking._connect, lambda: cluster.now)
    assert later.look().until_ms == NOW - 90_000
    cluster.store(1, 500)
    assert later.look().until_ms == NOW - IN_FLIGHT_MS


def test_heartbeats_of_a_long_outage_are_thinned_out(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aggregator.audit.heartbeats.KEPT", 8)
    cluster.beat(1, 0)
    for step in range(1, 40):
        cluster.now += 1000
        cluster.beat(1, step)
        cluster.look()
    assert len(cluster.looking._sources[1].waiting) <= 8
    cluster.store(1, 20)
    found = cluster.look().until_ms
    # (Less is known of the time in between, and nothing that is not so.)
    assert found is not None and NOW <= found + IN_FLIGHT_MS <= NOW + 20_000
    cluster.store(1, 39)
    assert cluster.look().until_ms == cluster.now - IN_FLIGHT_MS


def test_without_redis_it_says_so(folder: Path) -> None:
    looking = Heartbeats(f"unix://{folder}/nobody", Warehouse(folder=folder / "chdb").connect, lambda: NOW)
    with pytest.raises(Unreachable):
        looking.look()
