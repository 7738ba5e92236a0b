"""A question is read strictly, and what is wrong with it is named."""

from typing import Any

import msgspec
import pytest

from analytics.query import bounds
from analytics.query.filter_grammar import All, Condition, Not, Some, filters_json
from analytics.query.grammar import Query, parse
from analytics.query.refusal import Refused

SMALLEST = {"metrics": ["scans"], "date_range": "28d"}


def test_the_smallest_question_has_defaults() -> None:
    query = parse(SMALLEST)
    assert (query.timezone, query.dimensions, query.filters, query.kinds) == ("UTC", (), (), ("human",))
    assert (query.compare, query.order_by, query.limit, query.cursor) == (None, (("scans", "desc"),), 10_000, None)


def test_the_example_of_the_issue_is_read() -> None:
    query = parse(
        {
            "metrics": ["scans", "visitors", "share", "last_scan"],
            "date_range": ["2026-01-01", "2026-02-28"],
            "timezone": "Europe/Berlin",
            "dimensions": ["scan:country", "time:day"],
            "filters": [
                ["is", "code:tag", ["poster"]],
                ["or", [["is_not", "scan:device", ["desktop"]], ["not", ["contains", "scan:referrer", ["news"]]]]],
                ["and", [["matches", "scan:city", ["^L"]]]],
            ],
            "kinds": ["human", "bot"],
            "compare": "year_over_year",
            "order_by": [["scans", "desc"], ["time:day", "asc"]],
            "include": {"time_labels": True, "remainder": True},
            "pagination": {"limit": 100, "cursor": None},
        }
    )
    assert query.filters == (
        Condition("is", "code:tag", ("poster",), "filters[0]"),
        Some(
            (
                Condition("is_not", "scan:device", ("desktop",), "filters[1][1][0]"),
                Not(Condition("contains", "scan:referrer", ("news",), "filters[1][1][1][1]")),
            )
        ),
        All((Condition("matches", "scan:city", ("^L",), "filters[2][1][0]"),)),
    )
    assert parse(_json(query)) == query


def _json(query: Query) -> dict[str, Any]:
    fields: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(query))
    del fields["limit"], fields["cursor"]
    fields["date_range"] = [fields["date_range"]["start"], fields["date_range"]["end"]]
    return fields | {"filters": filters_json(query.filters), "pagination": {"limit": query.limit}}


def test_whoever_asks_by_kind_wants_all_kinds() -> None:
    assert len(parse(SMALLEST | {"dimensions": ["scan:kind"]}).kinds) == 4
    assert len(parse(SMALLEST | {"filters": [["is_not", "scan:kind", ["human"]]]}).kinds) == 4
    assert parse(SMALLEST | {"dimensions": ["scan:kind"], "kinds": ["bot"]}).kinds == ("bot",)


def nested(depth: int) -> list[Any]:
    inner: list[Any] = ["is", "scan:os", ["iOS"]]
    for _ in range(depth - 1):
        inner = ["not", inner]
    return inner


def test_filters_nest_up_to_the_bound() -> None:
    parse(SMALLEST | {"filters": [nested(bounds.DEPTH)]})
    with pytest.raises(Refused, match="nest at most 5 deep"):
        parse(SMALLEST | {"filters": [nested(bounds.DEPTH + 1)]})


IS = ["is", "scan:os", ["iOS"]]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"metrics": []}, "metrics"),
        ({"metrics": "scans"}, "metrics"),
        ({"metrics": ["scans", "clicks"]}, "metrics[1]"),
        ({"metrics": ["scans", "scans"]}, "metrics[1]"),
        ({"metric": ["scans"]}, "metric"),
        ({"date_range": None}, "date_range"),
        ({"date_range": "0d"}, "date_range"),
        ({"date_range": "previous_period"}, "date_range"),
        ({"date_range": ["2026-01-02", "2026-01-01"]}, "date_range"),
        ({"date_range": ["2026-01-02"]}, "date_range"),
        ({"date_range": ["2026-01-02", "2026-01-03T00:00:00Z"]}, "date_range"),
        ({"date_range": ["2026-02-30", "2026-03-01"]}, "date_range"),
        ({"date_range": ["1969-12-31", "2026-03-01"]}, "date_range"),
        ({"timezone": "Mars/Olympus"}, "timezone"),
        ({"timezone": "../UTC"}, "timezone"),
        ({"dimensions": ["scan:planet"]}, "dimensions[0]"),
        ({"dimensions": ["scan:os", "scan:os"]}, "dimensions[1]"),
        ({"dimensions": ["time:day", "time:hour"]}, "dimensions[1]"),
        ({"dimensions": ["scan:os", "scan:city", "scan:model", "time:day"]}, "dimensions[3]"),
        ({"filters": {}}, "filters"),
        ({"filters": ["is"]}, "filters[0]"),
        ({"filters": [[]]}, "filters[0][0]"),
        ({"filters": [IS, ["has", "scan:os", ["iOS"]]]}, "filters[1][0]"),
        ({"filters": [["is", "scan:os"]]}, "filters[0]"),
        ({"filters": [["is", "scan:os", ["iOS"], {"case_sensitive": False}]]}, "filters[0]"),
        ({"filters": [["is", "scan:planet", ["iOS"]]]}, "filters[0][1]"),
        ({"filters": [["is", "time:day", ["2026-01-01"]]]}, "filters[0][1]"),
        ({"filters": [["is", "scan:os", []]]}, "filters[0][2]"),
        ({"filters": [["is", "scan:os", "iOS"]]}, "filters[0][2]"),
        ({"filters": [["is", "scan:os", ["iOS", 7]]]}, "filters[0][2][1]"),
        ({"filters": [["is", "scan:os", ["x" * 5_000]]]}, "filters[0][2][0]"),
        ({"filters": [["is", "scan:os", ["x"] * 1_001]]}, "filters[0][2]"),
        ({"filters": [["contains", "scan:os", ["x"] * 51]]}, "filters[0][2]"),
        ({"filters": [["contains", "scan:os", [""]]]}, "filters[0][2][0]"),
        ({"filters": [["matches", "scan:os", ["x" * 501]]]}, "filters[0][2][0]"),
        ({"filters": [["matches", "scan:os", ["\0"]]]}, "filters[0][2][0]"),
        ({"filters": [["is", "scan:kind", ["robot"]]]}, "filters[0][2][0]"),
        ({"filters": [["or", []]]}, "filters[0][1]"),
        ({"filters": [["or", [IS, ["not", IS, IS]]]]}, "filters[0][1][1]"),
        ({"filters": [["or", [["is", "scan:planet", ["x"]]]]]}, "filters[0][1][0][1]"),
        ({"filters": [IS] * 101}, "filters[100]"),
        ({"kinds": []}, "kinds"),
        ({"kinds": ["robot"]}, "kinds[0]"),
        ({"compare": "last_year"}, "compare"),
        ({"compare": "28d"}, "compare"),
        ({"order_by": [["visitors", "desc"]]}, "order_by[0][0]"),
        ({"order_by": [["scans", "down"]]}, "order_by[0]"),
        ({"order_by": [["scans", "asc"], ["scans", "desc"]]}, "order_by[1][0]"),
        ({"include": {"imports": True}}, "include.imports"),
        ({"include": {"remainder": 1}}, "include.remainder"),
        ({"pagination": {"limit": 0}}, "pagination.limit"),
        ({"pagination": {"limit": True}}, "pagination.limit"),
        ({"pagination": {"limit": 10_001}}, "pagination.limit"),
        ({"pagination": {"offset": 10}}, "pagination.offset"),
        ({"pagination": {"cursor": 7}}, "pagination.cursor"),
    ],
)
def test_a_refusal_names_the_field(change: dict[str, Any], field: str) -> None:
    with pytest.raises(Refused) as caught:
        parse(SMALLEST | change)
    assert caught.value.field == field
    assert caught.value.message


def test_a_question_is_an_object_with_a_range() -> None:
    values: list[Any] = [None, [], "28d"]
    for value in values:
        with pytest.raises(Refused, match="must be an object"):
            parse(value)
    with pytest.raises(Refused, match="date_range: is required"):
        parse({"metrics": ["scans"]})
