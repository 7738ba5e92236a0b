"""The change log on a compacted topic of a real Kafka."""

import asyncio
import secrets
from functools import partial
from pathlib import Path

import pytest
from redis.asyncio import Redis

from codes import workspaces
from codes.change_log.kafka import KafkaLog, open_lines
from codes.change_log.keeper import ChangeLogKeeper
from codes.change_log.recorder import Recorder
from codes.change_log.restore import restore, span_of
from codes.code_fields import Edit, NewCode
from codes.errors import Unavailable
from codes.plans import presets
from codes.redis_client import connect, record_writes
from codes.service import Codes
from drill.kafka import KafkaServer
from ingest import kafka_topic
from schemas import keys
from tests.codes.whole_redis import NOW

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(120)]

WAS, IS = "https://was.example.com/", "https://is.example.com/"


def log_on(bootstrap: str, topic: str) -> KafkaLog:
    settings = {"cleanup.policy": "compact"}
    return KafkaLog(bootstrap, topic, partial(kafka_topic.ensure, bootstrap, topic, 1, settings=settings), options={})


async def fetched(kafka: KafkaServer, topic: str, path: Path) -> Path:
    lines = await open_lines(kafka.bootstrap, topic, options={})
    try:
        with path.open("wb") as file:
            while (found := await lines.next())[1] or found[0] < lines.end:
                file.writelines(found[1])
    finally:
        await lines.close()
    return path


async def test_edits_of_several_processes_are_restored_from_the_topic(
    kafka: KafkaServer, redis: Redis, redis_url: str, tmp_path: Path
) -> None:
    topic = f"changes-{secrets.token_hex(4)}"
    other = connect(redis_url)
    recorders = [Recorder(client, log_on(kafka.bootstrap, topic)) for client in (redis, other)]
    for recorder in recorders:
        record_writes(recorder.redis, recorder)
    both = [Codes(recorder.redis, plans=presets()) for recorder in recorders]
    number = (await workspaces.ensure_workspace(redis, "default")).number
    made = [await both[0].create(number, NewCode(destination=WAS)) for _ in range(2)]
    gone = await both[1].create(number, NewCode(destination=WAS))
    await ChangeLogKeeper(recorders[0], kept_ms=0).round()
    edits = [both[n % 2].edit(number, made[n % 4 // 2].id, Edit(destination=f"{IS}{n}")) for n in range(24)]
    await asyncio.gather(*edits)
    await both[0].delete(number, gone.id)
    codes = await both[0].page(number, 10)
    for recorder in recorders:
        await recorder.close()
    assert await redis.hlen(keys.UNRECORDED) == 0
    await other.aclose()

    path = await fetched(kafka, topic, tmp_path / "changes.log")
    await redis.flushall()
    span = span_of(path, None)
    assert span.complete
    await restore(redis, path, span, now_ms=NOW)
    assert await Codes(redis, plans=presets()).page(number, 10) == codes


async def test_without_a_broker_nothing_is_acknowledged(redis: Redis) -> None:
    recorder = Recorder(redis, log_on("127.0.0.1:1", "changes"))
    record_writes(redis, recorder)
    with pytest.raises(Unavailable, match="the change log"):
        await workspaces.ensure_workspace(redis, "default")
    await recorder.close()
