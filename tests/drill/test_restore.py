"""One restore in the middle of edits: the drill has a hundred."""

import tempfile
from pathlib import Path

import pytest

from drill import restore

pytestmark = [pytest.mark.kill, pytest.mark.timeout(280)]


def test_no_acknowledged_code_is_lost_with_redis() -> None:
    with tempfile.TemporaryDirectory(prefix="wm-") as folder:
        totals = restore.run(Path(folder), 1, 7, fewest=20, most=20)
    assert totals.acknowledged >= 15 and totals.codes > 0
