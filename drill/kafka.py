"""A real Kafka for drills and tests: one KRaft broker (its own controller) on loopback ports, from the jars that
pom.xml fetches, once for each user."""

import asyncio
import fcntl
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Coroutine, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError

from harness.ports import free_ports

T = TypeVar("T")

POM = Path(__file__).with_name("pom.xml")
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "waymark" / "kafka"
LIBS = CACHE / "libs"

# Settings of the broker: little memory, no waiting, one copy of everything.
_SETTINGS = """\
process.roles=broker,controller
node.id=1
controller.quorum.bootstrap.servers=127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{broker},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{broker},CONTROLLER://127.0.0.1:{controller}
inter.broker.listener.name=PLAINTEXT
controller.listener.names=CONTROLLER
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs={data}
num.partitions=3
auto.create.topics.enable=false
offsets.topic.num.partitions=3
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
broker.session.timeout.ms=2000
broker.heartbeat.interval.ms=500
controlled.shutdown.enable=false
num.network.threads=1
num.io.threads=2
log.cleaner.dedupe.buffer.size=2097152
log.cleaner.threads=1
"""

_LOGGING = """\
Configuration:
  Appenders:
    Console:
      name: console
      PatternLayout:
        pattern: "%d %p %c %m%n"
  Loggers:
    Root:
      level: WARN
      AppenderRef:
        ref: console
"""


def fetch() -> None:
    """Fetch the jars once; later calls need neither network nor Maven."""
    fetched = CACHE / "fetched"
    if fetched.exists() and fetched.read_bytes() == POM.read_bytes():
        return
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "fetching").open("w") as lock:
        # Concurrent runs must not write into the folder at the same time.
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = subprocess.run(
            ["mvn", "-B", "-q", "-f", str(POM), f"-Dlibs={LIBS}", "package"],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError("mvn could not fetch Kafka:\n" + done.stdout[-4000:])
        fetched.write_bytes(POM.read_bytes())


def _run(work: Coroutine[None, None, T]) -> T:
    """Run `work` in a separate thread, so that asynchronous tests can call this too. Blocks."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


class KafkaServer:
    """Start, stop, kill, suspend and resume one broker; its data and its ports outlive the process."""

    def __init__(self, folder: Path, *, more: str = "", users: Mapping[str, str] = {}) -> None:
        """`more`: further settings, with `{broker}` and `{controller}` for the ports. `users`, with their passwords,
        are known by SCRAM."""
        self.folder = folder
        self._more = more
        self._users = users
        self.port, self._controller = free_ports(2)
        self.bootstrap = f"127.0.0.1:{self.port}"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the broker; return when it answers."""
        fetch()
        settings = self.folder / "server.properties"
        if not settings.exists():
            self._format(settings)
        with (self.folder / "kafka.log").open("ab") as log:
            self.process = subprocess.Popen(
                [*self._java("-Xmx512m"), "kafka.Kafka", str(settings)], stdout=log, stderr=log
            )
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and self.process.poll() is None:
            if self._listens() and _run(self._answers()):
                return
            time.sleep(0.1)
        self.stop()
        raise RuntimeError("Kafka did not start:\n" + (self.folder / "kafka.log").read_text()[-4000:])

    def _format(self, settings: Path) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "log4j2.yaml").write_text(_LOGGING)
        data = self.folder / "data"
        settings.write_text((_SETTINGS + self._more).format(broker=self.port, controller=self._controller, data=data))
        if data.exists():
            # Of a broker that had other ports.
            return
        tool = [*self._java("-Xmx256m"), "kafka.tools.StorageTool"]
        subprocess.run(
            [
                *(*tool, "format", "--standalone", "--cluster-id", "d2F5bWFyay10ZXN0cw", "--config", str(settings)),
                *(f"--add-scram={kind}=[name={name},password={password}]" for kind, name, password in self._scram()),
            ],
            check=True,
            capture_output=True,
        )

    def _scram(self) -> Iterator[tuple[str, str, str]]:
        for name, password in self._users.items():
            for kind in ("SCRAM-SHA-256", "SCRAM-SHA-512"):
                yield kind, name, password

    def _java(self, *options: str) -> list[str]:
        return [
            *("java", *options, "-Xshare:auto", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"),
            *(f"-Dlog4j2.configurationFile={self.folder / 'log4j2.yaml'}", f"-Dkafka.logs.dir={self.folder}"),
            *("-cp", f"{LIBS}/*"),
        ]

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    async def _answers(self) -> bool:
        admin = AIOKafkaAdminClient(bootstrap_servers=self.bootstrap, request_timeout_ms=2000)
        try:
            await admin.start()
            await admin.list_topics()
        except (KafkaError, OSError, TimeoutError):
            return False
        finally:
            await admin.close()
        return True

    @property
    def waymark(self) -> dict[str, str]:
        """Waymark's settings, to speak to it."""
        return {"WAYMARK_KAFKA_BOOTSTRAP": self.bootstrap}

    def create_topic(self, name: str, partitions: int = 3) -> None:
        _run(self._create_topic(name, partitions))

    async def _create_topic(self, name: str, partitions: int) -> None:
        admin = AIOKafkaAdminClient(bootstrap_servers=self.bootstrap)
        await admin.start()
        try:
            answer = await admin.create_topics([NewTopic(name, partitions, 1)])
        finally:
            await admin.close()
        for _, code, message in answer.topic_errors:
            if code:
                raise RuntimeError(f"topic {name}: {message}")

    def suspend(self) -> None:
        """Suspend the broker: it keeps its connections and answers nothing."""
        assert self.process is not None
        os.kill(self.process.pid, signal.SIGSTOP)

    def resume(self) -> None:
        assert self.process is not None
        os.kill(self.process.pid, signal.SIGCONT)

    def kill(self) -> None:
        assert self.process is not None
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.process = None

    def stop(self) -> None:
        if self.process is None:
            return
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = None


Server = TypeVar("Server", bound=KafkaServer)


@contextmanager
def running(folder: Path) -> Iterator[KafkaServer]:
    with started(KafkaServer(folder)) as server:
        yield server


@contextmanager
def started(server: Server) -> Iterator[Server]:
    server.start()
    try:
        yield server
    finally:
        server.stop()


if __name__ == "__main__":
    with running(Path(sys.argv[1])) as one:
        print(one.bootstrap, flush=True)
        signal.pause()
