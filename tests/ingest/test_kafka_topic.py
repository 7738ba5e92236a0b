"""The topic, and the id that a bus takes from it."""

import asyncio
import secrets

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from drill.kafka import KafkaServer
from harness.ports import free_ports
from ingest.kafka_topic import check, ensure


@pytest.mark.kafka
async def test_the_id_is_made_with_the_topic(kafka: KafkaServer) -> None:
    name = f"t-{secrets.token_hex(4)}"
    assert await check(kafka.bootstrap, name) is None
    ids = await asyncio.gather(*(ensure(kafka.bootstrap, name, 5) for _ in range(4)))
    assert len(set(ids)) == 1
    found = await check(kafka.bootstrap, name)
    assert found is not None and (found.id, found.partitions) == (ids[0], 5)
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap)
    await admin.start()
    await admin.delete_topics([name])
    await admin.close()
    for _ in range(100):
        if await check(kafka.bootstrap, name) is None:
            break
        await asyncio.sleep(0.05)
    assert await ensure(kafka.bootstrap, name, 5) != ids[0]


async def test_no_broker_is_an_error_of_kafka() -> None:
    with pytest.raises(KafkaError):
        await ensure(f"127.0.0.1:{free_ports(1)[0]}", "t")
