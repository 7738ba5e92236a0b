"""What a test reads back from the topic."""

from aiokafka import AIOKafkaConsumer, TopicPartition

from ingest.kafka_topic import check
from ingest.line_format import offset_of, unpack
from schemas.event import SourceHead, decode_note, is_note


def is_head(line: bytes) -> bool:
    return is_note(line) and isinstance(decode_note(line), SourceHead)


async def on_the_bus(bootstrap: str, topic: str) -> dict[int, list[int]]:
    """For each source the offsets of its lines, in the order of the partition, duplicates included.
    Fails when a source is in two partitions or a record's key is not its source."""
    found: dict[int, list[int]] = {}
    partition_of: dict[int, int] = {}
    for partition, source, lines in await records_on_the_bus(bootstrap, topic):
        assert partition_of.setdefault(source, partition) == partition
        assert sum(not is_head(line) for line in lines) <= 1000
        assert all(line.startswith(b"[%d," % source) or b'"source":%d' % source in line for line in lines)
        found.setdefault(source, []).extend(offset_of(line) for line in lines if not is_head(line))
    return found


async def records_on_the_bus(bootstrap: str, topic: str) -> list[tuple[int, int, list[bytes]]]:
    """Partition, source and lines of each, in the order of the partitions."""
    there = await check(bootstrap, topic)
    assert there is not None
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, auto_offset_reset="earliest", enable_auto_commit=False)
    await consumer.start()
    found = []
    try:
        partitions = [TopicPartition(topic, number) for number in range(there.partitions)]
        consumer.assign(partitions)
        ends = await consumer.end_offsets(partitions)
        for partition, end in ends.items():
            await consumer.seek_to_beginning(partition)
            while await consumer.position(partition) < end:
                for record in (await consumer.getmany(partition, timeout_ms=1000)).get(partition, []):
                    found.append((partition.partition, int(record.key), unpack(record.value)))
    finally:
        await consumer.stop()
    return found


def deduplicated(offsets: list[int]) -> list[int]:
    """What is left when whatever is not above all before it is dropped, as the aggregator does."""
    kept: list[int] = []
    for offset in offsets:
        if not kept or offset > kept[-1]:
            kept.append(offset)
    return kept
