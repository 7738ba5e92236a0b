"""Connections to a ClickHouse server are broken, briefly: `python -m drill.clickhouse_faults` breaks hundreds."""

import pytest

from drill import clickhouse_faults

pytestmark = [pytest.mark.kill, pytest.mark.timeout(280)]


def test_every_event_is_stored_once_whatever_becomes_of_connections() -> None:
    (outcome,) = clickhouse_faults.drill(3, 1, seconds=None, waves=12, say=lambda _: None)
    assert outcome.problems == [] and not outcome.failed
    assert outcome.events == outcome.stored + outcome.erased > 0
    assert outcome.cuts and outcome.kills and outcome.server_kills and outcome.jobs
