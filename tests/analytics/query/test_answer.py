"""Random questions of random scans are answered as a plain count answers them."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from clickhouse_connect.driver.client import Client
from hypothesis import given, seed, settings
from hypothesis import strategies as st

from aggregator.visitor_counts import count_visitors
from analytics.query import people
from analytics.query.answer import Answer, answer
from analytics.query.grammar import parse
from analytics.query.ordering import Row
from schemas.event import ScanEvent
from tests.analytics.query.counting import Count, Labels, earlier, labels
from tests.analytics.query.questions import questions, untils
from tests.analytics.query.scans import NOWS, WORKSPACES, Attributes, Code, codes_of, scans_of, store

CODES: dict[int, Sequence[Code]] = {workspace: codes_of(workspace) for workspace in WORKSPACES}
SCANS: dict[int, Sequence[ScanEvent]] = {workspace: scans_of(workspace, CODES[workspace]) for workspace in WORKSPACES}
LATE = 50
LATER = max(NOWS) + timedelta(days=1)


@pytest.fixture(scope="module")
def filled(client: Client) -> Iterator[Client]:
    for scans in SCANS.values():
        store(client, scans[LATE:])
    # The people of most days are counted beforehand, as the aggregator does; some days have changed since.
    count_visitors(client, max(NOWS).date(), least=1)
    for scans in SCANS.values():
        store(client, scans[:LATE])
    with pytest.MonkeyPatch.context() as patch:
        # Few as these are, they are looked up.
        patch.setattr(people, "FEW", 0)
        yield client


def pages(
    client: Client, asked: dict[str, Any], workspace: int, now: datetime, until: datetime, most: int
) -> list[Answer]:
    """The first pages."""
    found: list[Answer] = []
    cursor: str | None = None
    while len(found) < most and (cursor or not found):
        query = parse(asked | {"pagination": asked["pagination"] | {"cursor": cursor}})
        attributes = Attributes(CODES[workspace])
        found.append(
            # Later pages are asked for later.
            answer(
                client,
                query,
                workspace=workspace,
                now=now if not found else LATER,
                complete_until=until if not found else LATER,
                codes=attributes,
            )
        )
        cursor = found[-1].meta.next_cursor
    return found


class Questions:
    """A question, and the plain count that its answer is held against."""

    def __init__(self, asked: dict[str, Any], workspace: int, now: datetime, until: datetime) -> None:
        self.asked = asked
        self.count = Count(asked, SCANS[workspace], CODES[workspace], now, until)
        self.then = earlier(self.count.whole, asked["compare"], self.count.zone) if asked.get("compare") else None
        self.total = self.count.total(self.count.whole)
        self.order = self.count.order()
        if self.then is not None:
            self.before = self.count.grouped(self.then)
            self.total_before = self.count.total(self.then)

    def check(self, found: Answer, shown: int) -> int:
        """`shown` rows were on pages before; gives how many are now."""
        listed = self.order[shown : shown + self.asked["pagination"]["limit"]]
        assert [row.dimensions for row in found.results] == listed
        for row in found.results:
            self.check_row(
                row,
                self.count.groups[row.dimensions],
                self.count.counterpart(row.dimensions, self.then) if self.then else None,
            )
        shown += len(listed)
        if self.asked["include"]["remainder"]:
            self.check_remainder(found, shown)
        meta = found.meta
        assert meta.exact and (meta.next_cursor is not None) == (shown < len(self.order))
        if self.asked["include"]["total_rows"]:
            assert meta.total_rows == len(self.order)
        if self.asked["include"]["time_labels"]:
            time = self.count.time
            unit = None if time is None else self.asked["dimensions"][time].removeprefix("time:")
            assert meta.time_labels == ([] if unit is None else labels(unit, self.count.whole, self.count.zone))
        return shown

    def check_row(self, row: Row, scans: Sequence[ScanEvent], counterpart: Labels | None) -> None:
        assert list(row.metrics) == self.count.metrics(scans, self.total)
        if counterpart is None:
            assert row.comparison is None
        else:
            assert row.comparison is not None and row.comparison.dimensions == counterpart
            metrics = self.count.metrics(self.before.get(counterpart, []), self.total_before)
            assert list(row.comparison.metrics) == metrics
            self.check_change(row)

    def check_remainder(self, found: Answer, shown: int) -> None:
        assert isinstance(found.remainder, Row)
        rest = self.count.rest(self.count.whole, self.order[:shown])
        assert list(found.remainder.metrics) == self.count.metrics(rest, self.total)
        listed = sum(len(self.count.groups[key]) for key in self.order[:shown])
        assert listed + len(rest) == self.total
        if self.then is not None:
            keys = [self.count.counterpart(key, self.then) for key in self.order[:shown]]
            rest = self.count.rest(self.then, [key for key in keys if key is not None])
            assert found.remainder.comparison is not None
            assert list(found.remainder.comparison.metrics) == self.count.metrics(rest, self.total_before)

    def check_change(self, row: Row) -> None:
        assert row.comparison is not None
        for now, then, change in zip(row.metrics, row.comparison.metrics, row.comparison.change, strict=True):
            if isinstance(now, int | float) and isinstance(then, int | float) and then:
                assert change == round((now - then) / then * 100, 1)
            else:
                assert change is None


def check(client: Client, data: st.DataObject, pages_at_most: int) -> None:
    asked = data.draw(questions())
    workspace, now = data.draw(st.sampled_from(WORKSPACES)), data.draw(st.sampled_from(NOWS))
    until = data.draw(untils(now))
    expected = Questions(asked, workspace, now, until)
    shown = 0
    for page in pages(client, asked, workspace, now, until, pages_at_most):
        shown = expected.check(page, shown)


@settings(max_examples=50)
@given(data=st.data())
def test_an_answer_is_a_plain_count(filled: Client, data: st.DataObject) -> None:
    check(filled, data, pages_at_most=2)


@pytest.mark.proof
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("part", range(5))
def test_five_thousand_answers_are_plain_counts(filled: Client, part: int) -> None:
    """In parts of a thousand, so that each has its own time limit."""

    @seed(part)
    @settings(max_examples=1_000)
    @given(data=st.data())
    def thousand(data: st.DataObject) -> None:
        check(filled, data, pages_at_most=1)

    thousand()
