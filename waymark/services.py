"""The services as processes: each gets its settings and sockets (inherited from a supervisor, else its own ports), runs
until SIGTERM, and returns an exit status."""

import asyncio
import logging
import os
import signal
import socket
from collections.abc import Callable, Coroutine
from typing import Any

import msgspec
import uvloop

from waymark import logs, net, parent_death, salts
from waymark.data_dir import DataDir, hold
from waymark.logs import start_line
from waymark.settings import Settings
from waymark.wiring import room_settings

log = logging.getLogger(__name__)


def enter(service: str, settings: Settings, *, nice: int = 0) -> None:
    """What every service does first."""
    parent_death.watch_parent()
    net.raise_descriptor_limit()
    logs.configure(service, settings.log_format)
    if nice:
        os.nice(nice)
    log.info("%s", start_line(service, settings))


class Handed(msgspec.Struct, frozen=True):
    """What a supervisor hands down to a service: descriptors of listening sockets, for its work and for its status; of
    the socket at which a redirector asks for salts; and what it is called among others like it."""

    sockets: str = ""
    status: str = ""
    salts: int | None = None
    worker: str = ""


def redirect(settings: Settings, handed: Handed) -> int:
    from redirect.worker import run

    if handed.salts is None:
        salts.check_salt_redis(settings)
    salts.leave_no_core()
    listeners = _sockets(settings, handed, "redirect", settings.redirect_port, flag="WAYMARK_REDIRECT_PORT")
    status = _status_sockets(settings, handed)
    # The server raises the signal that ended it once more, when all is done: that is no way to end then.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    run(
        room_settings.redirect_settings(settings, salts_descriptor=handed.salts, worker=handed.worker),
        fds=[one.detach() for one in listeners],
        status_fds=[one.detach() for one in status],
        ready=parent_death.say_ready,
    )
    return 0


def ingest(settings: Settings, handed: Handed) -> int:
    from waymark.ingest_service import run

    listeners = _status_sockets(settings, handed)
    return _until_stopped(lambda stop: run(settings, listeners, stop))


def aggregate(settings: Settings, handed: Handed) -> int:
    from waymark.core import run

    folder = DataDir(settings.data)
    # It holds no data beside a ClickHouse server, only sockets and what is under way.
    with hold(folder, make=True):
        folder.sweep()
        listeners = _status_sockets(settings, handed)
        return _until_stopped(lambda stop: run(settings, [], listeners, stop, aggregate=True))


def api(settings: Settings, handed: Handed) -> int:
    from waymark.core import run

    listeners = _sockets(settings, handed, "api", settings.api_port, flag="WAYMARK_API_PORT")
    status = _status_sockets(settings, handed)
    return _until_stopped(lambda stop: run(settings, listeners, status, stop, aggregate=False))


def core(settings: Settings, handed: Handed) -> int:
    from waymark.backup.snapshot import sweep_unused
    from waymark.core import run

    # One that was killed leaves what it was bringing into the warehouse, up to 16 MB each time.
    DataDir(settings.data).sweep()
    sweep_unused(settings)
    listeners = _sockets(settings, handed, "api", settings.api_port, flag="WAYMARK_API_PORT")
    status = net.inherited(handed.status)
    redirectors = [DataDir(settings.data).redirector_socket(worker + 1) for worker in range(settings.workers)]
    return _until_stopped(lambda stop: run(settings, listeners, status, stop, aggregate=True, redirectors=redirectors))


def _sockets(settings: Settings, handed: Handed, service: str, port: int, *, flag: str) -> list[socket.socket]:
    if handed.sockets:
        return net.inherited(handed.sockets)
    # What a service manager has opened for a service of its own is for that, whatever it is called.
    activated = net.activated(os.environ, os.getpid(), service, port) or net.activated(os.environ, os.getpid())
    return activated or net.listen(settings.host, port, flag=flag, reuse_port=settings.reuse_port)


def _status_sockets(settings: Settings, handed: Handed) -> list[socket.socket]:
    """Beside a supervisor there is one status port for all, which the core answers at."""
    if parent_death.PIPE in os.environ:
        return net.inherited(handed.status)
    found = net.listen_for_status(settings.status_host, settings.status_port)
    log.info("status at http://%s:%d/metrics", settings.status_host, found[0].getsockname()[1])
    return found


def _until_stopped(service: Callable[[asyncio.Event], Coroutine[Any, Any, int]]) -> int:
    async def main() -> int:
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        return await service(stop)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(main())
