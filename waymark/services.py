"""The services, as processes: each is given its settings and the sockets to serve on (those that a
supervisor handed down, else ports of its own), runs until SIGTERM, and returns an exit status."""

import asyncio
import logging
import os
import signal
import socket
from collections.abc import Callable, Coroutine
from typing import Any

import uvloop

from waymark import listening, logs, rooms, salts, tied
from waymark.folder import Folder, hold
from waymark.settings import Settings

log = logging.getLogger(__name__)


def enter(service: str, settings: Settings, *, nice: int = 0) -> None:
    """What every service does first."""
    tied.watch_parent()
    logs.configure(service, settings.log_format)
    if nice:
        os.nice(nice)


def redirect(settings: Settings, sockets: str) -> int:
    from redirect.serve import run

    salts.check_salt_redis(settings)
    salts.leave_no_core()
    listeners = _sockets(settings, sockets, settings.redirect_port, flag="WAYMARK_REDIRECT_PORT")
    # The server raises the signal that ended it once more, when all is done: that is no way to end then.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    run(rooms.redirect_settings(settings), fds=[one.detach() for one in listeners])
    return 0


def ingest(settings: Settings, sockets: str) -> int:
    from waymark.ingest_service import run

    listeners = _status_sockets(settings)
    return _until_stopped(lambda stop: run(settings, listeners, stop))


def aggregate(settings: Settings, sockets: str) -> int:
    from waymark.core import run

    folder = Folder(settings.data)
    # It holds no data beside a ClickHouse server, only sockets and what is under way.
    with hold(folder, make=True):
        folder.sweep()
        listeners = _status_sockets(settings)
        return _until_stopped(lambda stop: run(settings, [], listeners, stop, aggregate=True))


def api(settings: Settings, sockets: str) -> int:
    from waymark.core import run

    listeners = _sockets(settings, sockets, settings.api_port, flag="WAYMARK_API_PORT")
    return _until_stopped(lambda stop: run(settings, listeners, [], stop, aggregate=False))


def core(settings: Settings, sockets: str) -> int:
    from waymark.core import run

    # One that was killed leaves what it was bringing into the warehouse, up to 16 MB each time.
    Folder(settings.data).sweep()
    listeners = _sockets(settings, sockets, settings.api_port, flag="WAYMARK_API_PORT")
    return _until_stopped(lambda stop: run(settings, listeners, [], stop, aggregate=True))


def _sockets(settings: Settings, handed_down: str, port: int, *, flag: str) -> list[socket.socket]:
    return listening.inherited(handed_down) if handed_down else listening.listen(settings.host, port, flag=flag)


def _status_sockets(settings: Settings) -> list[socket.socket]:
    """Beside a supervisor the status is asked for through a socket in the data folder alone."""
    if tied.PIPE in os.environ:
        return []
    return listening.listen(settings.host, settings.status_port, flag="WAYMARK_STATUS_PORT")


def _until_stopped(service: Callable[[asyncio.Event], Coroutine[Any, Any, int]]) -> int:
    async def main() -> int:
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        return await service(stop)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(main())
