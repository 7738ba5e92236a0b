"""The API behind the server that it runs on (uvicorn, uvloop, httptools), in a thread with a loop of its own."""

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

import uvicorn

from infra.exposition import exposition
from infra.warehouse import Warehouse
from tests.api.service import Service
from tests.servers.dns import NameServer, name_server


class Served:
    """Where it is, a key for it, the name server that it asks, and what it has counted."""

    def __init__(self, port: int, key: str, names: NameServer, metrics: Callable[[], str]) -> None:
        self.metrics = metrics
        self.names = names
        self.port = port
        self.key = key
        self.url = f"http://127.0.0.1:{port}"

    def raw(self, request: bytes, patience_s: float = 30.0) -> bytes:
        """What comes back for bytes as they are, until the server closes. Raises TimeoutError if it never does."""
        with socket.create_connection(("127.0.0.1", self.port), patience_s) as connection:
            connection.sendall(request)
            answer = b""
            while received := connection.recv(65536):
                answer += received
            return answer


def counted(service: Service) -> str:
    return exposition(service.context.registry).decode()


@contextmanager
def serving(redis_url: str, warehouse: Warehouse, *, cors: str = "", replicas: int = 0) -> Iterator[Served]:
    ready = threading.Event()
    found: list[Served] = []
    stop: list[uvicorn.Server] = []
    failed: list[BaseException] = []

    async def serve() -> None:
        service = Service(redis_url, warehouse, cors=cors, replicas=replicas)
        try:
            await service.open()
            async with name_server(service.name_socket) as names:
                listening = socket.create_server(("127.0.0.1", 0))
                config = uvicorn.Config(service.app, http="httptools", lifespan="off", access_log=False)
                stop.append(uvicorn.Server(config))
                port = listening.getsockname()[1]
                found.append(Served(port, await service.key(), names, partial(counted, service)))
                ready.set()
                with listening:
                    await stop[0].serve([listening])
        finally:
            await service.close()

    def run() -> None:
        try:
            with asyncio.Runner(loop_factory=uvicorn.config.Config("", loop="uvloop").get_loop_factory()) as runner:
                runner.run(serve())
        except BaseException as error:
            failed.append(error)
        finally:
            ready.set()

    thread = threading.Thread(target=run, name="served")
    thread.start()
    try:
        assert ready.wait(60)
        assert not failed, failed
        yield found[0]
    finally:
        if stop:
            stop[0].should_exit = True
        thread.join(60)
    assert not failed, failed
