"""What the aggregator adds to the sums by value is what the rule says of the rows that it stores."""

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from clickhouse_connect.driver.client import Client
from hypothesis import given
from hypothesis import strategies as st

from aggregator import queries
from aggregator.batch import Batch
from aggregator.bus import PartitionId, Record
from aggregator.columns import TEXTS
from aggregator.decoding import decode
from infra.rollups import rollup_select
from schemas.event import EVENT_COLUMNS, KINDS, OUTCOMES, ScanEvent, encode_line
from tests.aggregator import sample, stock
from tests.aggregator.exact import problems


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    with stock.warehouse(tmp_path_factory.mktemp("warehouse")) as one:
        yield one


# Few of each, so that they meet; among them what two columns could make the same text of.
_texts = st.sampled_from(["", "GB", "Paris", "Paris, GB", "Żółw\t", '"\\', "a" * 200])
_degrees = st.none() | st.sampled_from([0.0, -0.0, 7.0, -0.1, 0.05, 52.5, 180.0, -180.0]) | st.floats(-180, 180)


@st.composite
def _event(draw: st.DrawFn) -> ScanEvent:
    fields: dict[str, Any] = {name: draw(_texts) for name in TEXTS}
    return ScanEvent(
        **fields,
        source=0,
        seq=0,
        ts_ms=draw(st.sampled_from([0, 86_399_999, 86_400_000, 1_798_761_599_999, 2**32 * 1000 - 1])),
        code=draw(st.sampled_from([0, 1, 2**63 - 1])),
        workspace=draw(st.sampled_from([0, 2**63 - 1])),
        kind=draw(st.sampled_from(KINDS)),
        outcome=draw(st.sampled_from(OUTCOMES)),
        lat=draw(_degrees),
        lon=draw(_degrees),
        visitor=draw(st.sampled_from([0, 2**64 - 1])),
    )


def stored(client: Client, source: int, events: list[ScanEvent]) -> Batch:
    lines = [
        encode_line(msgspec.structs.replace(event, source=source, seq=seq))[:-1]
        for seq, event in enumerate(events, start=1)
    ]
    batch = Batch(PartitionId("b0", "journal", source), 1, {source: 0})
    batch.take(decode([Record(None, lines, source)], 1))
    queries.insert(client, batch.block(), f"{batch.token}:{source}")
    return batch


def test_the_sums_are_what_the_rule_says(client: Client) -> None:
    drawn: list[ScanEvent] = []

    @given(st.lists(_event(), max_size=30))
    def draw(events: list[ScanEvent]) -> None:
        drawn.extend(events)

    draw()
    stock.empty(client)
    stored(client, 7, drawn)
    key = "code, toString(dimension) AS dimension, day, value, kind, n"
    kept = client.query(f"SELECT {key} FROM scans_by_value ORDER BY ALL").result_rows
    assert kept == client.query(f"SELECT {key} FROM ({rollup_select('scans_by_value')}) ORDER BY ALL").result_rows


def test_what_is_stored_is_what_was_read(client: Client) -> None:
    stock.empty(client)
    events = [sample.event(7, seq) for seq in range(1, 301)]
    batch = stored(client, 7, events)
    names = {
        "ts_ms": "toUnixTimestamp64Milli(ts)",
        "lat": "round(toFloat64(lat), 4)",
        "lon": "round(toFloat64(lon), 4)",
    }
    asked = ", ".join(names.get(name, name) for name in EVENT_COLUMNS)
    rows = client.query(f"SELECT {asked}, bus, bus_partition, bus_offset FROM scans ORDER BY seq").result_rows
    assert rows == [(*msgspec.structs.astuple(event), "b0", 7, event.seq) for event in events]
    assert len(batch.lines) == 300
    assert problems(client, {7: 300}) == []


def test_a_token_brings_nothing_twice(client: Client) -> None:
    stock.empty(client)
    events = [sample.event(8, seq) for seq in range(1, 101)]
    for _ in range(2):
        stored(client, 8, events)
    assert problems(client, {8: 100}) == []


def test_a_batch_of_more_texts_than_a_small_index_counts(client: Client) -> None:
    stock.empty(client)
    events = [
        msgspec.structs.replace(sample.event(9, seq), slug=f"slug-{seq}", referrer=f"https://example.com/{seq}")
        for seq in range(1, 701)
    ]
    stored(client, 9, events)
    assert problems(client, {9: 700}) == []
    assert client.query("SELECT uniqExact(slug), uniqExact(referrer) FROM scans").result_rows == [(700, 700)]
