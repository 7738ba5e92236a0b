"""What an aggregator counts: for each partition while it is followed, and for all together."""

import time

from aggregator.batch import Batch
from infra.exposition import Histogram


class PartitionMetrics:
    """`insert_seconds` is added to in the warehouse's thread, the rest in the loop's."""

    def __init__(self) -> None:
        self.inserted = 0
        self.dropped = 0
        self.settled = 0
        self.dead_letters = 0
        self.batch_events = Histogram("waymark_aggregator_batch_events")
        self.insert_seconds = Histogram("waymark_aggregator_insert_seconds")
        self.scan_age_seconds = Histogram("waymark_aggregator_scan_age_seconds")

    def count(self, batch: Batch) -> None:
        """The batch is stored."""
        self.inserted += len(batch.lines)
        self.dropped += batch.dropped
        if batch.lines:
            self.batch_events.add(len(batch.lines))
            # A line begins with source, seq and the time of the scan.
            scanned_ms = int(batch.lines[0].split(b",", 3)[2])
            self.scan_age_seconds.add(max(0.0, time.time() - scanned_ms / 1000))

    def add(self, other: "PartitionMetrics") -> None:
        self.inserted += other.inserted
        self.dropped += other.dropped
        self.settled += other.settled
        self.dead_letters += other.dead_letters
        for name in ("batch_events", "insert_seconds", "scan_age_seconds"):
            getattr(self, name).merge(getattr(other, name))
