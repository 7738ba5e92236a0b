"""Hear from the kernel that something in a folder has changed, so that nobody need look all the time.

inotify, so on Linux only. A watch tells of one change and is gone, so a busy folder costs its writers nothing. It is an
aid: whoever waits for it still looks from time to time, and looks often where there is none.
"""

import asyncio
import contextlib
import ctypes
import os
import struct
import sys
from collections.abc import Iterator
from pathlib import Path

_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None

_MODIFY, _CLOSE_WRITE, _MOVED_TO, _CREATE, _ONE_SHOT = 0x2, 0x8, 0x80, 0x100, 0x80000000
# New names in a folder; and whatever is written to its files. The end of a writer closes them.
NAMES = _MOVED_TO | _CREATE
CONTENT = NAMES | _MODIFY | _CLOSE_WRITE
_EVENT = struct.Struct("iIII")
_LOST = -1


class FolderWatch:
    """For one event loop, which must run when it is made."""

    def __init__(self) -> None:
        self._fd = -1 if _libc is None else _libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        self._armed: dict[Path, tuple[int, asyncio.Event]] = {}
        self._folders: dict[int, Path] = {}
        if self._fd >= 0:
            self._loop = asyncio.get_running_loop()
            self._loop.add_reader(self._fd, self._read)

    def next_change(self, folder: Path, mask: int) -> asyncio.Event | None:
        """An event that is set by the next change after this call; None where nobody tells. Look after it, not before:
        what changed earlier is not told."""
        if self._fd < 0 or _libc is None:
            return None
        if folder in self._armed:
            return self._armed[folder][1]
        watch = _libc.inotify_add_watch(self._fd, os.fsencode(folder), ctypes.c_uint32(mask | _ONE_SHOT))
        if watch < 0:
            return None
        event = asyncio.Event()
        self._armed[folder] = watch, event
        self._folders[watch] = folder
        return event

    def _read(self) -> None:
        with contextlib.suppress(BlockingIOError):
            for watch in _watches(os.read(self._fd, 1 << 16)):
                for each in list(self._folders) if watch == _LOST else [watch]:
                    self._tell(each)

    def _tell(self, watch: int) -> None:
        # (That a watch is gone is told, too.)
        folder = self._folders.pop(watch, None)
        if folder is not None:
            self._armed.pop(folder)[1].set()

    def close(self) -> None:
        if self._fd >= 0:
            self._loop.remove_reader(self._fd)
            os.close(self._fd)
        self._fd = -1
        for watch in list(self._folders):
            self._tell(watch)


def _watches(data: bytes) -> Iterator[int]:
    at = 0
    while at < len(data):
        watch, _, _, length = _EVENT.unpack_from(data, at)
        yield watch
        at += _EVENT.size + length
