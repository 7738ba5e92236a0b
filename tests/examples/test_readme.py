"""The README's first code: its calls work as they stand there."""

import re
import time
from pathlib import Path

import pytest

from bench import stack
from tests.examples.calls import curl, run, scanned
from tests.servers import require

README = (Path(__file__).parents[2] / "README.md").read_text()


@pytest.fixture(scope="module")
def calls(up: stack.Stack) -> list[str]:
    require.programs("curl", why="the README's calls are curl's")
    chapter = README.split("## A first code\n")[1].split("\n## ")[0]
    blocks = re.findall(r"^```sh\n(.*?)^```", chapter, flags=re.MULTILINE | re.DOTALL)
    assert len(blocks[0].splitlines()) == 5
    lines = [line for block in blocks for line in block.splitlines() if line.startswith("curl")]
    return [line.replace("http://localhost:8000", up.api).replace("http://localhost:8001", up.short) for line in lines]


def test_a_first_code(calls: list[str], up: stack.Stack, tmp_path: Path) -> None:
    create, scan, count, edit, draw = calls
    status, code = curl(create, tmp_path, KEY=up.key)
    assert status == 201
    known = {"KEY": up.key, "ID": code["id"], "SLUG": code["slug"]}
    answer = run(["sh", "-ec", scan], tmp_path, **known)
    assert answer.startswith("HTTP/1.1 302")
    assert "\nlocation: https://example.com/spring\n" in answer.replace("\r", "").lower()
    scanned(up, code["id"], 1)
    status, found = curl(count, tmp_path, **known)
    assert (status, found["scans"]["total"], found["analytics"]["days_window"]) == (200, 1, 7)
    assert curl(edit, tmp_path, **known)[0] == 200
    answer = run(["sh", "-ec", scan], tmp_path, **known)
    assert "\nlocation: https://example.com/summer\n" in answer.replace("\r", "").lower()
    scanned(up, code["id"], 2)
    run(["sh", "-ec", draw], tmp_path, **known)
    assert (tmp_path / "code.png").read_bytes().startswith(b"\x89PNG")


def test_plain_curl_is_redirected_and_not_in_the_total(calls: list[str], up: stack.Stack, tmp_path: Path) -> None:
    create, scan, *_ = calls
    _, code = curl(create, tmp_path, KEY=up.key)
    plain = re.sub(r' -A "[^"]*"', "", scan)
    assert plain != scan
    for call in (plain, plain, plain, scan):
        assert "302" in run(["sh", "-ec", call], tmp_path, SLUG=code["slug"])
    scanned(up, code["id"], 1)
    # The earlier ones may be on their way from another worker.
    time.sleep(1)
    assert scanned(up, code["id"], 1)["scans"]["total"] == 1
