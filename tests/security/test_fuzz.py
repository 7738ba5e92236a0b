"""The search of `make fuzz` in short, and that it would find something."""

from collections.abc import Iterator

import pytest

from api.dialects import DIALECTS
from codes import folders, reports
from schemas.code import Folder
from tests.api.served import Served
from tests.security.fuzz import fuzz, service

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    with service() as found:
        yield found


def test_no_operation_fails_or_says_what_is_not_written(served: Served) -> None:
    run = fuzz(served, 300, seed=1)
    assert run.found == []
    assert run.examples >= 300
    assert set(run.asked) == {f"{route.method} {route.path}" for dialect in DIALECTS for route in dialect.routes}
    # Most operations were asked something that they could do.
    assert sum(any(status < 300 for status in counts) for counts in run.asked.values()) > 0.8 * len(run.asked)


def test_it_finds_what_is_wrong(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_: object) -> None:
        raise ZeroDivisionError

    async def another_shape(*_: object) -> list[Folder]:
        return [Folder("1", 1, 3, 0)]  # type: ignore[arg-type]

    monkeypatch.setattr(reports, "list_reports", broken)
    monkeypatch.setattr(folders, "list_folders", another_shape)
    run = fuzz(served, 60, seed=2)
    assert {(one.operation, one.status) for one in run.found} == {("GET /v1/reports", 500), ("GET /v1/folders", 200)}
