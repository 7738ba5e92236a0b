"""A question as parameters of a URL: `?metrics=scans&date_range=28d&dimensions=country&device!=desktop`.

Names of dimensions may be short there (`country` for `scan:country`, `day` for `time:day`, `tag` for `code:tag`). A
dimension as a parameter is a filter; `!` after it means is_not, `~` contains, `!~` contains_not. One that is repeated
takes any of the values.
"""

import json
import re
from collections.abc import Callable, Iterable
from typing import Any

from analytics.query.catalogue import DIMENSIONS
from analytics.query.refusal import Refused
from api.parameters import Parameter

# Short name → name; no two families share one.
SHORT = {name.partition(":")[2] or name: name for name in DIMENSIONS}
_OPERATORS = {"": "is", "!": "is_not", "~": "contains", "!~": "contains_not"}
_FILTER = re.compile(r"([a-z0-9_:]+)(!~|!|~)?")
_WHOLE = re.compile(r"[0-9]{1,9}", re.ASCII)

_TEXT = {"type": "string"}
PARAMETERS = (
    Parameter("metrics", "query", "Metrics, parted by commas. Left out: `scans`.", _TEXT),
    Parameter("date_range", "query", "As in the body, a pair parted by a comma. Left out: `28d`.", _TEXT),
    Parameter("timezone", "query", "A zone of the IANA database. Left out: `UTC`.", _TEXT),
    Parameter("dimensions", "query", "Dimensions, parted by commas; short names (`country`, `day`, `tag`) do.", _TEXT),
    Parameter("breakdowns", "query", "In the place of dimensions: the first rows by each of these.", _TEXT),
    Parameter("filters", "query", "Filters as JSON, as in the body, besides those that are parameters.", _TEXT),
    Parameter("kinds", "query", "Kinds of scans, parted by commas. Left out: `human`.", _TEXT),
    Parameter("compare", "query", "As in the body, a pair parted by a comma.", _TEXT),
    Parameter("order_by", "query", "Metrics or dimensions, parted by commas; `-` before one is descending.", _TEXT),
    Parameter("include", "query", "Of `time_labels`, `total_rows` and `remainder`, parted by commas.", _TEXT),
    Parameter("limit", "query", "Rows of a page.", {"type": "integer", "minimum": 1}),
    Parameter("cursor", "query", "The `next_cursor` of the page before.", _TEXT),
    *(
        Parameter(
            short,
            "query",
            f"A filter on `{SHORT[short]}`; repeat it for any of several values. `{short}!=` excludes, `{short}~=` "
            f"looks for a part of it, `{short}!~=` for none.",
            _TEXT,
        )
        for short, name in SHORT.items()
        if DIMENSIONS[name].filterable
    ),
)
_NAMES = tuple(parameter.name for parameter in PARAMETERS)


def question(parameters: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """The question as a JSON value for `analytics.query.grammar.parse`. Raises Refused for what cannot be one."""
    found: dict[str, Any] = {"metrics": ["scans"], "date_range": "28d"}
    filters: list[Any] = []
    shorthand: dict[tuple[str, str], list[str]] = {}
    seen: set[str] = set()
    for name, value in parameters:
        if name in _READ:
            if name in seen:
                raise Refused(name, "stands twice")
            seen.add(name)
            _READ[name](found, filters, value)
        else:
            shorthand.setdefault(_filter(name), []).append(value)
    filters += [[operator, dimension, values] for (operator, dimension), values in shorthand.items()]
    if filters:
        found["filters"] = filters
    return found


def _filter(name: str) -> tuple[str, str]:
    match = _FILTER.fullmatch(name)
    dimension = _long(match[1]) if match else ""
    if match is None or dimension not in DIMENSIONS or not DIMENSIONS[dimension].filterable:
        raise Refused(name[:64], f"is no parameter; there are {', '.join(_NAMES)}")
    return _OPERATORS[match[2] or ""], dimension


def _long(name: str) -> str:
    return SHORT.get(name, name)


def _list(text: str) -> list[str]:
    return [part.strip() for part in text.split(",")] if text else []


def _range(text: str) -> Any:
    parts = _list(text)
    return text if len(parts) < 2 else parts


def _order(text: str) -> list[Any]:
    return [[_long(part.removeprefix("-")), "desc" if part.startswith("-") else "asc"] for part in _list(text)]


def _json(text: str) -> list[Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        raise Refused("filters", 'must be JSON, like [["is", "scan:country", ["DE"]]]') from None
    if not isinstance(found, list):
        raise Refused("filters", 'must be a list, like [["is", "scan:country", ["DE"]]]')
    return found


def _limit(text: str) -> int:
    if not _WHOLE.fullmatch(text):
        raise Refused("limit", "must be a whole number")
    return int(text)


_READ: dict[str, Callable[[dict[str, Any], list[Any], str], None]] = {
    "metrics": lambda found, _, text: found.update(metrics=_list(text)),
    "date_range": lambda found, _, text: found.update(date_range=_range(text)),
    "timezone": lambda found, _, text: found.update(timezone=text),
    "dimensions": lambda found, _, text: found.update(dimensions=[_long(part) for part in _list(text)]),
    "breakdowns": lambda found, _, text: found.update(breakdowns=[_long(part) for part in _list(text)]),
    "filters": lambda _, filters, text: filters.extend(_json(text)),
    "kinds": lambda found, _, text: found.update(kinds=_list(text)),
    "compare": lambda found, _, text: found.update(compare=_range(text)),
    "order_by": lambda found, _, text: found.update(order_by=_order(text)),
    "include": lambda found, _, text: found.update(include=dict.fromkeys(_list(text), True)),
    "limit": lambda found, _, text: found.setdefault("pagination", {}).update(limit=_limit(text)),
    "cursor": lambda found, _, text: found.setdefault("pagination", {}).update(cursor=text),
}
