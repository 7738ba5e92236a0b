"""A child process of the supervisor: start, restart, replace, stop."""

import asyncio
import os
import signal
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence

import msgspec

from waymark import parent_death

FIRST_PAUSE_S = 0.1
LONGEST_PAUSE_S = 10.0
# A child that ran this long restarts with the first pause again.
STEADY_S = 20.0
# Time limit for a successor to serve, while its predecessor goes on.
SERVES_WITHIN_S = 60.0


class Program(msgspec.Struct, frozen=True):
    """What to run. `graceful` asks it to stop if SIGTERM does not (Redis blocks it); `explained` may add a sentence
    when it has ended by itself."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    descriptors: tuple[int, ...] = ()
    blocked: frozenset[signal.Signals] = frozenset({signal.SIGINT, signal.SIGHUP})
    stop_within_s: float = 10.0
    graceful: Callable[[], Awaitable[None]] | None = None
    explained: Callable[[], str] = str


class Child:
    """`run` keeps the program running until `stop`. Both run on the supervisor's event loop."""

    def __init__(self, program: Program, say: Callable[[str], None]) -> None:
        self.program = program
        self.restarts = 0
        self._say = say
        self._process: asyncio.subprocess.Process | None = None
        # Successors that do not serve yet, and predecessors that have not ended yet.
        self._beside: set[asyncio.subprocess.Process] = set()
        self._stopping = asyncio.Event()
        # Held while a process is being started, so that `stop` never misses one.
        self._making = asyncio.Lock()

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process is not None and self._process.returncode is None else None

    async def start(self) -> None:
        """Raises OSError if the program cannot be run at all."""
        async with self._making:
            if self._stopping.is_set():
                return
            self._process = await self._made()

    async def _made(self, ready: int | None = None) -> asyncio.subprocess.Process:
        more = {} if ready is None else {parent_death.READY: str(ready)}
        return await asyncio.create_subprocess_exec(
            *self.program.command,
            env={**self.program.environment, **more},
            stdin=asyncio.subprocess.DEVNULL,
            # A child writes its log; standard output is for the supervisor's addresses and key.
            stdout=2,
            pass_fds=(*self.program.descriptors, *(() if ready is None else (ready,))),
            preexec_fn=parent_death.before_exec(os.getpid(), set(self.program.blocked)),
        )

    async def run(self) -> None:
        """Restart the started child whenever it ends, until `stop`."""
        pause = FIRST_PAUSE_S
        while True:
            process = self._process
            assert process is not None
            since = time.monotonic()
            code = await process.wait()
            if self._stopping.is_set():
                return
            if process is not self._process:
                # Its successor serves.
                continue
            if time.monotonic() - since > STEADY_S:
                pause = FIRST_PAUSE_S
            self.restarts += 1
            why = self.program.explained()
            self._say(f"{self.program.name} ended ({_cause(code)}); restarting it in {pause:g} s{why}")
            while not await self._started_after(pause):
                pause = min(pause * 2, LONGEST_PAUSE_S)
            pause = min(pause * 2, LONGEST_PAUSE_S)

    async def _started_after(self, pause: float) -> bool:
        try:
            await asyncio.wait_for(self._stopping.wait(), pause)
        except TimeoutError:
            pass
        else:
            return True
        try:
            await self.start()
        except OSError as error:
            self._say(f"{self.program.name} cannot be started: {error}")
            return False
        return True

    async def replace(self) -> bool:
        """Start a successor, which shares the sockets, and stop the current process once it serves. False, with nothing
        changed, if it does not serve in time."""
        watched, told = os.pipe()
        try:
            async with self._making:
                if self._stopping.is_set():
                    return False
                successor = await self._made(told)
                self._beside.add(successor)
            os.close(told)
            told = -1
            serves = await _says_so(watched, SERVES_WITHIN_S)
        except OSError as error:
            self._say(f"{self.program.name} cannot be started: {error}")
            return False
        finally:
            for descriptor in (watched, told):
                if descriptor >= 0:
                    os.close(descriptor)
        if not serves or self._stopping.is_set():
            _signal(successor, signal.SIGKILL)
            await successor.wait()
            self._beside.discard(successor)
            return False
        self._beside.discard(successor)
        before, self._process = self._process, successor
        if before is not None:
            self._beside.add(before)
            await self._end(before, asyncio.Event())
            self._beside.discard(before)
        return True

    async def stop(self, hurry: asyncio.Event) -> None:
        """Stop the child: ask, wait for its time limit (or for `hurry`), then kill."""
        self._stopping.set()
        async with self._making:
            processes = [one for one in (self._process, *self._beside) if one is not None]
        await asyncio.gather(*(self._end(one, hurry) for one in processes))

    async def _end(self, process: asyncio.subprocess.Process, hurry: asyncio.Event) -> None:
        if process.returncode is not None:
            return
        if self.program.graceful is not None:
            await self.program.graceful()
        else:
            _signal(process, signal.SIGTERM)
        ended = asyncio.ensure_future(process.wait())
        hurried = asyncio.ensure_future(hurry.wait())
        await asyncio.wait({ended, hurried}, timeout=self.program.stop_within_s, return_when=asyncio.FIRST_COMPLETED)
        hurried.cancel()
        if process.returncode is None:
            if not hurry.is_set():
                self._say(f"{self.program.name} did not stop within {self.program.stop_within_s:g} s; killing it")
            _signal(process, signal.SIGKILL)
        await ended


async def _says_so(descriptor: int, within_s: float) -> bool:
    """Whether the other end writes something in time, before it closes."""
    loop = asyncio.get_running_loop()
    said: asyncio.Future[bytes] = loop.create_future()

    def read() -> None:
        loop.remove_reader(descriptor)
        said.set_result(os.read(descriptor, 1))

    loop.add_reader(descriptor, read)
    try:
        return bool(await asyncio.wait_for(said, within_s))
    except TimeoutError:
        return False
    finally:
        loop.remove_reader(descriptor)


def _signal(process: asyncio.subprocess.Process, number: signal.Signals) -> None:
    try:
        process.send_signal(number)
    except ProcessLookupError:
        return


def _cause(code: int) -> str:
    return f"exit status {code}" if code >= 0 else f"killed by {signal.Signals(-code).name}"
