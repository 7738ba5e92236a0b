"""Other names of codes and folders in filters: a code's slug for its id, a folder's id for its name.

People know slugs, programs know the ids of folders. They are put into words of the catalogue before the question is
answered, so the question as understood says which codes it was about.
"""

from collections.abc import Sequence
from typing import Protocol

import msgspec

from analytics.query.filter_grammar import Condition, Filter, Not
from analytics.query.grammar import Query
from analytics.query.refusal import Refused

_UUID_LENGTH = 36


class CodeNames(Protocol):
    def ids_with_slug(self, slug: str) -> list[str]: ...

    def folder_name(self, id: str) -> str | None: ...


def named(query: Query, names: CodeNames) -> Query:
    """The question with ids for slugs and names for ids of folders. Raises Refused for what is no code's id or slug,
    which may be a typing error; an id of a code that is gone is not."""
    return msgspec.structs.replace(query, filters=named_filters(query.filters, names))


def named_filters(filters: Sequence[Filter], names: CodeNames) -> tuple[Filter, ...]:
    """The same for filters alone."""
    return tuple(_named(one, names) for one in filters)


def _named(one: Filter, names: CodeNames) -> Filter:
    if isinstance(one, Condition):
        return _condition(one, names)
    if isinstance(one, Not):
        return Not(_named(one.filter, names))
    return msgspec.structs.replace(one, filters=tuple(_named(inner, names) for inner in one.filters))


def _condition(one: Condition, names: CodeNames) -> Condition:
    if one.operator not in ("is", "is_not"):
        return one
    if one.dimension == "code":
        values: Sequence[str] = [
            id for at, value in enumerate(one.values) for id in _ids(value, names, f"{one.field}[2][{at}]")
        ]
    elif one.dimension == "code:folder":
        values = [names.folder_name(value) or value for value in one.values]
    else:
        return one
    return msgspec.structs.replace(one, values=tuple(dict.fromkeys(values)))


def _ids(value: str, names: CodeNames, field: str) -> Sequence[str]:
    if len(value) == _UUID_LENGTH and value.count("-") == 4:
        return (value.lower(),)
    found = names.ids_with_slug(value)
    if not found:
        raise Refused(field, "is no id and no slug of a code in this workspace")
    return found
