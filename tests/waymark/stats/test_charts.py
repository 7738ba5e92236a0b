"""Bars, columns and sparklines."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waymark.stats.charts import ASCII, UNICODE, bar, columns, nice_top, sparkline


def test_bars() -> None:
    assert [bar(n, 16, 2, UNICODE) for n in (0, 1, 8, 9, 16, 20)] == ["", "▏", "█", "█▏", "██", "██"]
    # What is there is seen.
    assert bar(1, 1_000_000, 10, UNICODE) == "▏" and bar(1, 1_000_000, 10, ASCII) == "#"
    assert bar(3, 0, 10, UNICODE) == ""


def test_columns() -> None:
    assert columns([0, 1, 2, 4], 2, 1, 0, UNICODE) == ["   █", " ▄██"]
    assert columns([4, 2], 2, 2, 1, ASCII) == ["##", "## ##"]
    assert sparkline([0, 1, 8], 8, 1, 1, UNICODE) == "  ▁ █"


@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=40), st.integers(1, 8))
def test_columns_rise_with_their_values(values: list[int], height: int) -> None:
    drawn = columns(values, height, 1, 0, UNICODE)
    assert len(drawn) == height

    def tall(at: int) -> int:
        column = [line[at] if at < len(line) else " " for line in drawn]
        return sum(UNICODE.column.index(mark) + 1 for mark in column if mark != " ")

    for at, value in enumerate(values):
        assert (tall(at) > 0) == (value > 0)
        for other, another in enumerate(values):
            assert value < another or tall(at) >= tall(other)


@pytest.mark.parametrize(
    ("value", "top"), [(1, 1), (2, 2), (3, 4), (5, 5), (7, 8), (11, 20), (173, 200), (2_500, 3_000)]
)
def test_the_top_of_an_axis(value: int, top: int) -> None:
    assert nice_top(value) == top
