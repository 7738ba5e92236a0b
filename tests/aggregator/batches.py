"""Batches of one source, made and stored."""

from clickhouse_connect.driver.client import Client

from aggregator import queries
from aggregator.batch import Batch
from aggregator.bus import PartitionId, Record
from aggregator.decoding import decode
from schemas.event import encode_line
from tests.aggregator import sample

PARTITION = PartitionId("b0", "journal", 7)
NOW = {"mutations_sync": 2, "lightweight_deletes_sync": 2}


def batch(first: int, last: int) -> Batch:
    lines = [encode_line(sample.event(7, seq))[:-1] for seq in range(first, last + 1)]
    made = Batch(PARTITION, first, {7: first - 1})
    made.take(decode([Record(None, lines)], first))
    return made


def stored(client: Client, first: int, last: int) -> Batch:
    made = batch(first, last)
    queries.insert(client, made.block(), made.token)
    return made
