"""waymark.asking: an owner of the warehouse that hangs is given up in the end."""

import socket
from pathlib import Path

import pytest

from waymark import asking
from waymark.folder import Folder


def test_nothing_is_heard(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(str(folder.core_socket))
        listener.listen()
        with pytest.raises(asking.Failed, match=r"nothing was heard of it for 0\.1 s"):
            asking.ask(folder, "/audit", lambda *_: None, patience_s=0.1)
