"""The data folder: one owner, and sockets also where its path is long."""

import os
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from waymark import net
from waymark.data_dir import DataDir, InUse, held, hold, short


def test_a_second_owner_is_told_who_has_it_and_what_to_do(tmp_path: Path) -> None:
    folder = DataDir(tmp_path / "data")
    with hold(folder, make=True):
        assert held(folder)
        with pytest.raises(InUse, match=rf"process {os.getpid()}.*--data"), hold(folder, make=True):
            pass
    assert not held(folder)
    with hold(folder, make=True):
        pass


def test_only_its_owner_can_look_into_the_folder(tmp_path: Path) -> None:
    with hold(DataDir(tmp_path / "data"), make=True):
        assert (tmp_path / "data").stat().st_mode & 0o777 == 0o700


def test_the_next_owner_waits_for_the_children_of_the_last(tmp_path: Path) -> None:
    folder = DataDir(tmp_path / "data")
    with hold(folder, make=True) as locks:
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(0.6)"], pass_fds=[locks.children])
    try:
        with pytest.raises(InUse, match="earlier"), hold(folder, wait_s=0.1):
            pass
        with hold(folder, make=True):
            assert child.poll() is not None or child.wait(20) == 0
    finally:
        child.kill()
        child.wait()


def test_temporary_files_of_a_crash_are_swept(tmp_path: Path) -> None:
    folder = DataDir(tmp_path / "data")
    with hold(folder, make=True):
        (folder.temporary / "left").write_text("over")
        folder.sweep()
        assert list(folder.temporary.iterdir()) == []


def test_a_short_path_is_left_alone(tmp_path: Path) -> None:
    path = Path("/data/redis.sock")
    assert short(path) == path


def test_a_long_path_can_be_bound_and_reached() -> None:
    with tempfile.TemporaryDirectory() as top:
        deep = Path(top) / ("d" * 60) / ("e" * 60)
        deep.mkdir(parents=True)
        path = short(deep / "one.sock")
        assert len(os.fsencode(path)) < 108
        assert short(deep / "one.sock") == path
        try:
            with socket.socket(socket.AF_UNIX) as server, socket.socket(socket.AF_UNIX) as client:
                server.bind(str(path))
                server.listen()
                client.connect(str(path))
            assert (deep / "one.sock").exists()
        finally:
            path.parent.unlink()


def test_what_is_in_the_way_of_the_link_is_not_used() -> None:
    with tempfile.TemporaryDirectory() as top:
        deep = Path(top) / ("d" * 120)
        deep.mkdir()
        link = short(deep / "one.sock").parent
        link.unlink()
        link.symlink_to(top)
        try:
            with pytest.raises(OSError, match="in the way"):
                short(deep / "one.sock")
        finally:
            link.unlink()


def test_a_taken_port_is_named_with_the_flag_that_changes_it() -> None:
    taken = net.listen("127.0.0.1", 0, flag="--api-port")
    port = taken[0].getsockname()[1]
    try:
        with pytest.raises(net.PortTaken, match=rf"Port {port}.*--api-port"):
            net.listen("127.0.0.1", port, flag="--api-port")
    finally:
        taken[0].close()
