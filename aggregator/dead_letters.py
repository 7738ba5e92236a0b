"""Records that cannot be read: out of the way, and, once they can be read, in again."""

import re
from functools import partial

import msgspec
from clickhouse_connect.driver.client import Client

from aggregator import queries
from aggregator.aggregator import Aggregator, no_checkpoint
from aggregator.batch import Batch
from aggregator.batch_log import BatchLog
from aggregator.bus import PartitionId, Range, Record
from aggregator.decoding import Decoded, Unreadable, decode
from aggregator.retrying import State
from aggregator.settle import no_hold, settle
from infra.warehouse import write


class NothingToSkip(Exception):
    """The partition is not stopped at an unreadable record."""


async def skip(aggregator: Aggregator, partition: int) -> dict[str, object]:
    """Moves the record at which the partition is stopped to the table `dead_letters`, and follows the partition
    on from after it. Raises NothingToSkip, or Away; may be called again."""
    for worker in list(aggregator.workers.values()):
        partition_id, bad = worker.partition.id, worker.bad
        if partition_id.number == partition and worker.state == State.STOPPED and bad is not None:
            await aggregator.ask(partial(store_dead_letter, partition_id, bad))
            aggregator.restart(partition)
            return {"partition": partition, "offset": bad.offset, "reason": bad.reason}
    raise NothingToSkip(f"partition {partition} is not stopped at an unreadable record")


def store_dead_letter(partition_id: PartitionId, bad: Unreadable, client: Client) -> None:
    """Keeps the record with where it came from. From then on its offset is passed over on the bus."""
    where = msgspec.json.encode([partition_id.bus, partition_id.number, bad.offset, bad.reason])
    # The record may hold any bytes; those that JSON knows are escaped, and the others the warehouse takes as they are.
    record = re.sub(rb'[\x00-\x1f"\\]', lambda found: b"\\u%04x" % found[0][0], bad.record)
    columns = ["bus", "bus_partition", "bus_offset", "error", "record"]
    token = f"dead:{partition_id.bus}:{partition_id.number}:{bad.offset}"
    write(client, "dead_letters", columns, b'%b,"%b"]' % (where[:-1], record), token)


async def replay(aggregator: Aggregator) -> dict[str, int]:
    """Inserts the events of all dead letters that can be read and are not stored. Raises Away; may be called
    again, also after a kill: what is stored already is left out, and the rollups are compared each time."""
    return await aggregator.between(lambda client: replay_all(client, aggregator.log))


def replay_all(client: Client, log: BatchLog) -> dict[str, int]:
    """Called with no batch declared: it settles rows as a crashed insert's."""
    letters = client.query(
        "SELECT bus, bus_partition, bus_offset, record FROM dead_letters FINAL ORDER BY bus, bus_partition, bus_offset",
        column_formats={"record": "bytes"},
    ).result_rows
    told = {"records": len(letters), "events": 0, "unreadable_lines": 0}
    for bus, partition, offset, record in letters:
        readable, unreadable = _readable_lines(record, offset)
        told["unreadable_lines"] += unreadable
        # The place is the record's; the topic is only part of tokens, and nothing else has this one.
        batch = Batch(PartitionId(bus, "replay", partition), offset, dict.fromkeys(readable.sources(), 0))
        batch.take(readable, erased=_stored_elsewhere(client, readable, bus, partition, offset))
        batch.last = offset
        told["events"] += len(batch.lines)
        settle(client, batch, no_checkpoint, no_hold)
        if batch.lines:
            log.add_replayed(client, batch, set(batch.block().columns.keys()))
    return told


def _readable_lines(record: bytes, offset: int) -> tuple[Decoded, int]:
    lines = record.removesuffix(b"\n").split(b"\n")
    kept = [line for line in lines if decode([Record(offset, [line])], offset).bad is None]
    return decode([Record(offset, kept)], offset), len(lines) - len(kept)


def _stored_elsewhere(client: Client, decoded: Decoded, bus: str, partition: int, offset: int) -> set[tuple[int, int]]:
    """Which of its events came in by another record; those of this one are settled, not left out."""
    keys = set(decoded.columns.keys())
    there = queries.stored_keys(client, keys, besides=(PartitionId(bus, "", partition), Range(offset, offset)))
    return there | queries.erased_keys(client, keys)
