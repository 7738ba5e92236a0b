"""The Kafka topic of scans, and its id, which is the bus id.

The id is Kafka's topic id: random, created and deleted with the topic. aiokafka (0.14) requests a metadata version
without it, so this module sends the request itself.
"""

import asyncio
import uuid
from collections.abc import Mapping
from io import BytesIO
from typing import Any

import msgspec
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import (
    IncompatibleBrokerVersion,
    KafkaConnectionError,
    KafkaError,
    TopicAlreadyExistsError,
    for_code,
)
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import (
    Boolean,
    CompactArray,
    CompactString,
    Int16,
    Int32,
    Schema,
    TaggedFields,
)

from ingest.kafka_security import refusal

_PATIENCE_S = 15.0
# Long enough for an absent aggregator; what it has not read by then is lost, and the audit shows it.
RETENTION_MS = 30 * 24 * 3600 * 1000


class Topic(msgspec.Struct, frozen=True):
    """A topic's metadata, once every partition has a leader. `replicas`: how many each partition has at least."""

    id: str
    partitions: int
    replicas: int = 1


async def ensure(
    bootstrap: str,
    topic: str,
    partitions: int = 3,
    *,
    security: Mapping[str, Any] | None = None,
    settings: Mapping[str, str] | None = None,
) -> str:
    """Create the topic if it is missing, with these `settings` or as one of scans, and return its bus id. An existing
    topic keeps its partitions.

    Raises aiokafka's KafkaError when the broker is away or refuses; waits at most 15 s for leaders.
    """
    found = await check(bootstrap, topic, security=security)
    if found is None:
        await _create(bootstrap, topic, partitions, security or {}, settings or {"retention.ms": str(RETENTION_MS)})
        found = await check(bootstrap, topic, security=security, wait=True)
    assert found is not None
    return found.id


async def check(
    bootstrap: str, topic: str, *, security: Mapping[str, Any] | None = None, wait: bool = False
) -> Topic | None:
    """The topic, or None if there is none. With `wait`, waits for a missing one."""
    client = AIOKafkaClient(bootstrap_servers=bootstrap, **(security or {}))
    try:
        try:
            await client.bootstrap()
        except KafkaConnectionError:
            if security and (why := await refusal(bootstrap, security)) is not None:
                raise KafkaConnectionError(str(why)) from why
            raise
        until = asyncio.get_running_loop().time() + _PATIENCE_S
        while True:
            found, error = await _ask(client, topic)
            if found is not None or (error is None and not wait):
                return found
            if asyncio.get_running_loop().time() > until:
                raise error or KafkaError(f"topic {topic} has not appeared")
            await asyncio.sleep(0.1)
    finally:
        await client.close()


async def _create(
    bootstrap: str, topic: str, partitions: int, security: Mapping[str, Any], settings: Mapping[str, str]
) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap, **security)
    await admin.start()
    try:
        brokers = len((await admin.describe_cluster())["brokers"])
        replicas = min(3, brokers)
        durable = {**settings, "min.insync.replicas": str(max(1, replicas - 1))}
        answer = await admin.create_topics([NewTopic(topic, partitions, replicas, topic_configs=durable)])
    finally:
        await admin.close()
    for _, code, message in answer.topic_errors:
        error = for_code(code)
        # Another shipper created it first.
        if code and error is not TopicAlreadyExistsError:
            raise error(message)


async def _ask(client: AIOKafkaClient, topic: str) -> tuple[Topic | None, KafkaError | None]:
    """The topic, or why it is not ready; neither if there is no such topic."""
    node = client.get_random_node()
    if node is None:
        raise KafkaError("no broker is known")
    try:
        answer = (await client.send(node, AskMetadata(topic))).to_object()
    except NotImplementedError as error:
        raise IncompatibleBrokerVersion("the broker does not tell topic ids: Kafka 3.1 or newer is needed") from error
    found = answer["topics"][0]
    if found["error_code"] == 3:
        return None, None
    codes = [found["error_code"], *(one["error_code"] for one in found["partitions"])]
    for code in codes:
        if code:
            return None, for_code(code)(f"topic {topic}")
    replicas = min(len(one["replicas"]) for one in found["partitions"])
    return Topic(found["topic_id"].hex, len(found["partitions"]), replicas), None


class _Uuid:
    @classmethod
    def encode(cls, value: uuid.UUID) -> bytes:
        return value.bytes

    @classmethod
    def decode(cls, data: BytesIO) -> uuid.UUID:
        return uuid.UUID(bytes=data.read(16))

    @classmethod
    def repr(cls, value: uuid.UUID) -> str:
        return str(value)


_NO_ID = uuid.UUID(int=0)


class _MetadataResponse(Response):  # type: ignore[misc]
    API_KEY = 3
    API_VERSION = 12
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "brokers",
            CompactArray(
                ("node_id", Int32),
                ("host", CompactString()),
                ("port", Int32),
                ("rack", CompactString()),
                ("tags", TaggedFields),
            ),
        ),
        ("cluster_id", CompactString()),
        ("controller_id", Int32),
        (
            "topics",
            CompactArray(
                ("error_code", Int16),
                ("name", CompactString()),
                ("topic_id", _Uuid),
                ("is_internal", Boolean),
                (
                    "partitions",
                    CompactArray(
                        ("error_code", Int16),
                        ("partition", Int32),
                        ("leader", Int32),
                        ("leader_epoch", Int32),
                        ("replicas", CompactArray(Int32)),
                        ("isr", CompactArray(Int32)),
                        ("offline_replicas", CompactArray(Int32)),
                        ("tags", TaggedFields),
                    ),
                ),
                ("authorized_operations", Int32),
                ("tags", TaggedFields),
            ),
        ),
        ("tags", TaggedFields),
    )


class _MetadataRequest(RequestStruct):  # type: ignore[misc]
    API_KEY = 3
    API_VERSION = 12
    FLEXIBLE_VERSION = True
    RESPONSE_TYPE = _MetadataResponse
    SCHEMA = Schema(
        ("topics", CompactArray(("topic_id", _Uuid), ("name", CompactString()), ("tags", TaggedFields))),
        ("allow_auto_topic_creation", Boolean),
        ("include_topic_authorized_operations", Boolean),
        ("tags", TaggedFields),
    )


class AskMetadata(Request[_MetadataRequest]):  # type: ignore[misc]
    """Metadata of one topic, with its id and the epochs of its leaders."""

    API_KEY = 3

    def __init__(self, topic: str) -> None:
        self._topic = topic

    def build(self, request_struct_class: type[_MetadataRequest]) -> _MetadataRequest:
        return request_struct_class([(_NO_ID, self._topic, {})], False, False, {})
