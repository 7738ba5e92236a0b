"""A wire to Redis that a test can make slow or silent, the messages' connection and the commands' apart."""

import socket
import threading
import time
from contextlib import suppress
from typing import Self


class Side:
    """One kind of connection. While `held`, replies wait; while `cut`, nothing passes either way.
    `waiting` and `passed` count the replies in hand and those handed on."""

    def __init__(self) -> None:
        self.held = False
        self.cut = False
        self.waiting = 0
        self.passed = 0


class Proxy:
    """Listens on a port, and passes everything on to a unix socket until told otherwise."""

    def __init__(self, path: str) -> None:
        self._path = path
        self.commands = Side()
        self.messages = Side()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"redis://127.0.0.1:{self._listener.getsockname()[1]}"
        self._open: list[socket.socket] = [self._listener]
        self._thread(self._accept)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for one in self._open:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _thread(self, target: "object", *args: object) -> None:
        assert callable(target)
        threading.Thread(target=target, args=args, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
                far = socket.socket(socket.AF_UNIX)
                far.connect(self._path)
            except OSError:
                return
            near.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._open += [near, far]
            sides = [self.commands]
            self._thread(self._pump, near, far, sides, False)
            self._thread(self._pump, far, near, sides, True)

    def _pump(self, source: socket.socket, sink: socket.socket, sides: list[Side], replies: bool) -> None:
        try:
            while data := source.recv(65536):
                if not replies and b"SUBSCRIBE" in data:
                    sides[0] = self.messages
                sides[0].waiting += replies
                while sides[0].cut or (replies and sides[0].held):
                    time.sleep(0.002)
                sides[0].waiting -= replies
                sink.sendall(data)
                sides[0].passed += replies
        except OSError:
            pass
        for one in (source, sink):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
