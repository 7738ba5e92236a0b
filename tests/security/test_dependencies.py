"""The audit of the dependencies sees what it looks for."""

from pathlib import Path

import pytest

from tests.security.dependencies import ROOT, Pin, holes, pins, problems

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


def test_ours_is_pinned_and_hashed() -> None:
    known = list(pins((ROOT / "requirements.txt").read_text()))
    assert len(known) > 100
    assert all(pin.hashed for pin in known)


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
