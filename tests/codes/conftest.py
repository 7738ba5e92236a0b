"""Codes on a real, empty Redis, with names that resolve as the test says."""

import random
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import pytest
from redis.asyncio import Redis

from codes import workspaces
from codes.plans import Plan, known, presets
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
def plans() -> dict[str, Plan]:
    """Those of `codes`; a test may add its own."""
    return dict(presets())


@pytest.fixture
def codes(redis: Redis, plans: dict[str, Plan]) -> Codes:
    return Codes(
        redis,
        own_hosts=OWN_HOSTS,
        usable=anywhere,
        is_short=anybodys,
        resolver=Resolver(no_names),
        plans=plans,
        rng=random.Random(1),
    )


OwnPlan = Callable[[str], Awaitable[int]]


@pytest.fixture
def own_plan(redis: Redis, plans: dict[str, Plan], tmp_path: Path) -> OwnPlan:
    """Puts a workspace on a plan of these lines, and tells its number."""

    async def on(lines: str) -> int:
        # (Each file is read once.)
        path = tmp_path / f"{len(list(tmp_path.glob('*.toml')))}.toml"
        path.write_text(f"[plan.own]\n{lines}\n")
        plans.update(known(path))
        workspace = await workspaces.ensure_workspace(redis, "ours")
        return (await workspaces.set_plan(redis, workspace.number, "own")).number

    return on


@pytest.fixture
def short_folder() -> Iterator[Path]:
    """For a server of the test's own; the path of a unix socket must be short."""
    with tempfile.TemporaryDirectory(prefix="wm-") as folder:
        yield Path(folder)
