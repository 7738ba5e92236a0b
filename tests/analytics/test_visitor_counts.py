"""visitor_counts.py of analytics and of the aggregator: the people of any parts of time, against a plain count."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from random import Random

import pytest
from clickhouse_connect.driver.client import Client

from aggregator.erasure import erase
from aggregator.visitor_counts import count_visitors
from analytics import visitor_counts
from analytics.window import Span
from infra.rollups import add_values
from tests.aggregator import stock

WORKSPACE = 1
BEGIN = datetime(2027, 12, 28, tzinfo=UTC)
DAYS = 8
# Days before this one are over.
TODAY = date(2028, 1, 4)
COLUMNS = ["source", "seq", "ts", "workspace", "code", "kind", "outcome", "visitor"]
Row = tuple[int, int, datetime, int, int, str, str, int]


def scans(dice: Random, count: int, source: int) -> list[Row]:
    """Some of them a day's first or last millisecond, or beside a quarter of an hour."""
    found = []
    for seq in range(1, count + 1):
        second = dice.choice([0, 899, 900, 86_399, dice.randrange(86_400)])
        at = BEGIN + timedelta(days=dice.randrange(DAYS), seconds=second, milliseconds=dice.choice([0, 999]))
        kind = dice.choice(["human", "human", "human", "bot"])
        outcome = dice.choice(["redirect", "redirect", "page", "paused"])
        found.append((source, seq, at, WORKSPACE, dice.randrange(1, 6), kind, outcome, dice.randrange(40)))
    return found


def store(client: Client, rows: list[Row]) -> None:
    client.insert("scans", rows, column_names=COLUMNS, settings={"deduplicate_insert": "disable"})
    add_values(client, f"source = {rows[0][0]}")


def spans(dice: Random) -> list[Span]:
    """Ascending, with gaps; among them days of a zone, weeks, and a few quarters of an hour."""
    quarters = DAYS * 96
    if dice.random() < 0.5:
        offset, step = dice.randrange(96), dice.choice([96, 192, 672])
        marks = list(range(offset, quarters, step))
        pairs = list(pairwise(marks))
    else:
        marks = sorted(dice.sample(range(quarters), 8))
        pairs = list(zip(marks[::2], marks[1::2], strict=True))
    return [Span(*(BEGIN + timedelta(minutes=15 * mark) for mark in pair)) for pair in pairs]


def people(rows: list[Row], span: Span, kind: str) -> int:
    met = {
        (at.date(), visitor)
        for _, _, at, _, _, of, outcome, visitor in rows
        if of == kind and outcome in ("redirect", "page") and span.start <= at < span.end
    }
    return len(met)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    folder: Path = tmp_path_factory.mktemp("warehouse")
    with stock.warehouse(folder) as client:
        yield client


@pytest.fixture
def client(engine: Client) -> Client:
    stock.empty(engine)
    return engine


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """The pieces for which states are read."""
    pieces: list[tuple[int, int]] = []
    read = visitor_counts._from_states

    def reading(client: Client, workspace: int, kind: str, those: list[tuple[int, int]]) -> dict[int, int]:
        pieces.extend(those)
        return read(client, workspace, kind, those)  # type: ignore[arg-type]

    monkeypatch.setattr(visitor_counts, "_from_states", reading)
    return pieces


def test_they_equal_a_plain_count_whatever_happens_to_the_scans(client: Client) -> None:
    dice = Random(3)
    rows = scans(dice, 900, 1)
    store(client, rows)

    def right() -> None:
        for _ in range(5):
            wanted, kind = spans(dice), dice.choice(["human", "human", "bot"])
            found = visitor_counts.visitors(client, WORKSPACE, wanted, kind=kind)  # type: ignore[arg-type]
            assert found == [people(rows, span, kind) for span in wanted]

    right()
    assert count_visitors(client, TODAY, least=1) == 14, "seven days of two kinds"
    assert count_visitors(client, TODAY, least=1) == 0
    right()
    late = scans(dice, 5, 2)
    store(client, late)
    rows += late
    right()
    erase(client, [(WORKSPACE, 3)])
    rows = [row for row in rows if row[4] != 3]
    right()
    assert count_visitors(client, TODAY, least=1) > 0
    right()


def test_days_that_are_over_are_read_from_their_counts(client: Client, asked: list[tuple[int, int]]) -> None:
    store(client, scans(Random(4), 800, 1))
    count_visitors(client, TODAY, least=1)
    berlin = [BEGIN - timedelta(hours=1) + timedelta(days=day) for day in range(DAYS + 1)]
    days = [Span(*pair) for pair in pairwise(berlin)]
    visitor_counts.visitors(client, WORKSPACE, days)
    # Of the day before the first scan, and from today on.
    starts = [datetime.fromtimestamp(start, UTC) for start, _ in asked]
    assert [at.date() for at in starts] == [date(2027, 12, 27), date(2028, 1, 4)]
    asked.clear()
    visitor_counts.visitors(client, WORKSPACE, [Span(BEGIN + timedelta(hours=8), BEGIN + timedelta(hours=20))])
    assert len(asked) == 1, "the middle of a day"


def test_a_count_that_was_changed_by_hand_is_not_used(client: Client, asked: list[tuple[int, int]]) -> None:
    store(client, scans(Random(5), 300, 1))
    count_visitors(client, TODAY, least=1)
    day = [Span(BEGIN, BEGIN + timedelta(days=1))]
    before = visitor_counts.visitors(client, WORKSPACE, day)
    assert not asked
    stock.change(client, "visitor_counts", "visitors = visitors + 1", "day = '2027-12-28'")
    assert visitor_counts.visitors(client, WORKSPACE, day) == before
    assert len(asked) == 1
    assert count_visitors(client, TODAY, least=1) == 2


def test_days_of_few_scans_are_not_counted(client: Client) -> None:
    store(client, scans(Random(6), 300, 1))
    assert count_visitors(client, TODAY) == 0
    assert visitor_counts.visitors(client, WORKSPACE, []) == []
