"""An environment that holds a wheel and exactly what a lock pins, made without a network.

What is pinned is linked from the environment of the tests, a package at a time: what only developers have is not there.
"""

import subprocess
import sys
import venv
from importlib import metadata
from pathlib import Path

from tests.security.dependencies import pins


def make(folder: Path, wheel: Path, lock: Path) -> Path:
    """Returns the folder of its programs."""
    venv.create(folder, symlinks=True)
    python = folder / "bin" / "python"
    packages = next((folder / "lib").glob("python*/site-packages"))
    for pin in pins(lock.read_text()):
        if pin.here:
            distribution = metadata.distribution(pin.name)
            for top in {file.parts[0] for file in distribution.files or () if file.parts[0] != ".."}:
                _link(Path(str(distribution.locate_file(top))), packages / top)
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", "--no-deps", "--no-index"]
    subprocess.run([*pip, "--no-compile", "--disable-pip-version-check", str(wheel)], check=True)
    return folder / "bin"


def _link(there: Path, here: Path) -> None:
    shared = there.is_dir() and not (there / "__init__.py").exists() and there.suffix not in (".dist-info", ".libs")
    if not shared:
        if not here.exists():
            here.symlink_to(there)
        return
    # Several distributions have a part of it (`opentelemetry`, `google`).
    here.mkdir(exist_ok=True)
    for part in there.iterdir():
        _link(part, here / part.name)
