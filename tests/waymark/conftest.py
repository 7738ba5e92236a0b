"""What every test of the command needs."""

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def _no_data_of_the_checkout(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """`make run` leaves ./data, which is the default: a command that names no folder must not read it here."""
    monkeypatch.setenv("WAYMARK_DATA", str(tmp_path / "data"))
