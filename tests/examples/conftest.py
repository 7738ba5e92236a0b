"""One `waymark up` for all examples, whose visits say where they come from as Cloudflare does."""

from collections.abc import Iterator

import pytest

from bench import stack


@pytest.fixture(scope="package")
def up() -> Iterator[stack.Stack]:
    with stack.running(workers=2, edge="cloudflare") as running:
        yield running
