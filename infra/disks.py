"""Free space on the disks of some folders, as metrics. A folder that is not there (yet) is left out."""

import shutil
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from infra.exposition import Reading


class Room(NamedTuple):
    """In bytes. What is free is free for us: a part may be kept for root."""

    free: int
    size: int


def room(folders: Mapping[str, Path]) -> dict[str, Room]:
    found = {}
    for name, folder in folders.items():
        with suppress(OSError):
            usage = shutil.disk_usage(folder)
            found[name] = Room(usage.free, usage.total)
    return found


def readings(rooms: Mapping[str, Room]) -> Mapping[str, Reading]:
    return {
        "waymark_disk_free_bytes": {(name,): one.free for name, one in rooms.items()},
        "waymark_disk_size_bytes": {(name,): one.size for name, one in rooms.items()},
    }
