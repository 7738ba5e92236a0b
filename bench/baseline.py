"""Serves one of the apps of `bench.baseline_apps` in a child process, with the options of a redirect worker."""

import gc
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
import msgspec
import uvicorn

from bench import baseline_apps
from harness.ports import free_ports

ROOT = Path(__file__).parents[1]


class Server(msgspec.Struct, frozen=True):
    port: int
    pid: int


@contextmanager
def served(app: str) -> Iterator[Server]:
    """Raises TimeoutError when the server does not listen within thirty seconds."""
    port = free_ports(1)[0]
    process = subprocess.Popen([sys.executable, "-m", "bench.baseline", app, str(port)], cwd=ROOT)
    try:
        wait_for(port, process)
        yield Server(port=port, pid=process.pid)
    finally:
        process.terminate()
        process.wait(10)


def wait_for(port: int, process: subprocess.Popen[bytes], patience_s: float = 30) -> None:
    deadline = time.monotonic() + patience_s
    while time.monotonic() < deadline and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.02)
    raise TimeoutError(f"nothing listens on port {port}")


@click.command()
@click.argument("app", type=click.Choice(["bare", "usual"]))
@click.argument("port", type=int)
def main(app: str, port: int) -> None:
    # What redirect.worker gives to its own, word for word.
    server = uvicorn.Server(
        uvicorn.Config(
            getattr(baseline_apps, app),
            host="127.0.0.1",
            port=port,
            loop="uvloop",
            http="httptools",
            ws="none",
            lifespan="off",
            proxy_headers=False,
            access_log=False,
            server_header=False,
            log_config=None,
            timeout_keep_alive=30,
        )
    )
    gc.collect()
    gc.freeze()
    server.run()


if __name__ == "__main__":
    main()
