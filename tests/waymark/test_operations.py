"""The commands of docs/operations.md for backup and restore, run for real."""

import json
import logging
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from harness.launcher import clean_environment
from tests.waymark.running import Up, up, wait_for
from waymark.logs import Json

PAGE = (Path(__file__).parents[2] / "docs" / "operations.md").read_text()


def commands(heading: str) -> list[str]:
    """The shell lines below a heading of the page."""
    section = PAGE.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    blocks = re.findall(r"^```sh\n(.*?)^```", section, re.MULTILINE | re.DOTALL)
    return [line for block in blocks for line in block.splitlines() if line]


def run(line: str, folder: Path) -> None:
    done = subprocess.run(
        shlex.split(line), cwd=folder, env=clean_environment(), capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, (line, done.stderr)


@pytest.mark.proof
def test_a_backup_of_a_running_one_has_everything(tmp_path: Path) -> None:
    backup, export = commands("Backup")
    restore, *_ = commands("Restore")
    target = str(tmp_path / "target")
    with up() as one:
        code = one.create()
        for _ in range(5):
            assert one.scan(code["slug"])[0] == 302
        assert one.command(*shlex.split(export)[1:2], str(tmp_path / "codes.ndjson")).returncode == 0
        wait_for(lambda: one.total(code) == 5, what="counted")
        # It may still be on its way, and is in the backup too.
        assert one.scan(code["slug"])[0] == 302
        done = one.command(*backup.replace("/mnt/backup", target).split()[1:])
        assert done.returncode == 0, done.stderr
        one.kill_group()
    second = tmp_path / "second"
    second.mkdir()
    run(f"{sys.executable} -P -m {restore.replace('/mnt/backup', target)}", second)
    other = Up(second)
    assert other.data == second / "data"
    other.start()
    try:
        assert other.scan(code["slug"])[0] == 302
        wait_for(lambda: other.total(code) == 7, what="the journal's last scan, and a new one")
        assert other.audit()["clean"]
    finally:
        other.stop()
    an_empty_redis_is_no_new_beginning(other)
    assert other.scan(code["slug"])[0] == 302
    other.stop()


def an_empty_redis_is_no_new_beginning(one: Up) -> None:
    """Another server or a folder restored in half came up as if nothing had ever been: printed codes were 404."""
    for path in (one.data / "redis").iterdir():
        path.unlink()
    ports = ["--api-port", str(one.api_port), "--redirect-port", str(one.redirect_port)]
    for words in (["up", *ports], ["key", "create"], ["workspace", "create", "second"]):
        done = one.command(*words)
        assert done.returncode == 2, (words, done.stdout, done.stderr)
        assert f"there are codes in the change log {one.data / 'changes'}" in done.stderr and "--new" in done.stderr
    done = one.command("restore", "--codes", "--json")
    assert done.returncode == 0 and json.loads(done.stdout)["counts"]["code"] == 1, done.stderr
    done = one.command("restore", "--codes")
    assert done.returncode == 2 and "this Redis is in use" in done.stderr
    one.start()


@pytest.mark.proof
def test_an_export_of_codes_goes_into_an_empty_folder(tmp_path: Path) -> None:
    lines = [*commands("Backup"), *commands("Restore")]
    assert "waymark export codes.ndjson" in lines and "waymark import codes.ndjson" in lines
    with up() as one:
        code = one.create()
        assert one.command("export", str(tmp_path / "codes.ndjson")).returncode == 0
    other = Up(tmp_path)
    other.start()
    try:
        done = other.command("import", str(tmp_path / "codes.ndjson"))
        assert done.returncode == 0, done.stderr
        assert other.scan(code["slug"])[0] == 302
    finally:
        other.stop()


def test_a_log_line_for_programs_is_one_object() -> None:
    try:
        raise ValueError("two\nlines")
    except ValueError:
        record = logging.getLogger("x").makeRecord("x", logging.ERROR, "f", 1, "said %s", ('"so"\n',), None)
        record.exc_info = sys.exc_info()
    text = Json("api").format(record)
    assert "\n" not in text
    line = json.loads(text)
    assert {*line} == {"at", "service", "process", "level", "logger", "message", "exception"}
    assert (line["service"], line["level"], line["message"]) == ("api", "error", 'said "so"\n')
    assert line["exception"].endswith("two\nlines")
