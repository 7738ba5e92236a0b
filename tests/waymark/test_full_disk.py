"""`waymark up` on a full disk: it gives its ballast back, and everything that people wait for works."""

from pathlib import Path

import pytest

from drill.disk import small
from ingest import ballast
from tests.waymark.running import Up


@pytest.mark.proof
def test_up_starts_on_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disk = small(tmp_path / "data")
    if not disk.mounted:
        pytest.skip("no file system of its own may be mounted here")
    up = Up(tmp_path)
    try:
        up.make_folder()
        monkeypatch.setattr(ballast, "_PLENTY", 2)
        ballast.keep(up.data)
        disk.fill([])
        up.start()
        assert "the disk is full" in up.told()
        assert not (up.data / ballast.NAME).exists()
        code = up.create()
        assert up.scan(code["slug"])[0] == 302
        assert up.stop() == 0
        assert "restarting it" not in up.told()
    finally:
        if up.process is not None and up.process.is_running():
            up.kill_group()
        disk.give_back()
