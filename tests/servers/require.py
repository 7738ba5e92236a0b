"""What a machine may lack. A test that needs it is skipped with the reason; where everything must be
there (`WAYMARK_TEST_ALL=1`, as `.ci/run` sets it) it fails instead."""

import os
import shutil

import pytest


def programs(*names: str, why: str) -> None:
    missing = [name for name in names if shutil.which(name) is None]
    if not missing:
        return
    message = f"{why}: not on this machine: {', '.join(missing)}"
    if os.environ.get("WAYMARK_TEST_ALL") == "1":
        pytest.fail(message)
    pytest.skip(message)
