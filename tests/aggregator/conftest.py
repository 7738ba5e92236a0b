"""Topics, producers and a warehouse for the tests on Kafka."""

import secrets
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer
from clickhouse_connect.driver.client import Client

from drill.kafka import KafkaServer
from infra.migrate import migrate
from infra.warehouse import Warehouse


@pytest.fixture
def topic(kafka: KafkaServer) -> str:
    name = f"scans-{secrets.token_hex(4)}"
    kafka.create_topic(name)
    return name


@pytest.fixture
def warehouse(tmp_path: Path) -> Iterator[Client]:
    client = Warehouse(folder=tmp_path / "warehouse").connect()
    migrate(client)
    yield client
    client.close()


@pytest.fixture
async def producer(kafka: KafkaServer) -> AsyncIterator[AIOKafkaProducer]:
    one = AIOKafkaProducer(bootstrap_servers=kafka.bootstrap, acks="all")
    await one.start()
    yield one
    await one.stop()
