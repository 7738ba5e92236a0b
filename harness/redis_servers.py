"""Real Redis deployments for tests and drills: one server, one with replicas and a Sentinel, a cluster, with or without
TLS. Everything listens on loopback, in a folder with a short path, and ends with its context."""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import redis

from harness.certificates import Certificates
from harness.ports import free_ports
from waymark import redis_program

WITHIN_S = 60.0
# Another program than the bundled one, to see how a newer server does.
PROGRAM = "WAYMARK_TEST_REDIS_SERVER"
SERVICE = "waymark"
DOWN_AFTER_MS = 500
NODE_TIMEOUT_MS = 1_000


def program(*, tls: bool = False) -> str:
    """The bundled server; one of PATH for TLS, which the bundled one has not."""
    chosen = os.environ.get(PROGRAM)
    return chosen or (shutil.which("redis-server") or "redis-server" if tls else str(redis_program.bundled()))


class RedisNode:
    """One process, which may be stopped, killed and started again. `client` asks it on its unix socket."""

    def __init__(
        self,
        folder: Path,
        *,
        tls: Certificates | None = None,
        flags: Mapping[str, str] = {},
        sentinel: str = "",
        port: int = 0,
    ) -> None:
        """`flags` are more of the configuration; `sentinel` is that of a Sentinel, which this is then."""
        folder.mkdir(parents=True)
        self.folder = folder
        self.port = port or free_ports(1)[0]
        self.socket = folder / "s"
        self._tls = tls
        lines = {
            "dir": str(folder),
            "logfile": str(folder / "log"),
            "bind": "127.0.0.1",
            "unixsocket": str(self.socket),
        }
        lines |= {"port": str(self.port)} if tls is None else {"port": "0", "tls-port": str(self.port)}
        if tls is not None:
            lines |= {"tls-ca-cert-file": str(tls.ca), "tls-cert-file": str(tls.certificate)}
            lines |= {"tls-key-file": str(tls.key), "tls-auth-clients": "yes", "tls-replication": "yes"}
        if not sentinel:
            lines |= {"appendonly": "yes", "appendfsync": "always", "save": '""', "maxmemory-policy": "noeviction"}
            lines |= {"repl-diskless-sync": "yes", "repl-diskless-sync-delay": "0"}
        text = "".join(f"{name} {value}\n" for name, value in {**lines, **flags}.items())
        (folder / "conf").write_text(text + sentinel)
        self._arguments = ["--sentinel"] if sentinel else []
        self.process: subprocess.Popen[bytes] | None = None
        self.client = redis.Redis(unix_socket_path=str(self.socket), socket_timeout=10)

    def start(self) -> None:
        words = [program(tls=self._tls is not None), str(self.folder / "conf"), *self._arguments]
        self.process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_until(self._answers, f"a Redis does not start: {self.folder / 'log'}")

    def _answers(self) -> bool:
        try:
            return bool(self.client.ping())
        except redis.RedisError:
            return False

    def call(self, *words: str | int) -> Any:
        """The answer as the server sends it, whichever command it is."""
        kind: Any = redis.UnixDomainSocketConnection
        asked = kind(path=str(self.socket), socket_timeout=10, protocol=2)
        try:
            asked.send_command(*words)
            return asked.read_response()
        finally:
            asked.disconnect()

    def follow(self, primary: "RedisNode") -> None:
        self.follow_port(primary.port)

    def follow_port(self, port: int) -> None:
        """Of the primary, or of a line to it. Returns when it has all data."""
        self.call("REPLICAOF", "127.0.0.1", port)

        def in_step() -> bool:
            return self.client.info("replication").get("master_link_status") == "up"

        wait_until(in_step, f"a replica does not follow: {self.folder / 'log'}")

    def wait_for(self, replica: "RedisNode") -> None:
        """Until the replica has all that was written here, by anybody."""
        written = self.client.info("replication")["master_repl_offset"]

        def has() -> bool:
            return bool(replica.client.info("replication").get("slave_repl_offset", -1) >= written)

        wait_until(has, f"a replica stays behind: {replica.folder / 'log'}")

    def signal(self, number: int) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def kill(self) -> None:
        self.client.close()
        if self.process is not None:
            self.process.send_signal(signal.SIGCONT)
            self.process.kill()
            self.process.wait()
        self.process = None


def wait_until(so: Callable[[], bool], otherwise: str, within_s: float = WITHIN_S) -> None:
    """Raises TimeoutError."""
    end = time.monotonic() + within_s
    while not so():
        if time.monotonic() > end:
            raise TimeoutError(otherwise)
        time.sleep(0.01)


@contextmanager
def redis_node(
    folder: Path, *, tls: Certificates | None = None, flags: Mapping[str, str] = {}, port: int = 0
) -> Iterator[RedisNode]:
    node = RedisNode(folder, tls=tls, flags=flags, port=port)
    try:
        node.start()
        yield node
    finally:
        node.kill()


class Watched:
    """A primary, its replicas, and a Sentinel that fails over."""

    def __init__(self, nodes: list[RedisNode], sentinel: RedisNode, tls: Certificates | None) -> None:
        self.nodes = nodes
        self.sentinel = sentinel
        scheme, query = ("redis", "") if tls is None else ("rediss", tls.query)
        self.url = f"{scheme}+sentinel://127.0.0.1:{sentinel.port}/{SERVICE}{query}"

    @property
    def primary(self) -> RedisNode:
        """The one that the Sentinel names."""
        port = int(self.sentinel.call("SENTINEL", "GET-MASTER-ADDR-BY-NAME", SERVICE)[1])
        return next(node for node in self.nodes if node.port == port)

    @property
    def replica(self) -> RedisNode:
        """One that is not the primary."""
        primary = self.primary
        return next(node for node in self.nodes if node is not primary and node.process is not None)

    def wait_for_replicas(self) -> None:
        """Until the Sentinel knows of every running node, and could promote any of them."""

        def known() -> bool:
            rows = self.sentinel.call("SENTINEL", "REPLICAS", SERVICE)
            sound = [row for row in rows if dict(zip(row[::2], row[1::2], strict=True))[b"master-link-status"] == b"ok"]
            running = sum(node.process is not None for node in self.nodes)
            return len(sound) >= running - 1

        wait_until(known, "the Sentinel does not know the replicas")

    def wait_for_failover(self, old: RedisNode) -> RedisNode:
        """Until another one is the primary, and says so itself."""

        def over() -> bool:
            return self.primary is not old and self.primary.call("ROLE")[0] == b"master"

        wait_until(over, f"the Sentinel does not fail over: {self.sentinel.folder / 'log'}")
        return self.primary


@contextmanager
def watched(
    folder: Path, *, replicas: int = 1, tls: Certificates | None = None, flags: Mapping[str, str] = {}
) -> Iterator[Watched]:
    with ExitStack() as stack:
        nodes = [stack.enter_context(redis_node(folder / str(n), tls=tls, flags=flags)) for n in range(replicas + 1)]
        for node in nodes[1:]:
            node.follow(nodes[0])
        configuration = (
            f"sentinel monitor {SERVICE} 127.0.0.1 {nodes[0].port} 1\n"
            f"sentinel down-after-milliseconds {SERVICE} {DOWN_AFTER_MS}\n"
            f"sentinel failover-timeout {SERVICE} 5000\n"
        )
        sentinel = RedisNode(folder / "sentinel", tls=tls, sentinel=configuration)
        stack.callback(sentinel.kill)
        sentinel.start()
        found = Watched(nodes, sentinel, tls)
        found.wait_for_replicas()
        yield found


class Cluster:
    """Masters that share all slots, each with as many replicas."""

    def __init__(self, masters: list[RedisNode], replicas: list[RedisNode]) -> None:
        self.masters = masters
        self.nodes = [*masters, *replicas]
        self.url = "redis+cluster://" + ",".join(f"127.0.0.1:{node.port}" for node in self.nodes)

    def owner(self, slot: int) -> RedisNode:
        """The master of a slot, as a running node sees it."""
        for node in self.nodes:
            if node.process is None:
                continue
            for first, last, master, *_ in node.call("CLUSTER", "SLOTS"):
                if first <= slot <= last:
                    return next(one for one in self.nodes if one.port == int(master[1]))
        raise TimeoutError(f"nobody has the slot {slot}")


@contextmanager
def cluster(folder: Path, *, masters: int = 3, replicas: int = 0) -> Iterator[Cluster]:
    """`replicas` of each master."""
    flags = {"cluster-enabled": "yes", "cluster-config-file": "nodes", "cluster-node-timeout": str(NODE_TIMEOUT_MS)}
    count = masters * (1 + replicas)
    with ExitStack() as stack:
        ports = _cluster_ports(count)
        nodes = [stack.enter_context(redis_node(folder / str(port), flags=flags, port=port)) for port in ports]
        share = 16384 // masters
        for n, node in enumerate(nodes[:masters]):
            last = 16384 if n == masters - 1 else (n + 1) * share
            node.call("CLUSTER", "ADDSLOTS", *range(n * share, last))
            node.call("CLUSTER", "SET-CONFIG-EPOCH", n + 1)
        for node in nodes[1:]:
            node.call("CLUSTER", "MEET", "127.0.0.1", nodes[0].port)
        wait_until(lambda: all(_is_whole(node, count) for node in nodes), "the cluster does not come together")
        for n, node in enumerate(nodes[masters:]):
            node.call("CLUSTER", "REPLICATE", nodes[n % masters].call("CLUSTER", "MYID").decode())
        for node in nodes[masters:]:
            wait_until(lambda node=node: node.client.info("replication")["master_link_status"] == "up", "no replica")  # type: ignore[misc]
        yield Cluster(nodes[:masters], nodes[masters:])


def _cluster_ports(count: int) -> list[int]:
    """Each has another one 10,000 above it, for the nodes among themselves."""
    found: set[int] = set()
    while len(found) < count:
        (port,) = free_ports(1)
        with socket.socket() as bus, suppress(OSError, OverflowError):
            bus.bind(("127.0.0.1", port + 10_000))
            found.add(port)
    return sorted(found)


def _is_whole(node: RedisNode, count: int) -> bool:
    said = dict(line.split(":") for line in node.call("CLUSTER", "INFO").decode().split("\r\n") if line)
    return said["cluster_state"] == "ok" and int(said["cluster_known_nodes"]) == count
