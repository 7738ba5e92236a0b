"""Gather a partition's records into batches."""

import asyncio
from collections.abc import Callable

from aggregator import queries
from aggregator.batch import MAX_BYTES, Batch
from aggregator.bus import Partition, Range
from aggregator.decoding import Decoded, Unreadable, covers_offset, decode, up_to_offset
from aggregator.retrying import Retrier
from aggregator.warehouse_writer import WarehouseWriter

BATCH_S = 0.3
# After a read that brought fewer rows than this, the next one waits so long.
PACE_ROWS = 2000
PACE_S = 0.05


class Alarm(Exception):
    """Following this partition further could lose or double events. A person must look."""


class Batcher:
    """Reads one partition from where `begin_at` puts it. `storing` tells whether the batch before is still being
    stored: as long as it is, the next one grows."""

    def __init__(
        self,
        partition: Partition,
        writer: WarehouseWriter,
        clock: Callable[[], float],
        retrier: Retrier,
        storing: Callable[[], bool],
    ) -> None:
        # What follows the last batch and cannot be read; and whether the partition was read to its end.
        self.bad: Unreadable | None = None
        self.ended = False
        self._partition = partition
        self._writer = writer
        self._clock = clock
        self._ask = retrier.until_answered
        self._raise_if_leaving = retrier.raise_if_leaving
        self._storing = storing
        self._next_offset = 0
        self._skip: set[int] = set()
        # The highest seq of each source that is stored, or in a batch.
        self._highest: dict[int, int] = {}

    def begin_at(self, offset: int, skip: set[int] | None = None) -> None:
        """The next batch begins there; records at the offsets to `skip` are passed over."""
        self._next_offset = offset
        self._highest = {}
        if skip is not None:
            self._skip = skip

    async def gather(self) -> Batch | None:
        """The next batch; None at the end or when leaving. Raises Unreadable when the next record is."""
        if self.bad is not None:
            raise self.bad
        batch = Batch(self._partition.id, self._next_offset, self._highest)
        begun: float | None = None
        rows = 0
        while not self._partition.leaving.is_set():
            if self.ended:
                return None if batch.empty else batch
            if begun is not None and len(batch.lines) - rows < PACE_ROWS:
                # Little by little costs more than all at once.
                await asyncio.sleep(PACE_S)
            if begun is not None and (batch.full or (self._clock() - begun >= BATCH_S and not self._storing())):
                return batch
            records = await self._ask(lambda: self._partition.read(MAX_BYTES - min(batch.size, MAX_BYTES // 2)))
            if records is None:
                self.ended = True
                continue
            if not records:
                continue
            if begun is None:
                begun = self._clock()
            rows = len(batch.lines)
            decoded = await asyncio.to_thread(decode, records, self._next_offset, self._skip)
            await self._look_up_sources(decoded)
            await asyncio.to_thread(batch.take, decoded)
            self._next_offset = batch.last + 1
            if decoded.bad is not None:
                self.bad = decoded.bad
                if batch.empty:
                    raise self.bad
                return batch
        return None

    async def gather_again(self, intent: Range) -> Batch:
        """The batch that was declared, from the same records. Raises Alarm when one is missing, Unreadable, Leaving."""
        batch = Batch(self._partition.id, intent.first, self._highest)
        while batch.last < intent.last:
            records = await self._ask(lambda: self._partition.read(MAX_BYTES))
            if not records:
                if records is None:
                    raise Alarm(f"the bus ends before offset {intent.last}, which was declared")
                self._raise_if_leaving()
                continue
            found = decode(records, batch.last + 1, self._skip)
            decoded = up_to_offset(found, intent.last)
            if decoded.bad is None and found.last > intent.last and not covers_offset(found, intent.last, self._skip):
                raise Alarm(f"offset {intent.last} was declared, and is not on the bus")
            await self._look_up_sources(decoded, before=intent.first)
            batch.take(decoded)
            if decoded.bad is not None:
                raise decoded.bad
        batch.last = intent.last
        return batch

    async def _look_up_sources(self, decoded: Decoded, before: int | None = None) -> None:
        unknown = decoded.sources() - self._highest.keys()
        if unknown:
            limit = None if before is None else (self._partition.id, before)
            found = await self._ask(lambda: self._writer.call(queries.highest_seqs, unknown, limit))
            self._highest.update(found)
