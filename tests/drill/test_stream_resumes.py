"""The stream of a whole Waymark: resumed at random and through kills of the core, each scan comes once."""

import pytest

from drill import stream_resumes

pytestmark = [pytest.mark.kill, pytest.mark.timeout(280)]


def test_a_stream_that_is_resumed_has_each_scan_once() -> None:
    outcome = stream_resumes.run(300, 40, 2, seed=13, per_s=100, say=lambda line: None)
    assert outcome.exact, outcome
    assert outcome.resumed >= 20 and outcome.kills == 2
