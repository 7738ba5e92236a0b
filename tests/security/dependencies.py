"""What Waymark is made of besides itself: pinned, hashed, installed as it is pinned, and without known holes.

    python -m tests.security.dependencies

All but the last is asked of this machine. Known holes are asked for with pip-audit, where somebody has installed it: it
needs a network, and an audit that cannot be asked says so and fails nothing (docs/decisions/1804).
"""

import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import click
import msgspec

ROOT = Path(__file__).parents[2]
# What is installed for work on Waymark, and what is taken from it for less than that.
LOCK = "requirements-dev.txt"
NARROWER = ("requirements.txt", "requirements-edge.txt", "requirements-build.txt")
PATIENCE_S = 120
_PIN = re.compile(r"(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^\]]*\])?==(?P<version>[^\s;\\]+)")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


class Pin(msgspec.Struct, frozen=True):
    """One entry of the lock. `here` is False where its marker rules this machine out."""

    name: str
    version: str
    hashed: bool
    here: bool = True


class Hole(msgspec.Struct, frozen=True):
    id: str
    fix_versions: list[str] = []


class Audited(msgspec.Struct, frozen=True):
    name: str
    version: str = ""
    vulns: list[Hole] = []


class Audit(msgspec.Struct, frozen=True):
    """What pip-audit says, as far as it matters here."""

    dependencies: list[Audited]


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def pins(lock: str) -> Iterator[Pin]:
    """Raises ValueError for an entry that is not pinned to a version."""
    for entry in re.sub(r"\\\n", " ", lock).splitlines():
        text = entry.partition("#")[0].strip()
        if not text or text.startswith("--"):
            continue
        found = _PIN.match(text)
        if found is None:
            raise ValueError(f"not pinned: {text}")
        yield Pin(normal(found["name"]), found["version"], "--hash=sha256:" in text, ";" not in text)


def declared(project: str) -> set[str]:
    known = tomllib.loads(project)["project"]
    texts = [*known["dependencies"], *(one for extra in known["optional-dependencies"].values() for one in extra)]
    return {normal(found[0]) for text in texts if (found := _NAME.match(text))}


def problems(lock: str, project: str, installed: dict[str, str]) -> list[str]:
    """Of the lock by itself, and of what is installed beside it."""
    try:
        known = list(pins(lock))
    except ValueError as error:
        return [str(error)]
    found = [f"{pin.name}: without a hash" for pin in known if not pin.hashed]
    found += [
        f"{name}: declared, and not in the lock" for name in sorted(declared(project) - {pin.name for pin in known})
    ]
    found += [f"an address: {text}" for text in re.findall(r"\S+://\S+", lock)]
    for pin in known:
        there = installed.get(pin.name)
        if pin.here and there != pin.version:
            found.append(f"{pin.name}: {there or 'not'} installed, and {pin.version} in the lock")
    return found


def entries(lock: str) -> set[str]:
    """Each with its version and hashes, without the comments."""
    bare = re.sub(r"^\s*#.*\n", "", lock, flags=re.MULTILINE)
    return {entry.rstrip(" \\\n") for entry in re.split(r"\n(?=\S)", bare.strip())}


def strangers(wide: str, narrow: str) -> list[str]:
    """What a narrower lock pins otherwise than the widest, or alone."""
    return sorted(entry.split(" ")[0] for entry in entries(narrow) - entries(wide))


def holes(lock: Path, program: str) -> list[str] | None:
    """None when nobody could be asked."""
    words = [program, "--requirement", str(lock), "--require-hashes", "--disable-pip", "--format", "json"]
    try:
        done = subprocess.run(words, capture_output=True, timeout=PATIENCE_S, check=False)
        audit = msgspec.json.decode(done.stdout, type=Audit)
    except (OSError, subprocess.TimeoutExpired, msgspec.DecodeError):
        return None
    return [
        f"{one.name} {one.version}: {hole.id}, mended in {', '.join(hole.fix_versions) or 'nothing yet'}"
        for one in audit.dependencies
        for hole in one.vulns
    ]


@click.command()
def main() -> None:
    """Ends with 1 when something is wrong."""
    lock = ROOT / LOCK
    installed = {normal(one.name): one.version for one in metadata.distributions()}
    found = problems(lock.read_text(), (ROOT / "pyproject.toml").read_text(), installed)
    for name in NARROWER:
        apart = strangers(lock.read_text(), (ROOT / name).read_text())
        found += [f"{name}: {entry} is not what {LOCK} has" for entry in apart]
    agreed = subprocess.run([sys.executable, "-m", "pip", "check"], capture_output=True, text=True, check=False)
    if agreed.returncode:
        found += agreed.stdout.splitlines()
    program = shutil.which("pip-audit")
    asked = holes(lock, program) if program else None
    found += asked or []
    for one in found:
        click.echo(one, err=True)
    told = (
        "asked for known holes"
        if asked is not None
        else "not asked for known holes (pip-audit and a network are needed)"
    )
    click.echo(f"dependencies: {len(list(pins(lock.read_text())))} pinned and hashed, {told}")
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
