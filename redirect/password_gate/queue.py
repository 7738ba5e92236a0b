"""Queue password tries at a code that has had too many wrong guesses in all.

Tries are taken one at a time, as `guess_limits` allows: first those of addresses without a recent wrong password, and
among these in order of arrival. So a flood of guesses slows others down but keeps nobody out. Each redirector has one
queue per code; chance decides which redirector gets the next try. The queues are bounded, and so is the waiting time.
"""

import asyncio
from heapq import heapify, heappop, heappush
from itertools import count

from redirect.password_gate.guess_limits import GuessLimits, Names, Verdict
from redirect.redis_connection import Away, Refused

MOST_OF_CODE = 64
MOST = 256
LONGEST_WAIT_S = 20.0
# How often to check whether another redirector has given a try back.
LOOK_S = 1.0
# The verdict when the queue is full.
COME_AGAIN = Verdict(may=False, queued=True, wait_ms=10_000)

# Whether it has failed; when it came; its names; its future.
_Waiting = tuple[bool, int, Names, "asyncio.Future[Verdict]"]


class _Line:
    def __init__(self) -> None:
        self.waiting: list[_Waiting] = []
        self.wake = asyncio.Event()


class GuessQueue:
    """One per redirector, used in its event loop."""

    def __init__(self, tries: GuessLimits) -> None:
        self._tries = tries
        self._lines: dict[int, _Line] = {}
        self._served: dict[int, asyncio.Task[None]] = {}
        self._came = count()

    def __len__(self) -> int:
        return sum(len(line.waiting) for line in self._lines.values())

    async def turn(self, birth: int, names: Names, *, failed: bool) -> Verdict:
        """Wait for a try, at most LONGEST_WAIT_S. Raises Away or Refused when Redis cannot answer."""
        line = self._lines.get(birth) or _Line()
        if not self._room(line, failed):
            return COME_AGAIN
        self._lines[birth] = line
        future: asyncio.Future[Verdict] = asyncio.get_running_loop().create_future()
        heappush(line.waiting, (failed, next(self._came), names, future))
        if birth not in self._served:
            self._served[birth] = asyncio.create_task(self._serve(birth, line))
        try:
            async with asyncio.timeout(LONGEST_WAIT_S):
                return await future
        except TimeoutError:
            return COME_AGAIN

    def wake_next(self, birth: int) -> None:
        """Wake the next in the queue."""
        if birth in self._lines:
            self._lines[birth].wake.set()

    def _room(self, line: _Line, failed: bool) -> bool:
        if len(line.waiting) < MOST_OF_CODE and len(self) < MOST:
            return True
        last = max(line.waiting, default=None)
        if failed or last is None or not last[0]:
            return False
        # An address that has guessed makes room for one that has not.
        line.waiting.remove(last)
        heapify(line.waiting)
        _tell(last[3], COME_AGAIN)
        return True

    async def _serve(self, birth: int, line: _Line) -> None:
        """Serve the queue until it is empty."""
        waiting = line.waiting
        try:
            while waiting:
                first = waiting[0]
                if first[3].done():
                    heappop(waiting)
                    continue
                line.wake.clear()
                verdict = await self._tries.take(birth, first[2])
                if verdict.queued:
                    await _sleep(line.wake, verdict.wait_ms / 1000)
                    continue
                if first in waiting:
                    waiting.remove(first)
                    heapify(waiting)
                if not _tell(first[3], verdict) and verdict.may:
                    self._tries.give_back(birth, first[2])
        except (Away, Refused) as error:
            for _, _, _, future in waiting:
                if not future.done():
                    future.set_exception(error)
        finally:
            del self._lines[birth], self._served[birth]

    async def close(self) -> None:
        for task in list(self._served.values()):
            task.cancel()
        await asyncio.gather(*self._served.values(), return_exceptions=True)


def _tell(future: "asyncio.Future[Verdict]", verdict: Verdict) -> bool:
    """Resolve the future; whether anybody was still waiting."""
    if future.done():
        return False
    future.set_result(verdict)
    return True


async def _sleep(wake: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(min(seconds, LOOK_S)):
            await wake.wait()
    except TimeoutError:
        pass
