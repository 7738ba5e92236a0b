"""Real servers for every room's tests. Each is started once for the whole run and emptied for each test."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from drill import kafka as kafka_server
from tests.servers import require
from tests.servers.redis import RedisServer, running

# How long an example takes is the machine's business, and it is busy. Before a change lands the examples are the same
# each time, so that it is the change that passes or fails; whoever runs the tests by hand looks for new ones.
settings.register_profile("waymark", deadline=None, derandomize=bool(os.environ.get("WAYMARK_TEST_ALL")))
settings.load_profile("waymark")


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
    """A running broker, shared by what one worker runs: make topics of your own, and leave it running."""
    require.programs("java", "mvn", why="a Kafka broker")
    with (
        tempfile.TemporaryDirectory(prefix="wm-kafka-") as folder,
        kafka_server.running(Path(folder) / "kafka") as server,
    ):
        yield server


# Where tests wait longest: begun with first, so that nothing long is left at the end.
_FIRST = (
    "pages/test_browser",
    "waymark",
    "aggregator",
    "drill",
    "ingest",
    "examples",
    "qr",
    "redirect",
    "api",
    "bench",
)


def _turn(item: pytest.Item) -> int:
    place = item.path.relative_to(Path(__file__).parent).as_posix()
    return next((turn for turn, start in enumerate(_FIRST) if place.startswith(start)), len(_FIRST))


# What takes long or needs much of a machine is left to `make proof`; `make test` runs everything else.
_PROOFS = ("kill", "kafka", "browser")


# (Before pytest leaves out what `-m` does not name.)
@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=_turn)
    for item in items:
        if any(item.get_closest_marker(name) for name in _PROOFS):
            item.add_marker("proof")


class _Together(LoadScopeScheduling):  # type: ignore[misc]
    """Tests of one file share its servers, so they stay together; those that kill aggregators share little, take long,
    and are spread."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return nodeid if "aggregator/test_kill" in file else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling:
    return _Together(config, log)
