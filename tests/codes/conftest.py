"""Codes on a real, empty Redis, with names that resolve as the test says."""

import random
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import pytest
from redis.asyncio import Redis

from codes import plans, workspaces
from codes.redis_client import connect
from codes.resolver import Resolver
from codes.service import Codes

OWN_HOSTS = ["go.example.org"]


def no_names(host: str) -> tuple[str, ...]:
    return ()


async def anywhere(workspace: int, host: str) -> bool:
    """Some domains belong to everybody."""
    return host.endswith(".example.net")


async def anybodys(host: str) -> bool:
    return await anywhere(0, host)


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    client = connect(redis_url)
    yield client
    await client.aclose()


@pytest.fixture
def codes(redis: Redis) -> Codes:
    return Codes(
        redis,
        own_hosts=OWN_HOSTS,
        usable=anywhere,
        is_short=anybodys,
        resolver=Resolver(no_names),
        rng=random.Random(1),
    )


OwnPlan = Callable[[str], Awaitable[int]]


@pytest.fixture
def own_plan(redis: Redis, tmp_path: Path) -> Iterator[OwnPlan]:
    """Puts a workspace on a plan of these lines, and tells its number."""

    async def on(lines: str) -> int:
        # (Each file is read once.)
        path = tmp_path / f"{len(list(tmp_path.glob('*.toml')))}.toml"
        path.write_text(f"[plan.own]\n{lines}\n")
        plans.use(path)
        workspace = await workspaces.ensure_workspace(redis, "ours")
        return (await workspaces.set_plan(redis, workspace.number, "own")).number

    yield on
    plans.use(None)


@pytest.fixture
def short_folder() -> Iterator[Path]:
    """For a server of the test's own; the path of a unix socket must be short."""
    with tempfile.TemporaryDirectory(prefix="wm-") as folder:
        yield Path(folder)
