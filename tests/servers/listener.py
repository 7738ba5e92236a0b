"""A port that answers nothing and remembers what each caller sent, behind TLS where it is given a certificate."""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path


@contextmanager
def listening(certificate: Path | None = None) -> Iterator[tuple[int, list[bytes]]]:
    """The port, and the first bytes of each connection, which is closed after them."""
    heard: list[bytes] = []
    context = None
    if certificate is not None:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate)

    def listen() -> None:
        while True:
            try:
                caller, _ = server.accept()
            except OSError:
                return
            with closing(caller), suppress(OSError):
                caller.settimeout(30)
                # (Wrapping takes the descriptor over.)
                with caller if context is None else context.wrap_socket(caller, server_side=True) as inner:
                    heard.append(inner.recv(4096))

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=listen)
        thread.start()
        try:
            yield server.getsockname()[1], heard
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join()
