"""Check that a Kafka partition still holds what it acknowledged.

Each time a partition gets a leader (even the same broker again, after it was away), its epoch grows, and the broker
reports where an earlier epoch ended: below what it had acknowledged, if a power loss took its page cache. aiokafka
(0.14) does not send this request, so this module does.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

import msgspec
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaConnectionError, KafkaError, LeaderNotAvailableError, for_code
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import Array, Int16, Int32, Int64, Schema, String

from ingest.kafka_topic import AskMetadata

T = TypeVar("T")

GOOD_S = 1.0
PATIENCE_S = 10.0


class Leader(msgspec.Struct, frozen=True):
    """The broker that leads a partition, and its epoch."""

    node: int
    epoch: int


async def leaders(client: AIOKafkaClient, topic: str) -> dict[int, Leader]:
    """The leaders by partition; one without a leader is missing. Raises KafkaError, OSError."""
    node = client.get_random_node()
    if node is None:
        raise KafkaError("no broker is known")
    answer = (await client.send(node, AskMetadata(topic))).to_object()
    return {
        one["partition"]: Leader(one["leader"], one["leader_epoch"])
        for one in answer["topics"][0]["partitions"]
        if not one["error_code"]
    }


async def end_of_epoch(client: AIOKafkaClient, topic: str, partition: int, leader: Leader, epoch: int) -> int:
    """The offset after the last record of an epoch; -1 if the broker does not know. Raises KafkaError, OSError."""
    answer = (await client.send(leader.node, _AskEnd(topic, partition, leader.epoch, epoch))).to_object()
    found: dict[str, Any] = answer["topics"][0]["partitions"][0]
    if found["error_code"]:
        raise for_code(found["error_code"])(f"topic {topic}")
    return int(found["end_offset"])


class Leaders:
    """One session's cache of leaders; an answer is valid for a second."""

    def __init__(self, client: AIOKafkaClient, topic: str) -> None:
        self._client = client
        self._topic = topic
        self._found: dict[int, Leader] = {}
        self._asked_at = 0.0
        self._asking = asyncio.Lock()

    async def epoch(self, partition: int) -> int:
        """The epoch of the partition's leader now. Raises KafkaError."""
        async with self._asking:
            now = asyncio.get_running_loop().time()
            if now - self._asked_at > GOOD_S or partition not in self._found:
                self._found = await self._patiently(leaders(self._client, self._topic))
                self._asked_at = now
        if partition not in self._found:
            raise LeaderNotAvailableError(f"partition {partition}")
        return self._found[partition].epoch

    async def end(self, partition: int, epoch: int) -> int:
        """The offset where an earlier epoch ended; -1 if the broker does not know. Raises KafkaError."""
        leader = self._found[partition]
        return await self._patiently(end_of_epoch(self._client, self._topic, partition, leader, epoch))

    async def _patiently(self, question: Coroutine[Any, Any, T]) -> T:
        try:
            async with asyncio.timeout(PATIENCE_S):
                return await question
        except OSError as error:
            # TimeoutError is an OSError.
            raise KafkaConnectionError(repr(error)) from error


class _EndResponse(Response):  # type: ignore[misc]
    API_KEY = 23
    API_VERSION = 3
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "topics",
            Array(
                ("topic", String("utf-8")),
                (
                    "partitions",
                    Array(
                        ("error_code", Int16),
                        ("partition", Int32),
                        ("leader_epoch", Int32),
                        ("end_offset", Int64),
                    ),
                ),
            ),
        ),
    )


class _EndRequest(RequestStruct):  # type: ignore[misc]
    API_KEY = 23
    API_VERSION = 3
    RESPONSE_TYPE = _EndResponse
    SCHEMA = Schema(
        ("replica_id", Int32),
        (
            "topics",
            Array(
                ("topic", String("utf-8")),
                ("partitions", Array(("partition", Int32), ("current_leader_epoch", Int32), ("leader_epoch", Int32))),
            ),
        ),
    )


class _AskEnd(Request[_EndRequest]):  # type: ignore[misc]
    API_KEY = 23

    def __init__(self, topic: str, partition: int, current: int, epoch: int) -> None:
        self._asked = (topic, partition, current, epoch)

    def build(self, request_struct_class: type[_EndRequest]) -> _EndRequest:
        topic, partition, current, epoch = self._asked
        # As a consumer: replica id -1.
        return request_struct_class(-1, [(topic, [(partition, current, epoch)])])
