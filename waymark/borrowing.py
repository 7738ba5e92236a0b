"""The Redis that a command needs: the configured one, that of the `waymark up` beside it, or one started for
as long as the command takes."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

from waymark import redis_program, redis_server, tied
from waymark.folder import Folder, held, hold
from waymark.settings import Settings

READY_WITHIN_S = 300.0


@contextmanager
def redis_of(settings: Settings) -> Iterator[str]:
    """Its address. Raises NoFolder, NoRedis, and InUse when somebody takes the folder just now."""
    folder = Folder(settings.data)
    if settings.redis_url is not None:
        yield settings.redis_url
    elif held(folder):
        if not redis_server.answers(folder):
            raise redis_program.NoRedis(
                f"A waymark uses {folder.path}, but no Redis answers at {folder.redis_socket}. "
                "If it is starting, try again; if it uses a Redis of yours, set WAYMARK_REDIS_URL here as well."
            )
        yield redis_server.url(folder)
    else:
        with hold(folder), started(folder, settings.redis_server) as url:
            yield url


@contextmanager
def started(folder: Folder, wanted: str = redis_program.BUNDLED) -> Iterator[str]:
    """Only for whoever holds the folder; its address. Raises NoRedis."""
    redis_server.clear_leftover(folder)
    server = redis_program.find(folder, wanted)
    blocked = {signal.SIGINT, signal.SIGHUP, signal.SIGTERM}
    process = subprocess.Popen(  # noqa: S603
        redis_server.arguments(server.program, folder),
        stdin=subprocess.DEVNULL,
        preexec_fn=tied.before_exec(os.getpid(), blocked),
    )
    try:
        until = time.monotonic() + READY_WITHIN_S
        while not redis_server.answers(folder):
            if process.poll() is not None or time.monotonic() > until:
                raise redis_server.does_not_start(server.program, folder)
            time.sleep(0.02)
        redis_program.note(folder, server)
        yield redis_server.url(folder)
    finally:
        redis_server.shut_down(folder)
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
