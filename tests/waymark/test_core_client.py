"""waymark.core_client: an owner of the warehouse that hangs is given up in the end."""

import socket
from pathlib import Path

import pytest

from waymark import core_client
from waymark.data_dir import DataDir


def test_nothing_is_heard(tmp_path: Path) -> None:
    folder = DataDir(tmp_path)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(str(folder.core_socket))
        listener.listen()
        with pytest.raises(core_client.CoreError, match=r"nothing was heard of it for 0\.1 s"):
            core_client.call(folder, "/audit", lambda *_: None, patience_s=0.1)
