"""One `waymark up` for all examples."""

from collections.abc import Iterator

import pytest

from bench import stack


@pytest.fixture(scope="package")
def up() -> Iterator[stack.Stack]:
    with stack.running(workers=2) as running:
        yield running
