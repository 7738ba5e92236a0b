"""Run another tree of Waymark beside this one, so that a change between commits is a ratio of one run."""

import io
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from harness.launcher import ROOT


class Tree(msgspec.Struct, frozen=True):
    name: str
    root: Path


@contextmanager
def other_tree(against: str) -> Iterator[Tree]:
    """`against`: a folder with a tree, or a commit of this repository, which is laid out in a temporary folder.

    Raises LookupError when it is neither."""
    folder = Path(against)
    if folder.is_dir():
        root = folder.resolve()
        yield Tree(name=f"waymark {_commit(root, 'HEAD') or 'of the other tree'}", root=root)
        return
    commit = _commit(ROOT, against)
    if commit is None:
        raise LookupError(f"--against {against}: neither a folder nor a commit of this repository")
    packed = subprocess.run(["git", "archive", commit], cwd=ROOT, capture_output=True, check=True).stdout
    with tempfile.TemporaryDirectory(prefix="wm-bench-tree-") as laid_out:
        with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
            archive.extractall(laid_out, filter="data")
        yield Tree(name=f"waymark {commit}", root=Path(laid_out))


def _commit(root: Path, name: str) -> str | None:
    command = ["git", "rev-parse", "--short", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}"]
    found = subprocess.run(command, cwd=root, capture_output=True, text=True)
    return found.stdout.strip() or None
