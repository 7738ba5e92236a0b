"""Record each write of an element in the change log, before whoever wrote it is answered.

`codes.redis_client.command` hands every write to the recorder of its client. What is written is marked first (a field
of a hash in Redis), then written, then read again and appended to the log; the mark goes once the log has it. So a
process that is killed in between leaves the mark, and another one (`codes.change_log.keeper`) appends what stands there
then.
Concurrent writes share an append, and so its sync.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any, Protocol

from redis import exceptions
from redis.asyncio import Redis

from codes.change_log import records
from codes.change_log.records import Record, Word
from codes.errors import Unavailable
from infra import clock
from schemas import keys

# The most elements of one append.
AT_ONCE = 500
# How long marks of what is recorded stay.
UNMARK_S = 1.0

Read = Callable[[], Awaitable[list[Record]]]


class ChangeLogAway(Unavailable):
    """The log takes nothing now. What was to be recorded may be written, and is marked."""


class Log(Protocol):
    """Where records are kept (`codes.change_log.file`, `codes.change_log.kafka`). All raise ChangeLogAway."""

    async def id(self) -> str:
        """Of this log, and of none that takes its place."""

    async def append(self, read: Read) -> None:
        """Append what `read` returns. Once this has returned, no power cut takes it back, and no later record of an
        element is older than what was there when `read` was first called."""

    async def keep(self, kept_ms: int) -> None:
        """Drop what is superseded, but for the records of the last `kept_ms`. Called now and then."""

    async def close(self) -> None: ...


class _Batch:
    def __init__(self) -> None:
        self.elements: dict[str, None] = {}
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        # (Nobody may be waiting any more.)
        self.done.add_done_callback(lambda done: done.exception())


class Recorder:
    def __init__(self, redis: Redis, log: Log, *, now_ms: Callable[[], int] = clock.now_ms) -> None:
        self.redis = redis
        self.log = log
        self.now_ms = now_ms
        self.failures = 0
        self._batch: _Batch | None = None
        self._appending: asyncio.Task[None] | None = None
        self._recorded: list[str] = []
        self._unmarking: asyncio.Task[None] | None = None

    def elements(self, words: Sequence[Word]) -> list[str]:
        """What a command may change; such a command goes through `write`."""
        return records.written(words)

    async def write(self, words: Sequence[Word], elements: Sequence[str]) -> Any:
        """Send a command and record what it has changed. Raises what the command does, and ChangeLogAway."""
        marks, pairs = self._marks(elements)
        # In one go, so that Redis syncs its disk once.
        pipe = self.redis.pipeline(transaction=False)
        pipe.execute_command("HSET", keys.UNRECORDED, *pairs)
        pipe.execute_command(*words)
        marked, answer = await pipe.execute(raise_on_error=False)
        if isinstance(answer, exceptions.NoScriptError):
            # Nothing was written. (After any other error it may have been.)
            self._unmark_soon(marks)
        for found in (answer, marked):
            if isinstance(found, Exception):
                raise found
        await self.append(elements)
        self._unmark_soon(marks)
        return answer

    async def mark(self, elements: Iterable[str]) -> list[str]:
        """Note that these are about to be written; return the marks, which are nobody else's."""
        marks, pairs = self._marks(elements)
        await self.redis.execute_command("HSET", keys.UNRECORDED, *pairs)  # type: ignore[no-untyped-call]
        return marks

    def _marks(self, elements: Iterable[str]) -> tuple[list[str], list[str]]:
        token, now_ms = secrets.token_hex(8), str(self.now_ms())
        marks = [f"{token} {element}" for element in elements]
        return marks, [word for mark in marks for word in (mark, now_ms)]

    async def unmark(self, marks: Sequence[str]) -> None:
        if marks:
            await self.redis.execute_command("HDEL", keys.UNRECORDED, *marks)  # type: ignore[no-untyped-call]

    async def append(self, elements: Iterable[str]) -> None:
        """Append what these elements are now. Raises ChangeLogAway."""
        batch = self._batch
        if batch is None:
            batch = self._batch = _Batch()
        batch.elements.update(dict.fromkeys(elements))
        if self._appending is None or self._appending.done():
            self._appending = asyncio.create_task(self._append_batches())
        # Whoever is cancelled takes nobody else's append along.
        await asyncio.shield(batch.done)

    async def append_notes(self, *notes: Record) -> None:
        async def read() -> list[Record]:
            return list(notes)

        await self.log.append(read)

    async def _append_batches(self) -> None:
        while self._batch is not None:
            batch, self._batch = self._batch, None
            elements = list(batch.elements)
            try:
                for start in range(0, len(elements), AT_ONCE):
                    await self._append_some(elements[start : start + AT_ONCE])
            except Exception as error:  # noqa: BLE001 - whoever waits for it raises it.
                self.failures += 1
                batch.done.set_exception(error)
            else:
                batch.done.set_result(None)

    async def _append_some(self, elements: Sequence[str]) -> None:
        async def read() -> list[Record]:
            try:
                return await records.read(self.redis, elements, self.now_ms())
            except (exceptions.RedisError, OSError) as error:
                raise ChangeLogAway(f"what was written cannot be read again: {error}") from error

        await self.log.append(read)

    def _unmark_soon(self, marks: Sequence[str]) -> None:
        """Many at once: nobody waits for it, and each time Redis syncs its disk."""
        self._recorded += marks
        if self._unmarking is None or self._unmarking.done():
            self._unmarking = asyncio.create_task(self._unmark_later())

    async def _unmark_later(self) -> None:
        await asyncio.sleep(UNMARK_S)
        await self._unmark_recorded()

    async def _unmark_recorded(self) -> None:
        marks, self._recorded = self._recorded, []
        try:
            await self.unmark(marks)
        except (exceptions.RedisError, OSError):
            # What is marked is recorded once more.
            return

    async def close(self) -> None:
        """Wait for what is being recorded."""
        if self._appending is not None:
            await self._appending
        if self._unmarking is not None:
            self._unmarking.cancel()
            await asyncio.gather(self._unmarking, return_exceptions=True)
        await self._unmark_recorded()
        await self.log.close()
