"""The data of a past version: a data folder (and a broker's) as a killed Waymark left it, and what was true of it.

`python -m tests.upgrades.making` makes those of this version.
"""

import tarfile
from pathlib import Path

import msgspec

from drill.kafka import KafkaServer

FIXTURES = Path(__file__).parent / "fixtures"
DATA, BROKER = "data", "broker"
TOPIC = "scans"


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """`answers`: of each path the answers that it may get. `scans`: how many were answered, `erased` how many of them
    were of a code that is deleted. `totals`: scans of codes by id that reached a destination or a page."""

    answers: dict[str, list[tuple[int, str]]]
    scans: int
    erased: int
    totals: dict[str, int]


def names() -> list[str]:
    return sorted(str(path.parent.relative_to(FIXTURES)) for path in FIXTURES.glob("*/*/manifest.json"))


def pack(name: str, folder: Path, manifest: Manifest) -> None:
    """Write what is in the folder, but for sockets, logs and what is made anew."""
    to = FIXTURES / name
    to.mkdir(parents=True, exist_ok=True)
    with tarfile.open(to / "folder.tar.xz", "w:xz", preset=9) as archive:
        for path in sorted(folder.rglob("*")):
            if (path.is_file() or path.is_dir()) and not _left_out(path.relative_to(folder)):
                archive.add(path, path.relative_to(folder), recursive=False, filter=_anonymous)
    (to / "manifest.json").write_bytes(msgspec.json.format(msgspec.json.encode(manifest)) + b"\n")


def unpack(name: str, into: Path) -> Manifest:
    with tarfile.open(FIXTURES / name / "folder.tar.xz") as archive:
        archive.extractall(into, filter="data")
    return msgspec.json.decode((FIXTURES / name / "manifest.json").read_bytes(), type=Manifest)


def settings(server: KafkaServer | None) -> dict[str, str]:
    """Those that an `up` on such a folder has."""
    kafka = {"WAYMARK_KAFKA_BOOTSTRAP": server.bootstrap, "WAYMARK_KAFKA_TOPIC": TOPIC} if server else {}
    return {"WAYMARK_SHORT_URL": "https://s.example", **kafka}


_LEFT_OUT = [
    *((DATA, name) for name in ("tmp", "ballast", "lock", "children.lock")),
    # Its ports are others each time.
    *((BROKER, name) for name in ("kafka.log", "server.properties")),
]


def _left_out(path: Path) -> bool:
    return (len(path.parts) == 1 and path.name not in (DATA, BROKER)) or path.parts[:2] in _LEFT_OUT


def _anonymous(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    return entry
