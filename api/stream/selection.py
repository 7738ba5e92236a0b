"""Which scans a stream shows: those that a question with these filters and kinds would count.

Conditions on scans are part of the query that reads them, so they mean what they mean everywhere; those on codes are
looked up in the table of codes, of which a query would need a list.
"""

from collections.abc import Collection, Iterable, Iterator

import msgspec
from clickhouse_connect.driver.client import Client

from analytics.query.catalogue import DIMENSIONS
from analytics.query.code_sets import CodeSet
from analytics.query.filter_grammar import All, Filter, conditions, filters_json
from analytics.query.filters import Parameters, check_patterns, code_set, filters_sql, matcher, of_codes_only
from analytics.query.grammar import Query
from analytics.query.refusal import Refused
from codes.code_attributes import CodeAttributes
from codes.code_table import EMPTY
from schemas.event import COUNTED, Kind

_NO_CODES = CodeAttributes(EMPTY)


class Selection(msgspec.Struct, frozen=True):
    """Of a workspace. Streams with the same selection are served together."""

    workspace: int
    kinds: tuple[Kind, ...]
    counted: bool
    scans: tuple[Filter, ...]
    codes: tuple[Filter, ...]

    @property
    def key(self) -> str:
        """The same for what selects the same."""
        filters = [filters_json(self.scans), filters_json(self.codes)]
        return msgspec.json.encode([self.workspace, sorted(self.kinds), self.counted, filters]).decode()

    def condition(self, client: Client, parameters: Parameters) -> str:
        """SQL over the columns of `scans`, but for the conditions on codes."""
        parts = [f"workspace = {self.workspace}", f"kind IN ({_quoted(self.kinds)})"]
        if self.counted:
            parts.append(f"outcome IN ({_quoted(COUNTED)})")
        # (No condition on codes is left in them, so nothing is asked of the attributes.)
        parts.append(filters_sql(self.scans, parameters, _NO_CODES, matcher(client)))
        return " AND ".join(parts)

    def code_set(self, client: Client, attributes: CodeAttributes) -> CodeSet:
        return code_set(self.codes, attributes, matcher(client))


def selection_of(query: Query, workspace: int) -> Selection:
    """Raises Refused."""
    scans: list[Filter] = []
    codes: list[Filter] = []
    for one in _apart(query.filters):
        of_codes = of_codes_only(one)
        if not of_codes and any(DIMENSIONS[each.dimension].family == "code" for each in conditions([one])):
            text = "a stream cannot join conditions on codes and on scans by `or` or `not`: name them apart"
            raise Refused(conditions([one])[0].field, text)
        (codes if of_codes else scans).append(one)
    return Selection(workspace, query.kinds, "scan:outcome" not in query.names(), tuple(scans), tuple(codes))


def _apart(filters: Iterable[Filter]) -> Iterator[Filter]:
    for one in filters:
        if isinstance(one, All):
            yield from _apart(one.filters)
        else:
            yield one


def check(client: Client, selection: Selection) -> None:
    """Whether the warehouse understands the patterns. Raises Refused."""
    check_patterns(client, [*selection.scans, *selection.codes])


def _quoted(names: Collection[str]) -> str:
    """Of names of ours."""
    return ", ".join(f"'{name}'" for name in names)
