"""A folder is watched for its next change."""

import asyncio
import sys
from pathlib import Path

import pytest

from infra.folder_watch import CONTENT, NAMES, FolderWatch

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the kernel tells nothing")


async def test_each_watch_tells_of_one_change(tmp_path: Path) -> None:
    watch, file = FolderWatch(), tmp_path / "file"
    made = watch.next_change(tmp_path, NAMES)
    assert made is not None and made is watch.next_change(tmp_path, NAMES)
    file.write_text("a")
    async with asyncio.timeout(20):
        await made.wait()
        written = watch.next_change(tmp_path, CONTENT)
        assert written is not None and not written.is_set()
        with file.open("a") as appending:
            appending.write("b")
        await written.wait()
        # That the folder goes is a change, too.
        gone = watch.next_change(tmp_path, CONTENT)
        assert gone is not None
        file.unlink()
        tmp_path.rmdir()
        await gone.wait()
    assert watch.next_change(tmp_path, NAMES) is None, "it is not there"
    watch.close()
    assert watch.next_change(tmp_path.parent, NAMES) is None
