"""Check this machine: versions, disk space, descriptors, clock."""

import ctypes
import os
import platform
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from infra.version import VERSION
from waymark import embedded, net
from waymark.checks import Finding, bad, ok, warning
from waymark.settings import Settings

ENOUGH_BYTES = 5 << 30
FULL_BYTES = 64 << 20
ENOUGH_DESCRIPTORS = 10_000
# What `adjtimex` returns for an unsynchronised clock.
_TIME_ERROR = 5


def machine(settings: Settings) -> Iterator[Finding]:
    python = platform.python_version()
    yield ok("versions", f"Waymark {VERSION}, Python {python}, chDB {embedded.chdb_version()}, {platform.platform()}")
    for about, folder in (("disk of the data", settings.data), ("disk of the journals", settings.journal_folder)):
        yield _disk(about, folder)
    yield _descriptors()
    yield _clock()


def _disk(about: str, folder: Path) -> Finding:
    there = next(one for one in (folder, *folder.parents) if one.exists())
    if not os.access(there, os.W_OK):
        return bad(about, f"this user cannot write to {there}")
    free = shutil.disk_usage(there).free
    said = f"{free / (1 << 30):.1f} GiB free at {there}"
    if free < FULL_BYTES:
        return bad(about, f"{said}: the disk is full")
    return ok(about, said) if free >= ENOUGH_BYTES else warning(about, f"{said}: free some space soon")


def _descriptors() -> Finding:
    most = net.raise_descriptor_limit()
    said = f"{most:,} file descriptors per process"
    if most < ENOUGH_DESCRIPTORS:
        return warning("descriptors", f"{said}: raise the hard limit (ulimit -Hn or LimitNOFILE=) for heavy traffic")
    return ok("descriptors", said)


def _clock() -> Finding:
    """Days, salts and the numbers of codes depend on the clock."""
    if sys.platform != "linux":
        return ok("clock", "not checked on this system")
    # An empty struct timex changes nothing.
    state = ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.create_string_buffer(512))
    if state == _TIME_ERROR:
        return warning("clock", "not synchronised, says the kernel: run chrony or systemd-timesyncd")
    return (
        ok("clock", "synchronised") if state >= 0 else ok("clock", "the kernel does not say whether it is synchronised")
    )
