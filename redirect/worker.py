"""Run one redirector in this process, on listening sockets."""

import asyncio
import gc
import logging
import resource
import secrets
import socket
from collections.abc import Callable, Sequence

import uvicorn

from ingest.deferred_journal import open_journal
from redirect import clock, fast_path
from redirect.build import build
from redirect.client_ip import trusts
from redirect.connection_limits import ConnectionLimits, within_descriptors
from redirect.server import Server
from redirect.settings import RedirectSettings

# An idle connection costs little; a reconnecting browser costs a handshake.
KEEP_ALIVE_S = 30
GRACEFUL_S = 5
BACKLOG = 2048

log = logging.getLogger(__name__)


def listen(host: str, port: int) -> socket.socket:
    """Open a listening socket. Raises OSError when the address is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, port))
    listener.listen(BACKLOG)
    listener.setblocking(False)
    return listener


def run(
    settings: RedirectSettings,
    *,
    fds: Sequence[int] = (),
    status_fds: Sequence[int] = (),
    host: str = "127.0.0.1",
    port: int = 8001,
    ready: Callable[[], None] = lambda: None,
) -> None:
    """Serve until SIGTERM or SIGINT, then close the journal. Blocks.

    Serves on `fds`, listening sockets that redirectors may share, or on a socket it opens; for operators on
    `status_fds`. Calls `ready` when it serves. Call it in the process that serves, because it opens the journal under a
    new random source. Raises SystemExit when it cannot start.
    """
    listeners = [socket.socket(fileno=fd) for fd in fds] or [listen(host, port)]
    journal = open_journal(
        settings.journal,
        source=secrets.randbelow(2**63 - 1) + 1,
        now_ms=clock.now_ms,
        max_bytes=settings.journal_max_bytes,
    )
    try:
        stopping = asyncio.Event()
        redirector = build(settings, journal, [socket.socket(fileno=fd) for fd in status_fds], stopping)
        protocol = fast_path.protocol(redirector.at_once, redirector.soon, redirector.commit, clock.elapsed)
        protocol.limits = ConnectionLimits(
            within_descriptors(settings.connections, resource.getrlimit(resource.RLIMIT_NOFILE)[0]),
            settings.connections_of_address,
            trusts(settings.trusted_proxies),
            clock.elapsed,
        )
        server = Server(
            uvicorn.Config(
                redirector.app,
                loop="uvloop",
                http=protocol,
                ws="none",
                lifespan="on",
                # Only `redirect.client_ip` decides about proxies.
                proxy_headers=False,
                access_log=False,
                server_header=False,
                log_config=None,
                backlog=BACKLOG,
                timeout_keep_alive=KEEP_ALIVE_S,
                timeout_graceful_shutdown=GRACEFUL_S,
            ),
            drain_s=settings.drain_s,
            stopping=stopping,
            ready=ready,
        )
        # Loaded objects stay for ever: the collector need not scan them again.
        gc.collect()
        gc.freeze()
        server.run(sockets=listeners)
        if not server.started:
            raise SystemExit("the redirector could not start; its log says why")
    finally:
        journal.close()
