import shutil
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

ROOT = Path(__file__).parents[2]
LEFT_OUT = (".*", "__pycache__", "build", "data", "dist", "docs", "tests", "*.egg-info", "node_modules")


class Built(msgspec.Struct, frozen=True):
    wheel: Path
    sdist: Path


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """As `make dist` does it, from a copy: the sdist from the tree, and the wheel from the sdist."""
    tree = tmp_path_factory.mktemp("dist") / "tree"
    shutil.copytree(ROOT, tree, ignore=shutil.ignore_patterns(*LEFT_OUT))
    shutil.copytree(ROOT / "dashboard" / "dist", tree / "dashboard" / "dist")
    into = tree.parent / "built"
    words = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(into), str(tree)]
    done = subprocess.run(words, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    [wheel] = into.glob("*.whl")
    [sdist] = into.glob("*.tar.gz")
    return Built(wheel, sdist)
