"""A Redis outside of the stack, as operators have it: with TLS, with a Sentinel, or a cluster of three masters."""

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import msgspec

from harness import redis_servers
from harness.certificates import make_certificates
from harness.redis_servers import RedisNode, Watched
from infra import redis_primary

Kind = Literal["tls", "sentinel", "cluster"]


class RedisEngine(msgspec.Struct, frozen=True):
    """`primary` finds the server that has the codes now."""

    url: str
    primary: Callable[[], RedisNode]
    watched: Watched | None = None

    def kill(self) -> None:
        """Kill the primary. A Sentinel promotes the replica, which the old one follows; else it is started again."""
        old = self.primary()
        old.kill()
        if self.watched is not None:
            new = self.watched.wait_for_failover(old)
            old.start()
            old.follow(new)
            self.watched.wait_for_replicas()
        else:
            old.start()

    def stop(self, seconds: float) -> None:
        """Suspend the primary for so long; a Sentinel may promote the replica meanwhile."""
        old = self.primary()
        old.signal(signal.SIGSTOP)
        time.sleep(seconds)
        old.signal(signal.SIGCONT)
        if self.watched is not None:
            self.watched.wait_for_replicas()


@contextmanager
def redis_engine(kind: Kind, folder: Path) -> Iterator[RedisEngine]:
    """Needs a `redis-server` with TLS on PATH for `tls`."""
    folder.mkdir()
    if kind == "tls":
        certificates = make_certificates(folder / "certificates")
        with redis_servers.redis_node(folder / "a", tls=certificates) as node:
            yield RedisEngine(f"rediss://127.0.0.1:{node.port}{certificates.query}", lambda: node)
    elif kind == "sentinel":
        with redis_servers.watched(folder / "a") as servers:
            yield RedisEngine(servers.url, lambda: servers.primary, servers)
    else:
        with redis_servers.cluster(folder / "a") as cluster:
            yield RedisEngine(cluster.url, lambda: cluster.owner(redis_primary.SLOT))
