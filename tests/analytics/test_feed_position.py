"""analytics/feed_position.py: a position survives its bytes, and other bytes are refused."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics import feed_position
from analytics.feed_position import SETTLED_MS, Position, Track
from schemas.stored_batch import StoredBatch

_numbers = st.integers(0, 2**64 - 1)
_tracks = st.dictionaries(_numbers, st.tuples(_numbers, _numbers), max_size=20)


@given(_numbers, _numbers, _numbers, _tracks)
def test_a_position_is_read_as_it_was_written(
    read_ms: int, floor_ms: int, at: int, tracks: dict[int, tuple[int, int]]
) -> None:
    position = Position(read_ms, floor_ms, {name: Track(offset, seq, at) for name, (offset, seq) in tracks.items()})
    assert feed_position.decode(feed_position.encode(position)) == position


@given(st.binary(max_size=200) | st.binary(max_size=200).map(lambda rest: b"\x01" + rest))
def test_any_other_bytes_are_a_position_or_unreadable(raw: bytes) -> None:
    with contextlib.suppress(feed_position.Unreadable):
        feed_position.decode(raw)


def test_a_silent_track_falls_out_and_is_still_known_to_be_read() -> None:
    def logged(partition: int, last: int, at_ms: int) -> StoredBatch:
        return StoredBatch("b", partition, last, last, 1, 0, 0, at_ms=at_ms)

    old, new = logged(1, 5, 1000), logged(2, 9, 1001 + SETTLED_MS)
    position = Position(0, 0, {})
    assert position.ahead(old)
    position = position.moved({old.track: Track(5, 0, 1000)}).settled(1000)
    assert list(position.tracks) == [old.track]
    position = position.moved({new.track: Track(9, 0, new.at_ms)}).settled(new.at_ms)
    assert list(position.tracks) == [new.track]
    assert not position.ahead(old)
    assert position.ahead(logged(1, 6, new.at_ms))


@pytest.mark.parametrize(("track", "covered"), [(Track(9), False), (Track(10), True), (Track(10, 3), False)])
def test_a_batch_is_covered_when_all_of_it_was_read(track: Track, covered: bool) -> None:
    assert track.covers(StoredBatch("b", 1, 5, 10, 6, 0, 0)) is covered
    assert not track.covers(StoredBatch("b", 1, 11, 12, 2, 0, 0))
