"""Scans are told exactly once after deduplication, though the sender and the receiver of a webhook are killed."""

import pytest

from drill import webhook_kills

pytestmark = pytest.mark.kill


async def test_every_scan_is_received_exactly_once_through_kills_of_both() -> None:
    outcome = await webhook_kills.run(600, 8, seed=7, batch_size=5, per_s=100, say=lambda line: None)
    assert outcome.sender_kills and outcome.receiver_kills
    assert outcome.distinct == outcome.scans == 600
    assert outcome.received >= 600
