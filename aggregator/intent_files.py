"""The intents of one machine: a small file for each source, replaced as a whole and synced."""

from pathlib import Path

import msgspec

from aggregator.bus import Range, Resume
from infra.durable_files import make_folder, replace_file


class StoredIntent(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything below `position` is done with; with `last`, [position, last] is declared."""

    bus: str
    position: int
    last: int | None = None


class IntentFiles:
    """The folder `<data>/aggregator/intents`. Every write is on disk when it returns; all raise OSError."""

    def __init__(self, folder: Path, bus: str) -> None:
        self._folder = folder
        self._bus = bus
        make_folder(folder)

    def read(self, source: int) -> Resume | None:
        """None: nothing was kept for the source on this bus. Raises msgspec.DecodeError when the file is damaged."""
        try:
            kept = msgspec.json.decode(self._path(source).read_bytes(), type=StoredIntent)
        except FileNotFoundError:
            return None
        if kept.bus != self._bus:
            return None
        return Resume(kept.position, None if kept.last is None else Range(kept.position, kept.last))

    def declare(self, source: int, batch: Range) -> None:
        self._write(source, StoredIntent(self._bus, batch.first, batch.last))

    def done(self, source: int, position: int) -> None:
        self._write(source, StoredIntent(self._bus, position))

    def forget(self, source: int) -> None:
        self._path(source).unlink(missing_ok=True)

    def sources(self) -> list[int]:
        return [int(path.stem) for path in self._folder.glob("*.json") if path.stem.isdecimal()]

    def _path(self, source: int) -> Path:
        return self._folder / f"{source}.json"

    def _write(self, source: int, kept: StoredIntent) -> None:
        replace_file(self._path(source), msgspec.json.encode(kept) + b"\n", durable=True)
