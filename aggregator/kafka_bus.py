"""The bus of a cluster: one Kafka topic, read by a consumer group of aggregators."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError, NoOffsetForPartitionError, OffsetOutOfRangeError

from aggregator.bus import Partition
from aggregator.kafka_commit import membership
from aggregator.kafka_partition import CommitMetadata, KafkaPartition, ends_below
from ingest.kafka_topic import ensure

log = logging.getLogger(__name__)

POLL_MS = 200
# Between two looks at a partition that ends below where it was read to.
LOST_S = 1.0
# How often the partitions assigned are looked at.
LOOK_S = 0.1


def _source(key: bytes | None) -> int | None:
    """Whose lines a record holds, as its key says."""
    return int(key) if key is not None and key.isdigit() else None


class KafkaBus(ConsumerRebalanceListener):  # type: ignore[misc]
    """Polls all the time, so that membership is kept however long an insert takes; what is read waits in the
    partitions, and a full one is paused."""

    def __init__(
        self,
        bootstrap: str,
        topic: str,
        group: str,
        clock: Callable[[], float],
        *,
        session_timeout_s: float = 10.0,
        security: Mapping[str, Any] | None = None,
    ) -> None:
        self.id = ""
        self.shared = True
        self.topic = topic
        self.clock = clock
        self.session_timeout_s: float | None = session_timeout_s
        self.consumer: AIOKafkaConsumer
        self._bootstrap = bootstrap
        self._group = group
        self._session_s = session_timeout_s
        self._security = dict(security or {})
        self._admin: AIOKafkaAdminClient
        self._parts: dict[TopicPartition, KafkaPartition] = {}
        self._polling: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Raises OSError while there is no Kafka; then it may be called again."""
        try:
            self.id = await ensure(self._bootstrap, self.topic, security=self._security)
            self._admin = AIOKafkaAdminClient(bootstrap_servers=self._bootstrap, **self._security)
            await self._admin.start()
            session_ms = int(self._session_s * 1000)
            self.consumer = AIOKafkaConsumer(
                bootstrap_servers=self._bootstrap,
                group_id=self._group,
                enable_auto_commit=False,
                auto_offset_reset="none",
                session_timeout_ms=session_ms,
                heartbeat_interval_ms=max(session_ms // 5, 100),
                # How long the group waits for those who finish an insert before they let go.
                rebalance_timeout_ms=max(3 * session_ms, 30_000),
                max_partition_fetch_bytes=2 << 20,
                fetch_max_wait_ms=100,
                **self._security,
            )
            await self.consumer.start()
        except KafkaError as error:
            raise OSError(f"Kafka: {error!r}") from error
        self.consumer.subscribe([self.topic], listener=self)
        self._polling = asyncio.create_task(self._poll())

    async def partitions(self) -> Sequence[Partition]:
        if self._polling is not None and self._polling.done():
            self._polling.result()
        return list(self._parts.values())

    async def until_changed(self) -> None:
        await asyncio.sleep(LOOK_S)

    async def close(self) -> None:
        if self._polling is None:
            return
        self._polling.cancel()
        await asyncio.wait([self._polling])
        await self.consumer.stop()
        await self._admin.close()

    async def committed(self, tp: TopicPartition) -> tuple[int, str, int, int]:
        """Offset and metadata that the group committed (-1 without), the oldest offset there is, and the next one
        there will be. Raises OSError."""
        try:
            # Straight from the coordinator: the consumer's own way leaves the metadata out.
            kept = await self._admin.list_consumer_group_offsets(self._group, partitions=[tp])
            oldest = await self.consumer.beginning_offsets([tp])
            newest = await self.consumer.end_offsets([tp])
        except KafkaError as error:
            raise OSError(f"Kafka: {error!r}") from error
        return kept[tp].offset, kept[tp].metadata or "", oldest[tp], newest[tp]

    async def others(self) -> dict[int, CommitMetadata]:
        """What other processes have marked their partitions with. Raises OSError."""
        try:
            kept = await self._admin.list_consumer_group_offsets(self._group)
        except KafkaError as error:
            raise OSError(f"Kafka: {error!r}") from error
        return {
            tp.partition: CommitMetadata.read(commit.metadata or "")
            for tp, commit in kept.items()
            if tp.topic == self.topic and tp not in self._parts
        }

    async def newest(self, tp: TopicPartition) -> int | None:
        """The offset that the partition's next record will have; None when Kafka does not say."""
        try:
            offset: int = (await self.consumer.end_offsets([tp]))[tp]
        except KafkaError:
            return None
        return offset

    # Called by aiokafka between leaving one generation of the group and joining the next.

    async def on_partitions_revoked(self, revoked: set[TopicPartition]) -> None:
        """Waits for inserts in flight, for as long as the group does; one that takes longer stays declared, and is
        settled by the next owner."""
        parts, self._parts = self._parts, {}
        for part in parts.values():
            part.leaving.set()
        waits = [asyncio.ensure_future(part.let_go.wait()) for part in parts.values()]
        if waits:
            _, late = await asyncio.wait(waits, timeout=max(3 * self._session_s, 30.0) / 2)
            for wait in late:
                wait.cancel()

    async def on_partitions_assigned(self, assigned: set[TopicPartition]) -> None:
        member = membership(self.consumer)
        self.consumer.pause(*assigned)
        self._parts = {tp: KafkaPartition(self, tp.partition, member) for tp in sorted(assigned)}

    async def _poll(self) -> None:
        while True:
            try:
                self._steer()
                found = await self.consumer.getmany(timeout_ms=POLL_MS)
            except NoOffsetForPartitionError:
                # A partition of which nothing was ever committed; its worker says where it begins.
                continue
            except OffsetOutOfRangeError as error:
                for tp, offset in error.args[0].items():
                    if tp in self._parts:
                        await self._look_again(tp, offset)
                continue
            except KafkaError as error:
                log.warning("cannot read from Kafka: %r", error)
                await asyncio.sleep(POLL_MS / 1000)
                continue
            for tp, records in found.items():
                if tp in self._parts:
                    self._parts[tp].put([(one.offset, _source(one.key), one.value or b"") for one in records])

    async def _look_again(self, tp: TopicPartition, offset: int) -> None:
        """There is nothing at the offset: not any more, or, where a broker has lost records, not yet again."""
        newest = await self.newest(tp)
        if newest is None or offset > newest:
            log.error("%s", ends_below(tp, offset, newest))
            self.consumer.seek(tp, offset)
            await asyncio.sleep(LOST_S)
        else:
            self._parts[tp].fail(f"offset {offset} is not on the topic any more")

    def _steer(self) -> None:
        """Seeks and pauses; only here, so that no poll is under way."""
        for tp, part in self._parts.items():
            if part.leaving.is_set():
                continue
            if part.seek_to is not None:
                self.consumer.seek(tp, part.seek_to)
                part.begin_at(part.seek_to)
            if part.positioned and part.full != part.paused:
                (self.consumer.pause if part.full else self.consumer.resume)(tp)
                part.paused = part.full
