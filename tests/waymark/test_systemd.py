"""The units of deploy/systemd: systemd takes them, and calls them well confined."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.servers import require
from tests.waymark.deploy_files import DEPLOY, ROOT
from waymark.command import main
from waymark.settings import SETTINGS

UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
# In tenths, of 100. (A web server as Debian has it: 96.)
MOST_EXPOSED = 20


def analyze(*words: str) -> "subprocess.CompletedProcess[str]":
    require.programs("systemd-analyze", why="checks deploy/systemd")
    command = ["systemd-analyze", "--no-pager", *words]
    return subprocess.run(command, capture_output=True, text=True, env={**os.environ, "SYSTEMD_COLORS": "0"})


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_systemd_takes_it(unit: Path, tmp_path: Path) -> None:
    here = tmp_path / unit.name
    program = Path(sys.executable).with_name("waymark")
    here.write_text(unit.read_text().replace("/opt/waymark/bin/waymark", str(program)))
    done = analyze("verify", "--man=no", str(here))
    # (It looks at the machine's own units, too, and says what it thinks of those.)
    about = [line for line in done.stderr.splitlines() if "waymark" in line]
    assert (done.returncode, about) == (0, []), done.stderr


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_it_is_confined(unit: Path) -> None:
    done = analyze("security", "--offline=true", f"--threshold={MOST_EXPOSED}", str(unit))
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_it_names_commands_and_settings_that_there_are(unit: Path) -> None:
    text = unit.read_text()
    [command] = re.findall(r"^ExecStart=/opt/waymark/bin/waymark (\w+)$", text, re.MULTILINE)
    assert command in main.list_commands(None)  # type: ignore[arg-type]
    known = {setting.env for setting in SETTINGS}
    assert set(re.findall(r"\b(WAYMARK_[A-Z_]+)=", text)) <= known
    assert f"`{unit.name}`" in (ROOT / "docs" / "systemd.md").read_text()
