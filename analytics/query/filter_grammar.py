"""Read the filters of a question: what each scan that counts has to meet."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from analytics.query import bounds
from analytics.query.catalogue import DIMENSIONS, JUNCTIONS, OPERATORS
from analytics.query.refusal import Refused
from schemas.event import KINDS, OUTCOMES


class Condition(msgspec.Struct, frozen=True):
    """`field` says where in the question it stands."""

    operator: str
    dimension: str
    values: tuple[str, ...]
    field: str


class All(msgspec.Struct, frozen=True):
    filters: tuple["Filter", ...]


class Some(msgspec.Struct, frozen=True):
    filters: tuple["Filter", ...]


class Not(msgspec.Struct, frozen=True):
    filter: "Filter"


Filter = Condition | All | Some | Not


def conditions(filters: Sequence[Filter]) -> list[Condition]:
    found: list[Condition] = []
    for one in filters:
        if isinstance(one, Condition):
            found.append(one)
        else:
            found += conditions((one.filter,) if isinstance(one, Not) else one.filters)
    return found


def parse_filters(value: object, field: str = "filters", *, but: Sequence[str] = ()) -> tuple[Filter, ...]:
    """All of which hold; `but` names dimensions that cannot be filtered on. Raises Refused."""
    budget = _Budget()
    filters = tuple(_filter(one, f"{field}[{at}]", 1, budget) for at, one in enumerate(read_list(value, field)))
    for one in conditions(filters):
        if one.dimension in but:
            raise Refused(f"{one.field}[1]", f"{one.dimension} cannot be filtered on here")
    return filters


def filters_json(filters: Sequence[Filter]) -> list[Any]:
    """The filters as they are written."""
    return [_filter_json(one) for one in filters]


def _filter_json(one: Filter) -> list[Any]:
    if isinstance(one, Condition):
        return [one.operator, one.dimension, list(one.values)]
    if isinstance(one, Not):
        return ["not", _filter_json(one.filter)]
    return ["and" if isinstance(one, All) else "or", filters_json(one.filters)]


def listed(names: Mapping[str, Any] | Sequence[str]) -> str:
    return ", ".join(names)


def read_list(value: object, field: str) -> list[Any]:
    if not isinstance(value, list):
        raise Refused(field, "must be a list")
    return value


class _Budget:
    """How many conditions may still come."""

    def __init__(self) -> None:
        self.left = bounds.CONDITIONS

    def take(self, field: str) -> None:
        self.left -= 1
        if self.left < 0:
            raise Refused(field, f"a question has at most {bounds.CONDITIONS} filters, nested ones included")


def _filter(value: object, field: str, depth: int, budget: _Budget) -> Filter:
    budget.take(field)
    parts = read_list(value, field)
    operator = parts[0] if parts else None
    if not isinstance(operator, str) or operator not in {*OPERATORS, *JUNCTIONS}:
        raise Refused(f"{field}[0]", f"is no operator; there are {listed([*OPERATORS, *JUNCTIONS])}")
    if operator in OPERATORS:
        return _condition(operator, parts, field)
    if depth >= bounds.DEPTH:
        raise Refused(field, f"filters nest at most {bounds.DEPTH} deep")
    if len(parts) != 2:
        what = "one filter" if operator == "not" else "a list of filters"
        raise Refused(field, f'must be ["{operator}", {what}]')
    if operator == "not":
        return Not(_filter(parts[1], f"{field}[1]", depth + 1, budget))
    inner = read_list(parts[1], f"{field}[1]")
    if not inner:
        raise Refused(f"{field}[1]", "must hold at least one filter")
    filters = tuple(_filter(one, f"{field}[1][{at}]", depth + 1, budget) for at, one in enumerate(inner))
    return All(filters) if operator == "and" else Some(filters)


_FIXED = {"scan:kind": KINDS, "scan:outcome": OUTCOMES}


def _condition(operator: str, parts: list[Any], field: str) -> Condition:
    if len(parts) != 3:
        raise Refused(field, f'must be ["{operator}", dimension, [values]]')
    name = parts[1]
    if isinstance(name, str) and name in DIMENSIONS and not DIMENSIONS[name].filterable:
        raise Refused(f"{field}[1]", "time cannot be filtered on: use date_range")
    if not isinstance(name, str) or name not in DIMENSIONS:
        known = [one.name for one in DIMENSIONS.values() if one.filterable]
        raise Refused(f"{field}[1]", f"is no dimension to filter on; there are {listed(known)}")
    values = read_list(parts[2], f"{field}[2]")
    if not values:
        raise Refused(f"{field}[2]", "must hold at least one value")
    searching = operator not in ("is", "is_not")
    most = bounds.SEARCHES if searching else bounds.VALUES
    if len(values) > most:
        raise Refused(f"{field}[2]", f"holds at most {most} values")
    longest = bounds.PATTERN_LENGTH if operator == "matches" else bounds.VALUE_LENGTH
    for at, one in enumerate(values):
        where = f"{field}[2][{at}]"
        if not isinstance(one, str):
            raise Refused(where, "must be a text")
        if len(one) > longest:
            raise Refused(where, f"has at most {longest} characters")
        if searching and not one:
            raise Refused(where, f"must not be empty: everything {operator} nothing")
        if operator == "matches" and "\0" in one:
            raise Refused(where, "must not hold the character of code 0")
        if not searching and name in _FIXED and one not in _FIXED[name]:
            raise Refused(where, f"is no value of {name}; there are {listed(_FIXED[name])}")
    return Condition(operator, name, tuple(dict.fromkeys(values)), field)
