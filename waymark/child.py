"""One child of the supervisor: started, watched, started again, and stopped."""

import asyncio
import os
import signal
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence

import msgspec

from waymark import tied

FIRST_PAUSE_S = 0.1
LONGEST_PAUSE_S = 10.0
# Having run this long, a child that dies is started again as if it were the first time.
STEADY_S = 20.0


class Program(msgspec.Struct, frozen=True):
    """What to run. `graceful` asks it to end where SIGTERM is not how (Redis has it blocked)."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    descriptors: tuple[int, ...] = ()
    blocked: frozenset[signal.Signals] = frozenset({signal.SIGINT, signal.SIGHUP})
    stop_within_s: float = 10.0
    graceful: Callable[[], Awaitable[None]] | None = None


class Child:
    """`run` keeps the program running until `stop`; both are for the supervisor's loop."""

    def __init__(self, program: Program, say: Callable[[str], None]) -> None:
        self.program = program
        self.restarts = 0
        self._say = say
        self._process: asyncio.subprocess.Process | None = None
        self._stopping = asyncio.Event()
        # Held while a process is being made, so that `stop` never misses one.
        self._making = asyncio.Lock()

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process is not None and self._process.returncode is None else None

    async def start(self) -> None:
        """Raises OSError when the program cannot be run at all."""
        async with self._making:
            if self._stopping.is_set():
                return
            self._process = await asyncio.create_subprocess_exec(
                *self.program.command,
                env=dict(self.program.environment),
                stdin=asyncio.subprocess.DEVNULL,
                # What a child writes is its log; the supervisor's standard output is for the addresses and the key.
                stdout=2,
                pass_fds=self.program.descriptors,
                preexec_fn=tied.before_exec(os.getpid(), set(self.program.blocked)),
            )

    async def run(self) -> None:
        """Waits for the end of a started child and starts it again, until `stop`."""
        pause = FIRST_PAUSE_S
        while True:
            assert self._process is not None
            since = time.monotonic()
            code = await self._process.wait()
            if self._stopping.is_set():
                return
            if time.monotonic() - since > STEADY_S:
                pause = FIRST_PAUSE_S
            self.restarts += 1
            self._say(f"{self.program.name} ended ({_cause(code)}); starting it again in {pause:g} s")
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

    async def stop(self, hurry: asyncio.Event) -> None:
        """Ends the child: asks, waits for its time (or until told to hurry), then kills."""
        self._stopping.set()
        async with self._making:
            process = self._process
        if process is None or process.returncode is not None:
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


def _signal(process: asyncio.subprocess.Process, number: signal.Signals) -> None:
    try:
        process.send_signal(number)
    except ProcessLookupError:
        return


def _cause(code: int) -> str:
    return f"exit status {code}" if code >= 0 else f"killed by {signal.Signals(-code).name}"
