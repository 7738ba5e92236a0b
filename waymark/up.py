"""`waymark up`: run everything on one machine, under one supervisor.

Start order: Redis; the first key; then redirectors and core side by side, since a redirector needs neither
aggregator nor API. Stop order: redirectors (they finish their answers and close their journals), then core and ingest
(they empty the bus), then Redis.
"""

import asyncio
import contextlib
import os
import signal
import socket
import sys
from collections.abc import Awaitable, Callable, Sequence

from infra.durable_files import sync_folder
from ingest import ballast
from waymark import embedded, embedded_redis, net, parent_death, redis_program, terminal
from waymark.bootstrap_key import first_key, sign_in_link
from waymark.child import Child, Program
from waymark.data_dir import DataDir, Locks, hold
from waymark.invocation import called
from waymark.net import answers_http, until
from waymark.salts import DailySalts, check_salt_redis, leave_no_core
from waymark.settings import Settings, environment

READY_WITHIN_S = 60.0
# With less free space than this, the ballast is released.
LOW_BYTES = 1 << 20
NO_EDGE = "edge         none is trusted; behind Cloudflare, set WAYMARK_EDGE=cloudflare (docs/proxies.md)"


def up(settings: Settings, say: Callable[[str], None], *, new: bool = False) -> int:
    """Run until stopped, and return the exit status. Raises InUse, PortTaken, NoRedis or Emptied at the start; with
    `new`, an empty Redis beside stored scans is accepted."""
    embedded.check_warehouse(settings)
    check_salt_redis(settings)
    net.raise_descriptor_limit()
    leave_no_core()
    folder = DataDir(settings.data)
    with hold(folder, make=True) as locks:
        folder.sweep()
        return asyncio.run(Supervisor(settings, folder, locks, say, new=new).run())


class Supervisor:
    def __init__(
        self, settings: Settings, folder: DataDir, locks: Locks, say: Callable[[str], None], *, new: bool
    ) -> None:
        self._settings = settings
        self._new = new
        self._folder = folder
        self._locks = locks
        self._say = say
        self._stop = asyncio.Event()
        self._hurry = asyncio.Event()
        self._children: list[Child] = []
        self._keeping: list[asyncio.Task[None]] = []
        self._replacing: asyncio.Task[None] | None = None

    async def run(self) -> int:
        settings = self._settings
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._asked_to_stop)
        # (`nohup` has it ignored.)
        self._terminal = terminal.is_there()
        self._outlives_terminal = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
        loop.add_signal_handler(signal.SIGHUP, self._hung_up)
        redirect_sockets = self._listen("redirect", settings.redirect_port)
        api_sockets = self._listen("api", settings.api_port)
        status_sockets = net.listen_for_status(settings.status_host, settings.status_port)
        self._status_port = int(status_sockets[0].getsockname()[1])
        about = [net.unix_socket(self._folder.redirector_socket(worker + 1)) for worker in range(settings.workers)]
        # Only this process holds the writing end: its end is the children's end of file.
        watched, self._pipe = os.pipe()
        self._salts = DailySalts()
        salting = asyncio.create_task(self._salts.keep())
        try:
            self._keeping.append(asyncio.create_task(self._keep_ballast()))
            if settings.redis_url is None:
                await self._start_redis()
            key = await self._unless_stopped(first_key(settings, self._redis_url, self._say, new=self._new))
            if not self._stop.is_set():
                await self._start(self._service("core", watched, api_sockets, status_sockets, nice=True))
                for worker, one in enumerate(about, 1):
                    await self._start(self._service("redirect", watched, redirect_sockets, [one], worker=worker))
                if settings.kafka_bootstrap is not None:
                    await self._start(self._service("ingest", watched))
                ready = asyncio.create_task(self._when_ready(key))
                await self._stop.wait()
                ready.cancel()
        finally:
            for one in [*redirect_sockets, *api_sockets, *status_sockets, *about]:
                one.close()
            await self._stop_all()
            salting.cancel()
            self._salts.close()
            os.close(watched)
            os.close(self._pipe)
        self._say("stopped")
        return 0

    @property
    def _redis_url(self) -> str:
        return self._settings.redis_url or embedded_redis.url(self._folder)

    def _asked_to_stop(self) -> None:
        if self._stop.is_set():
            self._hurry.set()
        else:
            self._stop.set()
            self._say("stopping (press again to kill at once)")

    def _hung_up(self) -> None:
        """SIGHUP means one of two things: the terminal is gone, or an operator asks for new workers."""
        if self._terminal and not terminal.is_there():
            self._terminal = False
            if not self._outlives_terminal:
                self._asked_to_stop()
        elif not self._stop.is_set() and (self._replacing is None or self._replacing.done()):
            self._replacing = asyncio.create_task(self._replace_workers())

    async def _replace_workers(self) -> None:
        """Replace one at a time, each once its successor serves, so there are never fewer."""
        for child in self._workers():
            before = child.pid
            if not await child.replace():
                if not self._stop.is_set():
                    self._say(f"{child.program.name}: the new process does not serve, so process {before} stays")
                return
            self._say(f"{child.program.name}: process {child.pid} has replaced {before}")

    def _workers(self) -> list[Child]:
        return [child for child in self._children if child.program.name.split()[0] == "redirect"]

    def _listen(self, service: str, port: int) -> list[socket.socket]:
        settings = self._settings
        activated = net.activated(os.environ, os.getpid(), service, port)
        flag = f"--{service}-port"
        return activated or net.listen(settings.host, port, flag=flag, reuse_port=settings.reuse_port)

    async def _unless_stopped(self, work: Awaitable[str | None]) -> str | None:
        task = asyncio.ensure_future(work)
        stop = asyncio.ensure_future(self._stop.wait())
        await asyncio.wait({task, stop}, return_when=asyncio.FIRST_COMPLETED)
        stop.cancel()
        if task.done():
            return task.result()
        task.cancel()
        return None

    async def _keep_ballast(self) -> None:
        """Reserve disk space for a later start: Redis exits if it cannot write, also while starting."""
        with contextlib.suppress(OSError):
            await asyncio.to_thread(ballast.keep, self._settings.data)
        await ballast.keep_kept(self._settings.data)

    async def _start_redis(self) -> None:
        server = redis_program.find(self._folder, self._settings.redis_server)
        if server.because:
            self._say(f"Redis is {server.program} ({server.is_a}): {server.because}")
        if ballast.free_bytes(self._settings.data) < LOW_BYTES and ballast.release(self._settings.data):
            self._say(f"the disk is full: released {ballast.SIZE >> 20} MiB reserved for a start; free some space")
        await asyncio.to_thread(embedded_redis.clear_leftover, self._folder)
        child = await self._start(
            Program(
                name="redis",
                command=embedded_redis.arguments(server.program, self._folder),
                environment={key: value for key, value in os.environ.items() if not key.startswith("WAYMARK_")},
                blocked=frozenset({signal.SIGINT, signal.SIGHUP, signal.SIGTERM}),
                stop_within_s=15.0,
                graceful=lambda: asyncio.to_thread(embedded_redis.shut_down, self._folder),
                explained=lambda: embedded_redis.full_disk(self._folder),
            )
        )
        ready = await until(
            lambda: asyncio.to_thread(embedded_redis.answers, self._folder),
            within_s=embedded_redis.READY_WITHIN_S,
            unless=lambda: self._stop.is_set() or child.restarts > 2,
        )
        if not ready and not self._stop.is_set():
            raise embedded_redis.does_not_start(server.program, self._folder)
        if ready:
            redis_program.note(self._folder, server)
        # Redis syncs its files, but not the folder that names them.
        await asyncio.to_thread(sync_folder, self._folder.redis)

    def _service(
        self,
        service: str,
        watched: int,
        sockets: Sequence[socket.socket] = (),
        status: Sequence[socket.socket] = (),
        *,
        worker: int = 0,
        nice: bool = False,
    ) -> Program:
        variables = {key: value for key, value in os.environ.items() if not key.startswith("WAYMARK_")}
        variables |= environment(self._settings)
        # The children do not need the key.
        variables.pop("WAYMARK_BOOTSTRAP_KEY", None)
        variables |= {
            "WAYMARK_REDIS_URL": self._redis_url,
            "TMPDIR": str(self._folder.temporary),
            parent_death.PIPE: str(watched),
        }
        descriptors = [watched, self._locks.children, *(one.fileno() for one in (*sockets, *status))]
        flags = {"--sockets": net.described(sockets), "--status": net.described(status)}
        if worker:
            salts = self._salts.share()
            descriptors.append(salts)
            flags |= {"--salts": str(salts), "--worker": str(worker)}
        if nice:
            flags["--nice"] = "5"
        # -P: modules in the current folder must not shadow ours.
        command = [sys.executable, "-P", "-m", "waymark", service]
        return Program(
            name=f"{service} {worker}" if worker and self._settings.workers > 1 else service,
            command=[*command, *(word for flag, value in flags.items() if value for word in (flag, value))],
            environment=variables,
            descriptors=tuple(descriptors),
            stop_within_s=30.0 if service == "core" else 10.0 + (self._settings.drain if worker else 0),
        )

    async def _start(self, program: Program) -> Child:
        child = Child(program, self._say)
        await child.start()
        self._children.append(child)
        self._keeping.append(asyncio.create_task(child.run()))
        return child

    async def _when_ready(self, key: str | None) -> None:
        settings = self._settings
        ready = await until(
            lambda: answers_http(settings.host, [settings.redirect_port, settings.api_port], "/healthz"),
            within_s=READY_WITHIN_S,
            unless=self._stop.is_set,
        )
        if not ready:
            self._say(f"not ready after {READY_WITHIN_S:g} s; the log above may say why")
        link = await sign_in_link(settings, self._redis_url)
        for line in self._addresses(key, link):
            self._say(line)

    def _addresses(self, key: str | None, link: str | None) -> list[str]:
        settings = self._settings
        children = ", ".join(f"{child.program.name} (process {child.pid})" for child in self._children)
        return [
            f"running: {children}",
            f"dashboard    {link or settings.api_base}",
            *(["             (the link signs you in, once and within ten minutes)"] if link else []),
            f"short links  {settings.short_base}/",
            f"API          {settings.api_base}/   (documentation: {settings.api_base}/docs)",
            f"status       http://{settings.status_host}:{self._status_port}/metrics   (for operators only)",
            f"data         {settings.data}",
            *([NO_EDGE] if settings.edge == "none" else []),
            f"key          {key or f'exists; for another one: {called()} key create'}",
        ]

    async def _stop_all(self) -> None:
        """Stop group by group, so that nothing is lost: each has ended before the next is asked to."""
        for group in (("redirect",), ("core", "ingest"), ("redis",)):
            members = [child for child in self._children if child.program.name.split()[0] in group]
            await asyncio.gather(*(child.stop(self._hurry) for child in members))
        if self._replacing is not None:
            self._keeping.append(self._replacing)
        for task in self._keeping:
            task.cancel()
        await asyncio.gather(*self._keeping, return_exceptions=True)
