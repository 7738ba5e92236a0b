"""The change log on a compacted topic of a real Kafka."""

import asyncio
import json
import secrets
from functools import partial
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from redis.asyncio import Redis

from codes import workspaces
from codes.change_log.kafka import KafkaLog
from codes.change_log.keeper import ChangeLogKeeper
from codes.change_log.recorder import Recorder
from codes.code_fields import Edit, NewCode
from codes.errors import Unavailable
from codes.plans import presets
from codes.redis_client import connect, record_writes
from codes.service import Codes
from drill.kafka import KafkaServer
from ingest import kafka_topic
from schemas import keys
from waymark.command import main

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(120)]

WAS, IS = "https://was.example.com/", "https://is.example.com/"


def log_on(bootstrap: str, topic: str) -> KafkaLog:
    settings = {"cleanup.policy": "compact"}
    return KafkaLog(bootstrap, topic, partial(kafka_topic.ensure, bootstrap, topic, 1, settings=settings), options={})


async def waymark(*words: str) -> Result:
    return await asyncio.to_thread(CliRunner().invoke, main, words)


async def test_edits_of_several_processes_are_restored_from_the_topic(
    kafka: KafkaServer, redis: Redis, redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scans = f"scans-{secrets.token_hex(4)}"
    topic = f"{scans}-changes"
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

    await redis.flushall()
    for name, value in {
        "WAYMARK_REDIS_URL": redis_url,
        "WAYMARK_KAFKA_BOOTSTRAP": kafka.bootstrap,
        "WAYMARK_KAFKA_TOPIC": scans,
        "WAYMARK_DATA": str(tmp_path),
    }.items():
        monkeypatch.setenv(name, value)
    # Nothing begins anew on it.
    done = await waymark("workspace", "create", "default")
    assert done.exit_code == 2 and f"there are codes in the topic {topic}" in done.output
    done = await waymark("restore", "--codes", "--json")
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["complete"] and json.loads(done.stdout)["counts"]["code"] == 2
    assert await Codes(redis, plans=presets()).page(number, 10) == codes


async def test_without_a_broker_nothing_is_acknowledged(redis: Redis) -> None:
    recorder = Recorder(redis, log_on("127.0.0.1:1", "changes"))
    record_writes(redis, recorder)
    with pytest.raises(Unavailable, match="the change log"):
        await workspaces.ensure_workspace(redis, "default")
    await recorder.close()
