"""Which codes an endpoint is told of: filters in the grammar of questions, on what a code is.

Filters on scans have no meaning for a code that is created or edited, and `matches` needs the warehouse: both are
refused when they are written.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import msgspec
from redis.asyncio import Redis

from analytics.query import code_names
from analytics.query.catalogue import DIMENSIONS
from analytics.query.code_names import CodeNames
from analytics.query.code_sets import ALL_CODES, CodeAttributes, CodeSet
from analytics.query.filter_grammar import Filter, conditions, filters_json, parse_filters
from analytics.query.filters import code_set
from analytics.query.refusal import Refused
from codes import code_attributes, folders
from codes.code_table import CodeTable, row_of
from schemas.code import Code
from schemas.webhook import Endpoint

_OF_SCANS = [name for name, dimension in DIMENSIONS.items() if dimension.family != "code"]


def checked(value: object, names: CodeNames) -> tuple[Any, ...]:
    """The filters as they are kept: codes by their ids, folders by their names. Raises Refused (of analytics)."""
    filters = parse_filters(value, but=_OF_SCANS)
    for one in conditions(filters):
        if one.operator == "matches":
            raise Refused(f"{one.field}[0]", "cannot be matches here; there are is, is_not, contains and contains_not")
    return tuple(filters_json(code_names.named_filters(filters, names)))


@lru_cache(1024)
def _parsed(raw: bytes) -> tuple[Filter, ...]:
    return parse_filters(msgspec.json.decode(raw))


def _filters(endpoint: Endpoint) -> tuple[Filter, ...]:
    return _parsed(msgspec.json.encode(endpoint.filters)) if endpoint.filters else ()


def codes_told_of(endpoint: Endpoint, attributes: CodeAttributes) -> CodeSet:
    """The codes of its workspace whose scans the endpoint is told of."""
    filters = _filters(endpoint)
    return code_set(filters, attributes, _no_patterns) if filters else ALL_CODES


def contains(codes: CodeSet, number: int) -> bool:
    return (number in codes.numbers) is not codes.excluded


async def is_told_of(redis: Redis, endpoint: Endpoint, code: Code, short_host: str) -> bool:
    """Whether the endpoint is told of this code, as it was when something happened to it."""
    filters = _filters(endpoint)
    if not filters:
        return True
    of_folders = any(one.dimension == "code:folder" for one in conditions(filters))
    named = await folders.list_folders(redis, code.workspace) if of_folders else ()
    table = CodeTable({code.birth: row_of(code)}, {code.id: code.birth})
    alone = code_attributes.CodeAttributes(table, named, short_host=short_host)
    return contains(code_set(filters, alone, _no_patterns), code.birth)


def _no_patterns(texts: Sequence[str], patterns: Sequence[str]) -> Sequence[str]:
    return ()
