"""Break down the scans of a window by dimension: the most frequent values of each.

Whole UTC days come from the rollup. A window in another time zone begins and ends within a UTC day; these edges come
from the raw rows, by the same rule that fills the rollup.
"""

from collections.abc import Collection, Sequence
from datetime import UTC, date, tzinfo

import msgspec
from clickhouse_connect.driver.client import Client

from analytics.types import Ranked
from analytics.window import Pieces, Span, Window, cut, span
from infra.rollups import rollup_select
from schemas.event import Kind

# Each scan has exactly one value of every dimension, so any dimension can count the scans. This one has few distinct
# values, and so the fewest rows.
COUNTING_DIMENSION = "device"


class Dimension(msgspec.Struct, frozen=True):
    """A dimension to break down by, and how to show it: `empty` is the name for scans without a value, `not_human` (if
    set) the name for all scans of another kind. At most `limit` values (None: all)."""

    name: str
    empty: str = ""
    not_human: str | None = None
    limit: int | None = 8
    # Leave out scans without a value, also from the remainder.
    skip_empty: bool = False


class Breakdown(msgspec.Struct, frozen=True):
    """`top` is ordered by count descending, then by the shown value ascending. With `remainder` it adds up to `total`,
    the scans of the window."""

    top: list[Ranked]
    remainder: int
    total: int


# The shown value, as SQL over (dimension, value, human); `named` gives its parameters.
SHOWN = """multiIf(
    NOT human AND has({marked:Array(String)}, dimension),
    transform(dimension, {marked:Array(String)}, {marks:Array(String)}, ''),
    value = '', transform(dimension, {names:Array(String)}, {empties:Array(String)}, ''),
    value)"""


def named(dimensions: Sequence[Dimension]) -> dict[str, list[str | None]]:
    marked = [one for one in dimensions if one.not_human is not None]
    return {
        "names": [one.name for one in dimensions],
        "empties": [one.empty for one in dimensions],
        "marked": [one.name for one in marked],
        "marks": [one.not_human for one in marked],
    }


_SQL = """
SELECT dimension, sum(n) AS total,
       arraySort(p -> (-toInt64(p.2), p.1), groupArray((shown, n))) AS ranked
FROM (
    SELECT dimension, {shown} AS shown, sum(n) AS n
    FROM ({rows})
    WHERE NOT (value = '' AND dimension IN {{skipped:Array(String)}})
    GROUP BY dimension, shown
)
GROUP BY dimension
"""


def breakdowns(
    client: Client,
    workspace: int,
    code: int,
    dimensions: Sequence[Dimension],
    *,
    kinds: Collection[Kind],
    window: Window | None = None,
    zone: tzinfo = UTC,
) -> dict[str, Breakdown]:
    """A breakdown for each dimension, by name; of all time if there is no window. One query. Blocks; raises what
    clickhouse-connect raises."""
    source, bounds = _rows(window, zone)
    result = client.query(
        _SQL.format(rows=source, shown=SHOWN),
        parameters={
            "workspace": workspace,
            "code": code,
            "kinds": list(kinds),
            **named(dimensions),
            "skipped": [one.name for one in dimensions if one.skip_empty],
            **bounds,
        },
    )
    found = {row[0]: (row[1], row[2]) for row in result.result_rows}
    answer = {}
    for one in dimensions:
        total, ranked = found.get(one.name, (0, []))
        top = [Ranked(value, n) for value, n in ranked[: one.limit]]
        answer[one.name] = Breakdown(top, total - sum(entry.n for entry in top), total)
    return answer


def _rows(window: Window | None, zone: tzinfo) -> tuple[str, dict[str, object]]:
    """SQL for the rows (dimension, value, human, n) that count, added up before values are named; and its
    parameters."""
    pieces = Pieces(Window(date(1970, 1, 1), date(2149, 6, 6)), ()) if window is None else cut(span(window, zone))
    parts = []
    bounds: dict[str, object] = {}
    owner = "workspace = {workspace:UInt64} AND code = {code:UInt64}"
    wanted = f"{owner} AND dimension IN {{names:Array(String)}} AND kind IN {{kinds:Array(String)}}"
    if pieces.days is not None:
        parts.append(_added_up("scans_by_value", f"{wanted} AND day BETWEEN {{first:Date}} AND {{last:Date}}"))
        bounds |= {"first": pieces.days.first, "last": pieces.days.last}
    for edge in pieces.edges:
        raw = rollup_select("scans_by_value", f"{owner} AND {_between(edge)}")
        parts.append(_added_up(f"({raw})", wanted))
    return " UNION ALL ".join(parts), bounds


def _added_up(source: str, condition: str) -> str:
    return (
        "SELECT toString(dimension) AS dimension, value, human, toUInt64(n) AS n FROM ("  # noqa: S608 (our SQL)
        "  SELECT dimension, value, kind = 'human' AS human, sum(n) AS n"
        f"  FROM {source} WHERE {condition} GROUP BY dimension, value, human)"
    )


def _between(edge: Span) -> str:
    start, end = (round(moment.timestamp()) for moment in (edge.start, edge.end))
    return f"ts >= toDateTime64({start}, 3, 'UTC') AND ts < toDateTime64({end}, 3, 'UTC')"
