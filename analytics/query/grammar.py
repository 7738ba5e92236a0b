"""Read a question: JSON, in the grammar of Plausible's Stats API v2, into frozen structs.

Every refusal names the field. Nothing is ignored: an unknown key may be one that would have changed the answer.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Literal, cast
from zoneinfo import ZoneInfo, available_timezones

import msgspec

from analytics.query import bounds
from analytics.query.catalogue import DIMENSIONS, METRICS
from analytics.query.dates import DateRange, read_date_range
from analytics.query.filter_grammar import Filter, conditions, listed, parse_filters, read_list
from analytics.query.refusal import Refused
from schemas.event import KINDS, Kind

Direction = Literal["asc", "desc"]


class Include(msgspec.Struct, frozen=True):
    time_labels: bool = False
    total_rows: bool = False
    remainder: bool = False


class Query(msgspec.Struct, frozen=True):
    """A question with its defaults filled in; dates are resolved when it is answered."""

    metrics: tuple[str, ...]
    date_range: DateRange
    timezone: str
    dimensions: tuple[str, ...]
    filters: tuple[Filter, ...]
    kinds: tuple[Kind, ...]
    compare: DateRange | None
    order_by: tuple[tuple[str, Direction], ...]
    include: Include
    limit: int
    cursor: str | None
    breakdowns: tuple[str, ...] = ()

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    @property
    def time_dimension(self) -> str | None:
        return next((name for name in self.dimensions if DIMENSIONS[name].family == "time"), None)

    def names(self) -> set[str]:
        """The dimensions asked by and filtered on."""
        return {*self.dimensions, *self.breakdowns, *(one.dimension for one in conditions(self.filters))}


_KEYS = (
    "metrics",
    "date_range",
    "timezone",
    "dimensions",
    "breakdowns",
    "filters",
    "kinds",
    "compare",
    "order_by",
    "include",
    "pagination",
)


def parse(value: object) -> Query:
    """Raises Refused."""
    fields = _object(value, "query", _KEYS)
    metrics = _names(fields.get("metrics"), "metrics", METRICS, "metric")
    if not metrics:
        raise Refused("metrics", f"name at least one of {listed(METRICS)}")
    if "date_range" not in fields:
        raise Refused("date_range", 'is required: "28d", "month", "all", or ["2026-01-01", "2026-01-31"]')
    zone = _zone(fields.get("timezone", "UTC"))
    dimensions = _names(fields.get("dimensions", []), "dimensions", DIMENSIONS, "dimension")
    _dimensions_fit(dimensions)
    breakdowns = _breakdowns(fields.get("breakdowns", []), dimensions)
    filters = parse_filters(fields.get("filters", []))
    asked = {*dimensions, *breakdowns, *(one.dimension for one in conditions(filters))}
    compare = fields.get("compare")
    pagination = _object(fields.get("pagination", {}), "pagination", ("limit", "cursor"))
    cursor = _cursor(pagination.get("cursor"))
    if cursor is not None and breakdowns:
        raise Refused("pagination.cursor", "belongs to dimensions: breakdowns have one page")
    return Query(
        metrics=metrics,
        date_range=read_date_range(fields["date_range"], "date_range"),
        timezone=zone,
        dimensions=dimensions,
        filters=filters,
        kinds=_kinds(fields.get("kinds"), everything="scan:kind" in asked),
        compare=None if compare is None else read_date_range(compare, "compare"),
        order_by=_order_by(fields.get("order_by"), metrics, dimensions),
        include=_include(fields.get("include", {})),
        limit=_limit(pagination.get("limit", bounds.LIMIT)),
        cursor=cursor,
        breakdowns=breakdowns,
    )


def _object(value: object, field: str, keys: Sequence[str]) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise Refused(field, "must be an object")
    for key in value:
        if key not in keys:
            where = str(key) if field == "query" else f"{field}.{key}"
            raise Refused(where, f"is not known here; known are {listed(keys)}")
    return value


def _names(value: object, field: str, known: Mapping[str, Any], noun: str) -> tuple[str, ...]:
    found: list[str] = []
    for at, name in enumerate(read_list(value, field)):
        if not isinstance(name, str) or name not in known:
            raise Refused(f"{field}[{at}]", f"is no {noun}; there are {listed(known)}")
        if name in found:
            raise Refused(f"{field}[{at}]", f"{name} is there already: leave it out")
        found.append(name)
    return tuple(found)


def _dimensions_fit(names: Sequence[str]) -> None:
    if len(names) > bounds.DIMENSIONS:
        raise Refused(f"dimensions[{bounds.DIMENSIONS}]", f"a question has at most {bounds.DIMENSIONS} dimensions")
    times = [at for at, name in enumerate(names) if DIMENSIONS[name].family == "time"]
    if len(times) > 1:
        raise Refused(f"dimensions[{times[1]}]", "a question has at most one dimension of time")


def _breakdowns(value: object, dimensions: Sequence[str]) -> tuple[str, ...]:
    names = _names(value, "breakdowns", DIMENSIONS, "dimension")
    if names and dimensions:
        raise Refused("breakdowns", "stand in the place of dimensions: leave one of them out")
    if len(names) > bounds.BREAKDOWNS:
        raise Refused(f"breakdowns[{bounds.BREAKDOWNS}]", f"a question has at most {bounds.BREAKDOWNS} breakdowns")
    for at, name in enumerate(names):
        if DIMENSIONS[name].family == "time":
            raise Refused(f"breakdowns[{at}]", f"{name} is a series: ask for it in dimensions")
    return names


@lru_cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def _zone(value: object) -> str:
    if not isinstance(value, str) or value not in _zones():
        raise Refused("timezone", "is no time zone of the IANA database, such as Europe/Berlin")
    return value


def _kinds(value: object, *, everything: bool) -> tuple[Kind, ...]:
    if value is None:
        return KINDS if everything else ("human",)
    kinds = _names(value, "kinds", dict.fromkeys(KINDS), "kind")
    if not kinds:
        raise Refused("kinds", f"name at least one of {listed(KINDS)}")
    return cast(tuple[Kind, ...], kinds)


def _order_by(value: object, metrics: Sequence[str], dimensions: Sequence[str]) -> tuple[tuple[str, Direction], ...]:
    if value is None:
        time = next((name for name in dimensions if DIMENSIONS[name].family == "time"), None)
        return ((time, "asc"),) if time else ((metrics[0], "desc"),)
    found: dict[str, Direction] = {}
    for at, entry in enumerate(read_list(value, "order_by")):
        field = f"order_by[{at}]"
        parts = read_list(entry, field)
        if len(parts) != 2 or parts[1] not in ("asc", "desc"):
            raise Refused(field, 'must be [metric or dimension, "asc" or "desc"]')
        if parts[0] not in (*metrics, *dimensions):
            raise Refused(f"{field}[0]", f"is not asked for; asked for are {listed([*metrics, *dimensions])}")
        if parts[0] in found:
            raise Refused(f"{field}[0]", f"{parts[0]} is there already: leave it out")
        found[parts[0]] = parts[1]
    return tuple(found.items())


def _include(value: object) -> Include:
    fields = _object(value, "include", Include.__struct_fields__)
    for name, one in fields.items():
        if not isinstance(one, bool):
            raise Refused(f"include.{name}", "must be true or false")
    return Include(**fields)


def _limit(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= bounds.LIMIT:
        raise Refused("pagination.limit", f"must be a whole number from 1 to {bounds.LIMIT:,}")
    return value


def _cursor(value: object) -> str | None:
    if value is not None and not isinstance(value, str):
        raise Refused("pagination.cursor", "must be what an answer gave as next_cursor, or null")
    return value
