"""A real ZooKeeper, by which the replicas of a ClickHouse cluster agree: one process on a loopback port, from the jars
that drill/pom.xml fetches beside Kafka's."""

import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from drill.kafka import LIBS, fetch
from harness.ports import free_ports

# Small, and without the HTTP server that it would start for its operators.
_OPTIONS = (
    *("-Xmx128m", "-Xshare:auto", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"),
    *(
        "-Dzookeeper.admin.enableServer=false",
        "-Dzookeeper.4lw.commands.whitelist=ruok",
        "-Dzookeeper.fsync.warningthresholdms=60000",
    ),
)


@contextmanager
def running(folder: Path) -> Iterator[int]:
    """Its port, once it answers."""
    fetch()
    folder.mkdir(parents=True)
    (port,) = free_ports(1)
    (folder / "zoo.cfg").write_text(f"dataDir={folder}\nclientPort={port}\nclientPortAddress=127.0.0.1\n")
    command = [
        "java",
        *_OPTIONS,
        "-cp",
        f"{LIBS}/*",
        "org.apache.zookeeper.server.ZooKeeperServerMain",
        str(folder / "zoo.cfg"),
    ]
    with (folder / "zookeeper.log").open("ab") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + 60
        while not _answers(port):
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("ZooKeeper did not start:\n" + (folder / "zookeeper.log").read_text()[-4000:])
            time.sleep(0.05)
        yield port
    finally:
        process.terminate()
        process.wait(20)


def _answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), 1) as asked:
            asked.sendall(b"ruok")
            return asked.recv(16) == b"imok"
    except OSError:
        return False
