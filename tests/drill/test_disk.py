"""drill.disk: full is full, and relieved is not."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from drill.disk import ROOM, Disk, small
from ingest.journal_files import segment_name

# Writes a kilobyte for each line it reads, and says how much of it was taken.
WRITER = """
import os, sys
fd = os.open(sys.argv[1], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
for _ in sys.stdin:
    try:
        print(os.write(fd, bytes(1024)), flush=True)
    except OSError as error:
        print(error.errno, flush=True)
"""


@contextmanager
def writer(disk: Disk) -> Iterator["subprocess.Popen[str]"]:
    journal = disk.folder / "7"
    journal.mkdir()
    command = [sys.executable, "-c", WRITER, str(journal / segment_name(0, 0))]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def taken(process: "subprocess.Popen[str]") -> int:
    assert process.stdin is not None and process.stdout is not None
    process.stdin.write("\n")
    process.stdin.flush()
    return int(process.stdout.readline())


def test_a_limit_cuts_a_write_short(tmp_path: Path) -> None:
    disk = Disk(tmp_path, mounted=False)
    with writer(disk) as process:
        assert [taken(process) for _ in range(3)] == [1024] * 3
        disk.fill([process.pid])
        assert taken(process) == ROOM
        assert taken(process) < 1000
        disk.relieve([process.pid])
        assert taken(process) == 1024
    disk.fill([process.pid])


def test_a_small_file_system(tmp_path: Path) -> None:
    disk = small(tmp_path / "disk")
    try:
        if not disk.mounted:
            # Then the drill takes the limit above.
            assert os.geteuid() != 0 or list(disk.folder.iterdir()) == []
            return
        with writer(disk) as process:
            assert taken(process) == 1024
            disk.fill([])
            # What is left of the last page.
            assert taken(process) and taken(process) and taken(process)
            assert taken(process) < 1000
            disk.relieve([])
            assert taken(process) == 1024
    finally:
        disk.give_back()
