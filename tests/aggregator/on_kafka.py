"""An aggregator on a topic, and records for it."""

from pathlib import Path

from aggregator.aggregator import Aggregator, uptime
from aggregator.kafka_bus import KafkaBus
from drill.kafka import KafkaServer
from infra.warehouse import Warehouse
from schemas.event import seal
from tests.aggregator import sample


def lines(source: int, first: int, last: int) -> bytes:
    return b"".join(seal(b"[%d,%d,%b" % (source, seq, sample.rest(source, seq))) for seq in range(first, last + 1))


def aggregator(kafka: KafkaServer, topic: str, folder: Path) -> Aggregator:
    bus = KafkaBus(kafka.bootstrap, topic, "aggregators-" + topic, uptime, session_timeout_s=3.0)
    return Aggregator(bus, Warehouse(folder=folder / "warehouse").connect)
