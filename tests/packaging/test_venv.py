"""`deploy/venv.sh`, which makes `.venv` for `make`: environments that are half made, what is printed, and uv."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.packaging.conftest import ROOT

PYTHON = Path(getattr(sys, "_base_executable", sys.executable))
SAID = "Setting up .venv (once; about a minute)\n"
NAME = "nothing-1.dist-info"
PROJECT = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
[project]
name = "nothing"
version = "1"
"""
# The least that can be installed, so that no network is asked.
BACKEND = f"""
import zipfile

def build_editable(folder, config_settings=None, metadata_directory=None):
    with zipfile.ZipFile(folder + "/nothing-1-py3-none-any.whl", "w") as wheel:
        wheel.writestr("{NAME}/METADATA", "Metadata-Version: 2.1\\nName: nothing\\nVersion: 1\\n")
        wheel.writestr("{NAME}/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr("{NAME}/RECORD", "")
    return "nothing-1-py3-none-any.whl"
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "deploy").mkdir()
    shutil.copy(ROOT / "deploy" / "venv.sh", tmp_path / "deploy")
    (tmp_path / "requirements.txt").touch()
    (tmp_path / "pyproject.toml").write_text(PROJECT)
    (tmp_path / "backend.py").write_text(BACKEND)
    return tmp_path


def set_up(tree: Path, *, python: Path = PYTHON, path: str = "/usr/bin:/bin") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["deploy/venv.sh", str(python), "requirements.txt"],
        cwd=tree,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        timeout=120,
    )


def installed(tree: Path) -> bool:
    return (tree / ".venv" / "bin" / "python").exists() and any(tree.glob(f".venv/lib/*/site-packages/{NAME}"))


def test_an_environment_without_pip_is_made_anew(tree: Path) -> None:
    """As `python3 -m venv` leaves it on a Debian without python3-venv."""
    subprocess.run([PYTHON, "-m", "venv", "--without-pip", ".venv"], cwd=tree, check=True)
    left = tree / ".venv" / "left"
    left.touch()
    done = set_up(tree)
    assert (done.returncode, done.stdout, done.stderr) == (0, SAID, "")
    assert installed(tree) and not left.exists()


def test_a_python_that_cannot_make_one_leaves_none_and_says_what_to_install(tree: Path) -> None:
    """Debian's: it makes the folders, fails for want of ensurepip, and ends with 1."""
    python = tree / "python3"
    python.write_text(
        f'#!/bin/sh\n[ "$2" = venv ] && {{ mkdir -p .venv/bin; echo no ensurepip; exit 1; }}\nexec {PYTHON} "$@"\n'
    )
    python.chmod(0o755)
    done = set_up(tree, python=python)
    assert (done.returncode, done.stdout) == (1, SAID)
    assert done.stderr.startswith("no ensurepip\n") and "apt install python3-venv" in done.stderr
    assert not (tree / ".venv").exists()


def test_uv_is_used_where_it_is_there(tree: Path) -> None:
    (tree / "bin").mkdir()
    (tree / "bin" / "uv").symlink_to(Path(sys.executable).parent / "uv")
    done = set_up(tree, path=f"{tree / 'bin'}:/usr/bin:/bin")
    assert (done.returncode, done.stdout, done.stderr) == (0, SAID, "")
    assert installed(tree)
    assert "uv =" in (tree / ".venv" / "pyvenv.cfg").read_text()
