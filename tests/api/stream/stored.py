"""Scans that an aggregator has stored, as a test of the stream wants them."""

import secrets
from typing import Any

import msgspec
from clickhouse_connect.driver.client import Client

from aggregator import queries
from aggregator.batch import Batch
from aggregator.batch_log import BatchLog
from aggregator.bus import PartitionId, Record
from aggregator.decoding import decode
from schemas.event import EVENT_COLUMNS, ScanEvent, encode_line

# The time of the service that tests ask (`tests.api.service`).
AT_MS = 1_779_375_600_250


class Source:
    """One redirector. Its scans are of `workspace`, people's, and known to nobody but by `values`."""

    def __init__(self, workspace: int) -> None:
        self.number = secrets.randbits(62)
        self.seq = 0
        self._workspace = workspace
        self._place = PartitionId(secrets.token_hex(8), "journal", self.number)

    def store(self, client: Client, *scans: dict[str, Any]) -> None:
        """In one batch."""
        first = self.seq + 1
        lines = []
        for values in scans:
            self.seq += 1
            fields: dict[str, Any] = dict.fromkeys(EVENT_COLUMNS, "") | {
                "source": self.number,
                "seq": self.seq,
                "ts_ms": AT_MS,
                "code": 1,
                "workspace": self._workspace,
                "kind": "human",
                "outcome": "redirect",
                "lat": None,
                "lon": None,
                "visitor": 7,
            }
            lines.append(encode_line(msgspec.convert(list((fields | values).values()), ScanEvent))[:-1])
        batch = Batch(self._place, first, {self.number: first - 1})
        batch.take(decode([Record(None, lines)], first))
        queries.insert(client, batch.block(), batch.token)
        log = BatchLog()
        log.add(batch)
        log.flush(client)
