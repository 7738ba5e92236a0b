"""Compact the change log of one machine: `python -m codes.change_log.compaction FOLDER KEPT_MS`.

All records of the last KEPT_MS stay, so that a restore can go back to any moment of them; of what is older, the last
record of each element, unless it is gone. The most is done beside those who append; they wait only while what they have
appended meanwhile is copied.
"""

import os
import sys
from pathlib import Path

from codes.change_log import file, records
from codes.change_log.file import read_records
from codes.change_log.records import Record, is_note
from infra import clock
from infra.durable_files import replace_file, sync_folder

_CHUNK = 1 << 20


def compact(folder: Path, before_ms: int) -> None:
    """Does nothing while another process does it. Raises UnreadableRecord for a damaged log, which stays as it is."""
    with (folder / "compacting").open("wb") as alone:
        if file.locked(alone.fileno()):
            _compact(folder, before_ms)


def _compact(folder: Path, before_ms: int) -> None:
    path, fresh = file.path_in(folder), folder / "changes.new"
    upto, whole, kept = _needed(path, before_ms)
    with path.open("rb") as old, open(fresh, "wb", opener=_private) as new:
        new.write(records.encode(Record(before_ms, f"note kept {before_ms}", "")))
        start = 0
        for end, _ in read_records(path):
            if end > upto:
                break
            if end in kept:
                new.write(os.pread(old.fileno(), end - start, start))
            start = end
        new.flush()
        _copy(old.fileno(), upto, whole, new.fileno())
        os.fsync(new.fileno())
        with file.hold(folder):
            size = os.fstat(old.fileno()).st_size
            if size < whole:
                raise OSError("an append was taken back meanwhile")
            _copy(old.fileno(), whole, size, new.fileno())
            os.fsync(new.fileno())
            fresh.replace(path)
            sync_folder(folder)
    replace_file(folder / "compacted-size", str(path.stat().st_size).encode(), durable=False)


def _needed(path: Path, before_ms: int) -> tuple[int, int, set[int]]:
    """Where the records that all stay begin and end now, and the ends of those before that stay."""
    upto, whole, last, begun = 0, 0, dict[str, int](), dict[str, int]()
    for end, record in read_records(path):
        if record.at_ms >= before_ms or upto < whole:
            whole = end
            continue
        upto = whole = end
        if not is_note(record):
            if record.value is None and not record.route:
                last.pop(record.element, None)
            else:
                last[record.element] = end
            continue
        _, what, snapshot = record.element.split(" ")
        if what == "kept":
            continue
        last[record.element] = end
        if what == "begun":
            begun[snapshot] = end
        elif snapshot in begun:
            # From its beginning on it has everything: what is before does not count.
            last = {element: at for element, at in last.items() if at >= begun[snapshot]}
    return upto, whole, set(last.values())


def _copy(old: int, start: int, end: int, new: int) -> None:
    while start < end:
        start += os.write(new, os.pread(old, min(_CHUNK, end - start), start))


def _private(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_CLOEXEC, 0o600)


if __name__ == "__main__":
    os.nice(10)
    compact(Path(sys.argv[1]), clock.now_ms() - int(sys.argv[2]))
