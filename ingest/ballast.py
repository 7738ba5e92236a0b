"""Room kept for a start on a full disk: a file that is there to be deleted.

A redirector needs little to begin a journal, but not nothing, and what filled the disk seldom goes by itself.
"""

import asyncio
import logging
import os
from pathlib import Path

log = logging.getLogger(__name__)

NAME = "ballast"
SIZE = 8 << 20
# It is taken only where so many times its size is free.
_PLENTY = 8
EVERY_S = 60.0


def keep(folder: Path) -> None:
    """Takes the room when it is not taken and there is plenty. Blocks for some milliseconds. Raises OSError."""
    path = folder / NAME
    if path.exists() or free_bytes(folder) < _PLENTY * SIZE:
        return
    fresh = folder / f".{NAME}.{os.getpid()}"
    try:
        # Random, because a file system that compresses takes no room for zeros.
        fresh.write_bytes(os.urandom(SIZE))
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)


async def keep_kept(folder: Path) -> None:
    """Until cancelled: room that was given back is taken again once there is plenty."""
    while True:
        await asyncio.sleep(EVERY_S)
        try:
            await asyncio.to_thread(keep, folder)
        except OSError as error:
            log.warning("no ballast could be kept in %s: %s", folder, error)


def release(folder: Path) -> bool:
    """Gives the room back; whether there was any."""
    try:
        (folder / NAME).unlink()
    except FileNotFoundError:
        return False
    return True


def free_bytes(folder: Path) -> int:
    disk = os.statvfs(folder)
    return disk.f_bavail * disk.f_frsize
