"""Questions and answers of `/v1/query` on the wire."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from analytics.query import bounds
from schemas.event import Kind

_ANY = Annotated[Any, Meta(description="An operator and what it takes.")]
Filter = Annotated[
    list[_ANY],
    Meta(
        description='`["is", "scan:country", ["DE"]]`, or `is_not`, `contains`, `contains_not`, `matches` (RE2); '
        '`["and", [filters]]`, `["or", [filters]]`, `["not", filter]`.'
    ),
]
_PAIR = Annotated[list[str], Meta(min_length=2, max_length=2)]


class QueryInclude(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    time_labels: Annotated[bool, Meta(description="All parts of time, in their order, in `meta`.")] = False
    total_rows: Annotated[bool, Meta(description="How many rows there are on all pages, in `meta`.")] = False
    remainder: Annotated[bool, Meta(description="A row for all scans that are on no page so far.")] = False


class QueryPagination(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    limit: Annotated[int, Meta(extra_json_schema={"minimum": 1, "maximum": bounds.LIMIT})] | UnsetType = UNSET
    cursor: Annotated[str | None, Meta(description="The `next_cursor` of the page before.")] | UnsetType = UNSET


class QueryRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A question, in the grammar of Plausible's Stats API v2. `GET /v1/query/schema` lists what it may name."""

    metrics: Annotated[list[str], Meta(description="At least one.", examples=[["scans", "visitors"]])]
    date_range: Annotated[
        str | _PAIR,
        Meta(
            description="`28d`, `today`, `month`, `12mo`, `year`, `all`, or a pair: two dates, both included, or two "
            "instants, the second not.",
            examples=["28d"],
        ),
    ]
    timezone: Annotated[str, Meta(description="Whose days these are. Left out: `UTC`.")] | UnsetType = UNSET
    dimensions: Annotated[list[str], Meta(extra_json_schema={"maxItems": bounds.DIMENSIONS})] | UnsetType = UNSET
    breakdowns: (
        Annotated[
            list[str],
            Meta(
                description="In the place of `dimensions`: the first rows by each of these, in one answer.",
                extra_json_schema={"maxItems": bounds.BREAKDOWNS},
            ),
        ]
        | UnsetType
    ) = UNSET
    filters: Annotated[list[Filter], Meta(description="All of them hold.")] | UnsetType = UNSET
    kinds: Annotated[list[Kind], Meta(description="Left out: people alone.")] | UnsetType = UNSET
    compare: (
        Annotated[
            str | _PAIR | None, Meta(description="With `previous_period`, `year_over_year`, or a pair as `date_range`.")
        ]
        | UnsetType
    ) = UNSET
    order_by: (
        Annotated[
            list[_PAIR],
            Meta(description="Pairs of a metric or dimension asked for, and `asc` or `desc`. Ties: by the dimensions."),
        ]
        | UnsetType
    ) = UNSET
    include: QueryInclude | UnsetType = UNSET
    pagination: QueryPagination | UnsetType = UNSET


Label = str | int
_DIMENSIONS = Meta(description="In the order asked for; an empty text where there is no value.")
_METRICS = Meta(description="In the order asked for. Times as texts; null for no scan.")


class QueryComparison(msgspec.Struct, frozen=True):
    """The same row of the range compared with."""

    dimensions: Annotated[list[Label], _DIMENSIONS]
    metrics: Annotated[list[int | float | str | None], _METRICS]
    change: Annotated[
        list[float | None], Meta(description="In percent of the earlier, to a tenth; null where that is nothing.")
    ]


class QueryRow(msgspec.Struct, frozen=True):
    dimensions: Annotated[list[Label], _DIMENSIONS]
    metrics: Annotated[list[int | float | str | None], _METRICS]
    comparison: Annotated[QueryComparison | None, Meta(description="Null where nothing is compared.")]


class QueriedCode(msgspec.Struct, frozen=True):
    """What to call a code."""

    slug: str
    label: str | None
    short_url: str


class QueryImported(msgspec.Struct, frozen=True):
    """What other services counted before codes were imported: of the codes that filters on codes leave, whatever other
    filters say. It is in no row."""

    scans: Annotated[int, Meta(description="In the date range's UTC days.")]
    undated: Annotated[int, Meta(description="Of which the service told no day.")]
    services: list[str]


class QueryMeta(msgspec.Struct, frozen=True):
    exact: Annotated[bool, Meta(description="Every scan before `complete_until` is counted, once.")]
    complete_until: Annotated[
        str | None,
        Meta(
            description="Scans from this moment on are not counted yet: some may still be on their way. Null while "
            "nobody knows until when every scan is stored; then all that are stored are counted.",
            extra_json_schema={"format": "date-time"},
        ),
    ]
    source: Annotated[
        Literal["rollup", "raw"], Meta(description="Whether sums were enough, or scans were read one by one.")
    ]
    total_rows: int | None
    time_labels: list[Label] | None
    overlapping: Annotated[
        list[str],
        Meta(description="Dimensions by which a scan counts in several rows (tags): these add up to more than all."),
    ]
    next_cursor: Annotated[str | None, Meta(description="For the next page; null on the last.")]
    codes: Annotated[dict[str, QueriedCode], Meta(description="By id: the codes in the rows.")]
    imported: Annotated[QueryImported | None, Meta(description="Null if there is nothing of that kind.")]


_REMAINDER = Meta(description="Null unless asked for.")


class QueryBreakdown(msgspec.Struct, frozen=True):
    """The first rows by one dimension."""

    dimension: str
    results: list[QueryRow]
    remainder: Annotated[QueryRow | None, _REMAINDER]
    total_rows: Annotated[int | None, Meta(description="Null unless asked for.")]


class QueryAnswer(msgspec.Struct, frozen=True):
    results: list[QueryRow]
    remainder: Annotated[QueryRow | None, _REMAINDER]
    breakdowns: Annotated[list[QueryBreakdown], Meta(description="In the order asked for.")]
    meta: QueryMeta
    query: Annotated[
        dict[str, Any], Meta(description="The question as it was understood: dates resolved, what was left out said.")
    ]


class NamedThing(msgspec.Struct, frozen=True):
    name: str
    description: str


class QueryDimension(msgspec.Struct, frozen=True):
    name: str
    description: str
    filterable: Annotated[bool, Meta(description="Whether filters may name it.")]
    multiple: Annotated[bool, Meta(description="Whether a scan may count in several of its rows.")]


class QueryBounds(msgspec.Struct, frozen=True):
    dimensions: Annotated[int, Meta(description="Of one question.")]
    breakdowns: Annotated[int, Meta(description="Of one question.")]
    filters: Annotated[int, Meta(description="Conditions of one question, nested ones too.")]
    depth: Annotated[int, Meta(description="How deep filters nest.")]
    values: Annotated[int, Meta(description="Of one `is` or `is_not`.")]
    texts: Annotated[int, Meta(description="Of one `contains`, `contains_not` or `matches`.")]
    limit: Annotated[int, Meta(description="Rows of one page.")]
    scans_read: Annotated[int, Meta(description="Scans that one question may read, by the workspace's plan.")]
    groups: Annotated[int, Meta(description="Groups that an answer may have, by the workspace's plan.")]


class QuerySchema(msgspec.Struct, frozen=True):
    metrics: list[NamedThing]
    dimensions: list[QueryDimension]
    operators: list[NamedThing]
    junctions: list[NamedThing]
    date_ranges: list[NamedThing]
    comparisons: list[NamedThing]
    kinds: list[str]
    outcomes: list[str]
    bounds: QueryBounds
