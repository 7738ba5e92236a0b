"""drill.volume: what was synced is there after a cut, and the rest is not."""

import os
from pathlib import Path

import pytest

from drill.volume import age_journals, make_volume, possible


def write(path: Path, *, sync: bool) -> None:
    fd = os.open(path, os.O_WRONLY | os.O_CREAT)
    os.write(fd, b"x" * 10_000)
    if sync:
        os.fsync(fd)
    os.close(fd)


def test_a_cut_takes_what_was_not_synced(tmp_path: Path) -> None:
    if not possible():
        # Then the drill leaves power cuts out, and says so.
        assert os.geteuid() != 0 or not Path("/dev/loop-control").exists()
        return
    volume = make_volume(tmp_path / "volume", 8 << 20)
    try:
        write(volume.folder / "synced", sync=True)
        write(volume.folder / "not", sync=False)
        volume.cut()
        with pytest.raises(OSError, match="Input/output error"):
            write(volume.folder / "after", sync=True)
        volume.restore()
        sizes = {path.name: path.stat().st_size for path in volume.folder.iterdir() if path.is_file()}
        assert sizes.pop("synced") == 10_000
        assert not any(sizes.values())
    finally:
        volume.give_back()


def test_journals_look_as_if_from_before(tmp_path: Path) -> None:
    (tmp_path / "7").mkdir()
    header = tmp_path / "7" / "header.json"
    header.write_text('{"source":7,"opened_at_ms":1,"boot":"now"}\n')
    age_journals(tmp_path)
    assert header.read_text() == '{"source": 7, "opened_at_ms": 1, "boot": "before the power cut"}\n'
