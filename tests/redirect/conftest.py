from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.redirect.registrar import Registrar
from tests.redirect.scanner import Publisher, Redirector, redirector
from tests.servers.redis import RedisServer, running


@pytest.fixture
def publisher(redis_url: str) -> Iterator[Publisher]:
    made = Publisher(redis_url)
    yield made
    made.close()


@pytest.fixture
def start(tmp_path: Path, redis_url: str) -> Iterator[Callable[..., Redirector]]:
    """Starts redirectors, and stops them afterwards."""
    with ExitStack() as stack:
        count = 0

        def started(url: str = redis_url, **settings: Any) -> Redirector:
            nonlocal count
            count += 1
            folder = tmp_path / str(count)
            folder.mkdir()
            return stack.enter_context(redirector(folder, url, **settings))

        yield started


@pytest.fixture
def own_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """A Redis that a test may stop and kill."""
    import tempfile

    with tempfile.TemporaryDirectory(prefix="wm-") as folder, running(Path(folder)) as server:
        yield server


@pytest.fixture
def registrar(redis_url: str) -> Iterator[Registrar]:
    made = Registrar(redis_url)
    yield made
    made.close()
