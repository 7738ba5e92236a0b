"""Real servers for every room's tests. Each is started once for the whole run and emptied for each test."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from drill import kafka as kafka_server
from tests.servers import require
from tests.servers.redis import RedisServer, running


@pytest.fixture(scope="session")
def redis_server() -> Iterator[RedisServer]:
    # A unix socket's path must be short, and pytest's own folders are not.
    with tempfile.TemporaryDirectory(prefix="wm-") as folder, running(Path(folder)) as server:
        yield server


@pytest.fixture
def redis_url(redis_server: RedisServer) -> str:
    """An empty Redis."""
    redis_server.flush()
    return redis_server.url


@pytest.fixture(scope="session")
def kafka() -> Iterator[kafka_server.KafkaServer]:
    """A running broker, shared by the run: make topics of your own, and leave it running."""
    require.programs("java", "mvn", why="a Kafka broker")
    with (
        tempfile.TemporaryDirectory(prefix="wm-kafka-") as folder,
        kafka_server.running(Path(folder) / "kafka") as server,
    ):
        yield server


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests of one file share its servers, so they stay together; those that kill processes share little, take long,
    and are spread."""
    for item in items:
        if item.get_closest_marker("kill") is None:
            item.add_marker(pytest.mark.xdist_group(str(item.path)))
