"""Queue password tries at a code whose password everybody together has guessed at too often.

Tries are taken one by one, as `guess_limits` allows them: first those of addresses that have given no wrong password
lately, among these in the order they came. So a flood of guesses makes others wait and keeps nobody out. Each
redirector has a queue for each such code; chance decides which redirector gets the next try. The queues are bounded,
and so is the time anybody waits in one.
"""

import asyncio
from heapq import heapify, heappop, heappush
from itertools import count

from redirect.password_gate.guess_limits import GuessLimits, Names, Verdict
from redirect.redis_connection import Away, Refused

MOST_OF_CODE = 64
MOST = 256
LONGEST_WAIT_S = 20.0
# It is looked so often whether another redirector has given a try back.
LOOK_S = 1.0
# What is said to whom there is no room for.
COME_AGAIN = Verdict(may=False, queued=True, wait_ms=10_000)

# Whether it has failed and when it came; what it is known by; where it waits.
_Waiting = tuple[bool, int, Names, "asyncio.Future[Verdict]"]


class _Line:
    def __init__(self) -> None:
        self.waiting: list[_Waiting] = []
        self.wake = asyncio.Event()


class GuessQueue:
    """One for each redirector, used in its event loop."""

    def __init__(self, tries: GuessLimits) -> None:
        self._tries = tries
        self._lines: dict[int, _Line] = {}
        self._served: dict[int, asyncio.Task[None]] = {}
        self._came = count()

    def __len__(self) -> int:
        return sum(len(line.waiting) for line in self._lines.values())

    async def turn(self, birth: int, names: Names, *, failed: bool) -> Verdict:
        """Waits for a try, at most LONGEST_WAIT_S. Raises Away or Refused when Redis cannot say."""
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
        """The next one need not wait."""
        if birth in self._lines:
            self._lines[birth].wake.set()

    def _room(self, line: _Line, failed: bool) -> bool:
        if len(line.waiting) < MOST_OF_CODE and len(self) < MOST:
            return True
        last = max(line.waiting, default=None)
        if failed or last is None or not last[0]:
            return False
        # Who has guessed before goes for who has not.
        line.waiting.remove(last)
        heapify(line.waiting)
        _tell(last[3], COME_AGAIN)
        return True

    async def _serve(self, birth: int, line: _Line) -> None:
        """Until nobody waits."""
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
    """Whether anybody is still there to hear it."""
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
