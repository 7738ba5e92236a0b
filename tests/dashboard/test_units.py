"""The dashboard's own tests (Vitest), and what its build must keep to."""

import json
import re
import subprocess
from pathlib import Path

import brotli
import pytest

from tests.servers import require

FOLDER = Path(__file__).parents[2] / "dashboard"
DIST = FOLDER / "dist"
# Compressed by brotli: what the first view loads, and what any further one adds.
FIRST, FURTHER = 130_000, 60_000


def test_vitest() -> None:
    require.programs("node", why="the dashboard's tests")
    done = subprocess.run(
        ["node", "node_modules/vitest/vitest.mjs", "run"], cwd=FOLDER, capture_output=True, text=True, timeout=240
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]


@pytest.fixture(scope="module")
def sizes() -> dict[str, int]:
    assert (DIST / "index.html").exists(), "`make setup` builds it"
    return {path.name: len(brotli.compress(path.read_bytes())) for path in (DIST / "assets").iterdir()}


def test_it_is_small(sizes: dict[str, int]) -> None:
    index = (DIST / "index.html").read_text()
    first = set(re.findall(r"/assets/([\w.-]+)", index)) | {name for name in sizes if name.startswith("icons")}
    assert sum(sizes[name] for name in first) <= FIRST
    further = {name: size for name, size in sizes.items() if name not in first}
    assert len(further) >= 3
    assert {name: size for name, size in further.items() if size > FURTHER} == {}


def test_the_page_has_nothing_inline_and_asks_no_other_host() -> None:
    index = (DIST / "index.html").read_text()
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\son\w+=|\sstyle=", index)
    assert not re.findall(r"(?:src|href)=\"(?!/)", index)
    for style in (DIST / "assets").glob("*.css"):
        assert "url(http" not in style.read_text()
        assert "@import" not in style.read_text()


def test_the_lock_names_no_address() -> None:
    lock = json.loads((FOLDER / "package-lock.json").read_text())
    assert [name for name, package in lock["packages"].items() if "resolved" in package] == []
    assert all("integrity" in package for name, package in lock["packages"].items() if name)
