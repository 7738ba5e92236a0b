"""Failovers in the middle of edits: the drill has a hundred, here are a few."""

import random
import tempfile
from pathlib import Path

import pytest

from drill import failover
from drill.failover import Api, Outcome
from infra.warehouse import Warehouse
from tests.api.served import serving

NO_WAREHOUSE = Warehouse(url="http://127.0.0.1:1")


def failovers(replicas: int, runs: int, dice: random.Random) -> list[Outcome]:
    """As many, or until one has lost something."""
    outcomes: list[Outcome] = []
    with tempfile.TemporaryDirectory(prefix="wm-") as folder, failover.pair(Path(folder), dice) as servers:
        servers.join()
        with serving(servers.url, NO_WAREHOUSE, replicas=replicas) as served:
            # The key is a change, too, but was made past the API.
            assert servers.replica is not None
            servers.primary.wait_for(servers.replica)
            servers.kill_primary()
            servers.promote()
            while len(outcomes) < runs and not any(one.wrong for one in outcomes):
                outcomes.append(failover.run(Api(served.port, served.key), servers, dice))
    return outcomes


def test_every_acknowledged_change_is_at_the_promoted_replica() -> None:
    outcomes = failovers(1, 3, random.Random(1))
    assert [line for one in outcomes for line in one.wrong] == []
    assert sum(one.changes for one in outcomes) >= 3 * failover.EDITORS


def test_without_waiting_some_are_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(failover, "LATE_S", 0.2)
    assert any(one.wrong for one in failovers(0, 20, random.Random(1)))
