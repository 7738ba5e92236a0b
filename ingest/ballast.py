"""Reserve disk space for a start on a full disk: a file that exists to be deleted.

A redirector needs some space to begin a journal, and a full disk seldom empties by itself.
"""

import asyncio
import logging
import os
from pathlib import Path

log = logging.getLogger(__name__)

NAME = "ballast"
SIZE = 8 << 20
# Take the space only if this many times its size is free.
_PLENTY = 8
EVERY_S = 60.0


def keep(folder: Path) -> None:
    """Create the file if it is missing and there is plenty of space. Blocks for some milliseconds. Raises OSError."""
    path = folder / NAME
    if path.exists() or free_bytes(folder) < _PLENTY * SIZE:
        return
    fresh = folder / f".{NAME}.{os.getpid()}"
    try:
        # Random bytes, because a compressing file system stores zeros in no space.
        fresh.write_bytes(os.urandom(SIZE))
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)


async def keep_kept(folder: Path) -> None:
    """Create the file again whenever there is plenty of space, until cancelled."""
    while True:
        await asyncio.sleep(EVERY_S)
        try:
            await asyncio.to_thread(keep, folder)
        except OSError as error:
            log.warning("no ballast could be kept in %s: %s", folder, error)


def release(folder: Path) -> bool:
    """Delete the file; returns whether there was one."""
    try:
        (folder / NAME).unlink()
    except FileNotFoundError:
        return False
    return True


def free_bytes(folder: Path) -> int:
    disk = os.statvfs(folder)
    return disk.f_bavail * disk.f_frsize
