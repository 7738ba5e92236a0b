"""What Redis has on record for the audit, and that it says when it cannot be asked."""

import msgspec
import pytest
import redis

from aggregator.audit.evidence import Account, Unreachable
from aggregator.audit.evidence_readers import NoRecords, Records
from schemas import keys
from schemas.code import Erasure
from schemas.register import SourceEntry, encode_entry


def test_sources_and_deletions_are_read(redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as server:
        entry = SourceEntry(7, 300, 2**64 - 1, 3, "closed", 1000, "edge-1")
        server.hset(keys.SOURCES, "7", encode_entry(entry))
        server.hset(keys.ERASURES, "42", msgspec.json.encode(Erasure(42, "id", 1, 5)))
    records = Records(redis_url)
    assert records.sources() == [Account("Redis", 7, 300, 3, 2**64 - 1, True, 1000)]
    assert records.deleted([41, 42, *range(1000, 4000)]) == {42}


def test_an_entry_that_cannot_be_read_is_no_silence(redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as server:
        server.hset(keys.SOURCES, "7", "{}")
    with pytest.raises(Unreachable, match="register: "):
        Records(redis_url).sources()


@pytest.mark.parametrize("records", [Records("unix:///nowhere/redis.sock"), NoRecords("there is none")])
def test_without_a_redis_it_says_so(records: Records | NoRecords) -> None:
    with pytest.raises(Unreachable, match=r"^register: "):
        records.sources()
    with pytest.raises(Unreachable, match=r"^deletions: "):
        records.deleted([1])
