"""Command lines that are printed can be typed as they are."""

import sys
from pathlib import Path

import pytest

from waymark.invocation import called


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """As `make run` leaves it in a clone."""
    path = tmp_path / "a clone" / ".venv" / "bin" / "waymark"
    path.parent.mkdir(parents=True)
    path.touch(mode=0o755)
    return path


def test_by_its_name_where_path_has_it(program: Path, tmp_path: Path) -> None:
    assert called(str(program), path=str(program.parent)) == "waymark"
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "waymark").symlink_to(program)
    assert called(str(program), path=str(tmp_path / "bin")) == "waymark"


def test_by_the_way_there_where_another_one_has_that_name_or_none(program: Path, tmp_path: Path) -> None:
    clone = program.parents[2]
    assert called(str(program), path="/nowhere", folder=clone) == ".venv/bin/waymark"
    assert called(str(program), path="/nowhere", folder=tmp_path / "else") == f"'{program}'"
    stranger = tmp_path / "bin" / "waymark"
    stranger.parent.mkdir()
    stranger.touch(mode=0o755)
    assert called(str(program), path=str(stranger.parent), folder=clone) == ".venv/bin/waymark"


def test_a_module_is_called_as_one() -> None:
    assert called("/somewhere/waymark/__main__.py") == f"{sys.executable} -m waymark"
