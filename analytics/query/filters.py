"""Filters as SQL over the columns of `scans`. Texts are parameters, never part of the SQL."""

from collections.abc import Collection, Sequence
from typing import Any

import msgspec
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import DatabaseError

from analytics.query.catalogue import DIMENSIONS
from analytics.query.code_sets import ALL_CODES, CodeAttributes, CodeSet, Matcher, selected
from analytics.query.filter_grammar import All, Condition, Filter, Not, conditions
from analytics.query.refusal import Refused
from analytics.query.sources import RAW_COLUMNS, Columns

# A server takes no parameter longer than 128 KB.
_PARAMETER_BYTES = 100_000
# So many of these fit in one parameter.
_WHOLE_NUMBERS = frozenset({"UInt8", "UInt16", "UInt32", "UInt64"})
_NUMBERS = _PARAMETER_BYTES // 21
_CANNOT_COMPILE = 427


class Parameters:
    """Parameters of one query, named in the order in which they come."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}
        self._known: dict[Any, str] = {}

    def add(self, value: Any, kind: str) -> str:
        """What is there already is not sent twice."""
        key = (kind, tuple(map(_hashable, value)) if isinstance(value, list) else value)
        if key not in self._known:
            name = f"p{len(self.values)}"
            self.values[name] = value
            self._known[key] = f"{{{name}:{kind}}}"
        return self._known[key]

    def array(self, values: Sequence[Any], kind: str) -> str:
        """A list of any length, in as many parameters as it needs."""
        if kind in _WHOLE_NUMBERS:
            return self._joined([_numbers(values[at : at + _NUMBERS]) for at in range(0, len(values), _NUMBERS)], kind)
        parts: list[list[Any]] = [[]]
        size = 0
        for one in values:
            length = 2 * len(one.encode()) + 4 if isinstance(one, str) else len(str(one)) + 2
            if size + length > _PARAMETER_BYTES and parts[-1]:
                parts.append([])
                size = 0
            parts[-1].append(one)
            size += length
        return self._joined(parts, kind)

    def _joined(self, parts: Sequence[Any], kind: str) -> str:
        named = [self.add(part, f"Array({kind})") for part in parts or ([],)]
        return named[0] if len(named) == 1 else f"arrayConcat({', '.join(named)})"


class _Numbers(msgspec.Struct, frozen=True):
    """A list of whole numbers as the engine reads it. The client would look at each of 100,000 codes, or at each letter
    of a text, which takes longer than the query; of what it does not know, it takes the text as it is."""

    text: str

    def __str__(self) -> str:
        return self.text


def _numbers(values: Sequence[int]) -> _Numbers:
    return _Numbers(f"[{','.join(map(str, values))}]")


def _hashable(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def matcher(client: Client) -> Matcher:
    def match(texts: Sequence[str], patterns: Sequence[str]) -> Collection[str]:
        parameters = Parameters()
        found = parameters.array(texts, "String")
        tests = " OR ".join(f"match(text, {parameters.add(pattern, 'String')})" for pattern in patterns)
        rows = client.query(
            f"SELECT arrayJoin({found}) AS text WHERE {tests}",
            parameters=parameters.values,
        ).result_rows
        return {row[0] for row in rows}

    return match


def check_patterns(client: Client, filters: Sequence[Filter]) -> None:
    """Raises Refused for a pattern that RE2 does not compile."""
    for condition in conditions(filters):
        if condition.operator == "matches":
            for at, pattern in enumerate(condition.values):
                try:
                    client.query("SELECT match('', {pattern:String})", parameters={"pattern": pattern})
                except DatabaseError as error:
                    if getattr(error, "code", None) != _CANNOT_COMPILE:
                        raise
                    raise Refused(
                        f"{condition.field}[2][{at}]",
                        "is no pattern that RE2 understands (no look-around, no back references)",
                    ) from None


def code_set(filters: Sequence[Filter], attributes: CodeAttributes, match: Matcher) -> CodeSet:
    """The codes that meet all filters, which must be filters on codes only."""
    found = ALL_CODES
    for one in filters:
        found &= _code_set(one, attributes, match)
    return found


def _code_set(one: Filter, attributes: CodeAttributes, match: Matcher) -> CodeSet:
    if isinstance(one, Condition):
        return selected(one, attributes, match)
    if isinstance(one, Not):
        return ~_code_set(one.filter, attributes, match)
    if isinstance(one, All):
        return code_set(one.filters, attributes, match)
    found = ~ALL_CODES
    for inner in one.filters:
        found |= _code_set(inner, attributes, match)
    return found


def of_codes_only(one: Filter) -> bool:
    return all(DIMENSIONS[condition.dimension].family == "code" for condition in conditions([one]))


def split(filters: Sequence[Filter], attributes: CodeAttributes, match: Matcher) -> tuple[CodeSet, tuple[Filter, ...]]:
    """The codes that the filters leave, and the other filters."""
    codes = code_set([one for one in filters if of_codes_only(one)], attributes, match)
    return codes, tuple(one for one in filters if not of_codes_only(one))


def codes_sql(codes: CodeSet, parameters: Parameters) -> str:
    if not codes.numbers:
        return "1" if codes.excluded else "0"
    numbers = parameters.array(list(codes.numbers), "UInt64")
    return f"code {'NOT IN' if codes.excluded else 'IN'} {numbers}"


def filters_sql(
    filters: Sequence[Filter],
    parameters: Parameters,
    attributes: CodeAttributes,
    match: Matcher,
    columns: Columns = RAW_COLUMNS,
) -> str:
    """All of the filters, as a condition on rows of `scans` (or of what else has these columns)."""
    codes, others = split(filters, attributes, match)
    found = [] if codes.everything else [codes_sql(codes, parameters)]
    found += [_sql(one, parameters, attributes, match, columns) for one in others]
    return " AND ".join(found) or "1"


def _sql(one: Filter, parameters: Parameters, attributes: CodeAttributes, match: Matcher, columns: Columns) -> str:
    if of_codes_only(one):
        return codes_sql(_code_set(one, attributes, match), parameters)
    if isinstance(one, Condition):
        exact = one.operator in ("is", "is_not")
        return condition_sql(one, columns.of(one.dimension) if exact else columns.text(one.dimension), parameters)
    if isinstance(one, Not):
        return f"NOT ({_sql(one.filter, parameters, attributes, match, columns)})"
    joint = " AND " if isinstance(one, All) else " OR "
    return f"({joint.join(_sql(inner, parameters, attributes, match, columns) for inner in one.filters)})"


def condition_sql(condition: Condition, column: str, parameters: Parameters) -> str:
    """The condition on a column or expression."""
    if condition.operator in ("is", "is_not"):
        values = parameters.array(condition.values, "String")
        return f"{column} {'IN' if condition.operator == 'is' else 'NOT IN'} {values}"
    test = "match({}, {})" if condition.operator == "matches" else "position({}, {}) > 0"
    found = " OR ".join(test.format(column, parameters.add(one, "String")) for one in condition.values)
    return f"NOT ({found})" if condition.operator == "contains_not" else f"({found})"
