"""A commit that only the assignment it was meant for can make.

aiokafka's own `commit` repeats itself after a failure under whatever generation the consumer has reached by then, so
a commit begun before a rebalance could be made after it, over the new owner's. Here the generation is
taken down at assignment and sent with every commit; the broker refuses one that is over.
"""

from typing import Any

import msgspec
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import (
    GroupCoordinatorNotAvailableError,
    IllegalGenerationError,
    NoError,
    NotCoordinatorForGroupError,
    UnknownMemberIdError,
    for_code,
)
from aiokafka.protocol.commit import OffsetCommitRequest

from aggregator.bus import Lost


class Membership(msgspec.Struct, frozen=True):
    group: str
    generation: int
    member: str


def membership(consumer: AIOKafkaConsumer) -> Membership:
    """That of the assignment just received. (aiokafka has no public way to it.)"""
    coordinator = consumer._coordinator
    return Membership(coordinator.group_id, coordinator.generation, coordinator.member_id)


async def commit(
    consumer: AIOKafkaConsumer, member: Membership, tp: TopicPartition, offset: int, metadata: str
) -> None:
    """Raises Lost when the assignment is over; another KafkaError when the outcome is not known: repeat it."""
    if member.generation < 0:
        raise Lost
    coordinator = consumer._coordinator
    request = OffsetCommitRequest(
        member.group,
        member.generation,
        member.member,
        OffsetCommitRequest.DEFAULT_RETENTION_TIME,
        [(tp.topic, [(tp.partition, offset, metadata)])],
    )
    await coordinator.ensure_coordinator_known()
    answer: Any = await coordinator._send_req(request)
    error = for_code(answer.topics[0][1][0][1])
    if error is NoError:
        return
    if error in (IllegalGenerationError, UnknownMemberIdError):
        raise Lost
    if error in (NotCoordinatorForGroupError, GroupCoordinatorNotAvailableError):
        coordinator.coordinator_dead()
    raise error(f"commit of {tp}")
