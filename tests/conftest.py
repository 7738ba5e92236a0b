"""Real servers for every room's tests. Each is started once for the whole run and emptied for each test."""

import gc
import os
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from drill import kafka as kafka_server
from tests.servers import require, wire
from tests.servers.redis import RedisServer, running

# How long an example takes is the machine's business, and it is busy. Before a change lands the examples are the same
# each time, so that it is the change that passes or fails; whoever runs the tests by hand looks for new ones.
settings.register_profile("waymark", deadline=None, derandomize=bool(os.environ.get("WAYMARK_TEST_ALL")))
settings.load_profile("waymark")


# Every engine waits for the disk at each step, and no test cuts the power: files in memory show the same sooner.
_MEMORY = Path("/dev/shm")
_ROOM = 8 << 30


def _has_room(folder: Path) -> bool:
    """(A container's is small, or runs no programs.)"""
    if not folder.is_dir() or not os.access(folder, os.W_OK):
        return False
    found = os.statvfs(folder)
    memory = re.search(r"^MemAvailable: +(\d+) kB", Path("/proc/meminfo").read_text(), re.MULTILINE)
    free = min(int(memory[1]) << 10 if memory else 0, found.f_bavail * found.f_frsize)
    return free >= _ROOM and not found.f_flag & os.ST_NOEXEC


def pytest_configure() -> None:
    """Before the workers are started, which take it from here; who says another folder has that."""
    if "TMPDIR" not in os.environ and _has_room(_MEMORY):
        os.environ["TMPDIR"] = str(_MEMORY)
        tempfile.tempdir = None


def pytest_collection_finish() -> None:
    """Thousands of tests are there until the end: they are not looked through again and again."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session", autouse=wire.WIRE)
def the_wire() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        wire.put_between(patch)
        yield


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


# These share one broker, so one worker has them all: another one would cost as much as several of the tests.
_BROKER = (
    "aggregator/audit/test_source_heads",
    "aggregator/test_contract",
    "aggregator/test_kafka",
    "aggregator/test_kill_kafka",
    "codes/change_log/test_kafka",
    "ingest/test_kafka_topic",
    "ingest/test_shipper",
    "waymark/test_kafka",
)
# One worker has a file's tests, so what takes longest is begun with first, and beside what mostly waits.
_FIRST = (
    "analytics/query/test_answer",
    "waymark/test_kills",
    "dashboard",
    *_BROKER,
    "pages/test_browser",
    "drill/test_drill",
    "waymark",
    "bench",
    "aggregator",
    "drill",
    "ingest",
    "upgrades",
    "infra",
    "examples",
    "qr",
    "redirect",
    "api",
)
# Tests that may be spread over the workers, so that all of these end at the same time; but those that repair the same
# damage (it takes as long as a test to do) have one worker.
_LAST = ("aggregator/test_kill.py",)


def _turn(item: pytest.Item) -> int:
    place = item.path.relative_to(Path(__file__).parent).as_posix()
    if place.startswith(_LAST):
        return len(_FIRST) + 1
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
    """Tests of one file share its servers, so they stay together."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        place = file.removeprefix("tests/")
        if place.startswith(_LAST):
            _, same, which = nodeid.partition("_of_the_repair")
            return f"repair{which.partition('[')[0]}" if same else nodeid
        if place.startswith(_BROKER):
            return "broker"
        # One `waymark up` and one Chromium for all flows.
        return "dashboard" if place.startswith("dashboard/") else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling:
    return _Together(config, log)
