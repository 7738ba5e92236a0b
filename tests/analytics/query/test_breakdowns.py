"""Breakdowns that are read together say what each would say alone."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from clickhouse_connect.driver.client import Client
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.query.answer import Answer, answer
from analytics.query.catalogue import DIMENSIONS
from analytics.query.grammar import parse
from analytics.query.refusal import Refused
from tests.analytics.query.questions import questions, untils
from tests.analytics.query.scans import NOWS, WORKSPACES, Attributes, codes_of, scans_of, store

ALL = [name for name, one in DIMENSIONS.items() if one.family != "time"]


@pytest.fixture(scope="module")
def filled(client: Client) -> Client:
    for workspace in WORKSPACES:
        store(client, scans_of(workspace, codes_of(workspace)))
    return client


def asked(client: Client, question: dict[str, Any], workspace: int, now: datetime, until: datetime) -> Answer:
    codes = Attributes(codes_of(workspace))
    return answer(client, parse(question), workspace=workspace, now=now, complete_until=until, codes=codes)


@settings(max_examples=20)
@given(data=st.data())
def test_each_is_as_it_would_be_alone(filled: Client, data: st.DataObject) -> None:
    names = data.draw(st.lists(st.sampled_from(ALL), min_size=1, max_size=6, unique=True))
    question = data.draw(questions()) | {"dimensions": []}
    metrics = question["metrics"]
    question["order_by"] = data.draw(st.sampled_from([[[metrics[0], "desc"]], [[metrics[-1], "asc"]]]))
    question["include"] |= {"remainder": question["include"]["remainder"] and "code:tag" not in names}
    # Kinds are those of the questions alone, too.
    question.setdefault("kinds", ["human", "bot"])
    workspace, now = data.draw(st.sampled_from(WORKSPACES)), data.draw(st.sampled_from(NOWS))
    until = data.draw(untils(now))
    together = asked(filled, question | {"breakdowns": names}, workspace, now, until)
    assert isinstance(together.breakdowns, list) and [one.dimension for one in together.breakdowns] == names
    for one in together.breakdowns:
        alone = asked(filled, question | {"dimensions": [one.dimension]}, workspace, now, until)
        assert one.results == alone.results
        assert one.remainder == alone.remainder
        assert one.total_rows == alone.meta.total_rows
    whole = asked(filled, question, workspace, now, until)
    assert (together.results, together.remainder) == (whole.results, whole.remainder)


@pytest.mark.parametrize("names", [["scan:country", "scan:device"], ["scan:device", "scan:country", "code"]])
@pytest.mark.parametrize("filters", [[["is", "scan:country", ["DE"]]], []])
def test_a_day_so_far_beside_a_whole_one(filled: Client, names: list[str], filters: list[Any]) -> None:
    """The scans of today are read one by one, and of yesterday sums by one dimension are enough for some."""
    scans = sorted(scan.ts_ms for scan in scans_of(1, codes_of(1)) if scan.country == "DE" and scan.kind == "human")
    middle = datetime.fromtimestamp(scans[len(scans) // 2] // 1000, UTC)
    noon = middle.replace(hour=12, minute=0, second=0) + timedelta(days=1)
    question = {
        "metrics": ["scans", "share"],
        "date_range": "today",
        "timezone": "UTC",
        "filters": filters,
        "kinds": ["human"],
        "compare": [str(middle.date() - timedelta(days=9)), str(middle.date())],
        "include": {"remainder": True},
        "pagination": {"limit": 5},
    }
    together = asked(filled, question | {"breakdowns": names}, 1, noon, noon)
    assert isinstance(together.breakdowns, list)
    for one in together.breakdowns:
        alone = asked(filled, question | {"dimensions": [one.dimension]}, 1, noon, noon)
        assert (one.results, one.remainder) == (alone.results, alone.remainder), one.dimension


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"breakdowns": "scan:country"}, "breakdowns"),
        ({"breakdowns": ["scan:colour"]}, "breakdowns[0]"),
        ({"breakdowns": ["scan:os", "scan:os"]}, "breakdowns[1]"),
        ({"breakdowns": ["scan:os", "time:day"]}, "breakdowns[1]"),
        ({"breakdowns": ["scan:os"], "dimensions": ["scan:country"]}, "breakdowns"),
        ({"breakdowns": ALL[:13]}, "breakdowns[12]"),
        ({"breakdowns": ["scan:os"], "pagination": {"cursor": "x"}}, "pagination.cursor"),
        ({"breakdowns": ["scan:os"], "order_by": [["scan:os", "asc"]]}, "order_by[0][0]"),
    ],
)
def test_what_makes_no_sense_is_refused_by_its_field(more: dict[str, Any], field: str) -> None:
    with pytest.raises(Refused) as refused:
        parse({"metrics": ["scans"], "date_range": "28d"} | more)
    assert refused.value.field == field
