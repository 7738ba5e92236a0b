"""Who asks what of which workspace: plans what is read for a question, and reads it."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec
from clickhouse_connect.driver.client import Client

from analytics.query import people, sql
from analytics.query.bounds import Bounds
from analytics.query.catalogue import DIMENSIONS
from analytics.query.code_sets import CodeAttributes
from analytics.query.dates import Bucket, Range
from analytics.query.filters import Parameters, filters_sql, matcher, split
from analytics.query.grammar import Query
from analytics.query.keys import Key, code_key, numbered_key, scan_key, time_key
from analytics.query.planning import SOME_CODES, Interval, Piece, plan, plan_raw
from analytics.query.refusal import TooLarge
from analytics.query.sources import RAW_MONTHS, Columns
from analytics.query.sql import Found, Measures, Scope, Top

# Texts that are dictionaries in the table, so that numbering them costs nothing.
_NUMBERED = {one.name for one in DIMENSIONS.values() if one.rollup} - {"scan:city", "scan:referrer"}
_MOST_NUMBERED = 2_000
# A question that reads more scans than this has two threads of the engine.
MANY = 5_000_000


class Asker:
    """Who asks what of which workspace, as of when. `sums`: whether they can be trusted now."""

    def __init__(
        self,
        client: Client,
        query: Query,
        *,
        workspace: int,
        complete_until: datetime,
        codes: CodeAttributes,
        bounds: Bounds,
        sums: bool = True,
    ) -> None:
        self.client, self.query, self.workspace = client, query, workspace
        self.complete_until, self.codes, self.bounds, self.sums = complete_until, codes, bounds, sums
        self.match = matcher(client)
        self.measures = Measures(visitors="visitors" in query.metrics, last="last_scan" in query.metrics)
        self.scope = Scope(workspace=workspace, kinds=query.kinds, counted="scan:outcome" not in query.names())
        # The codes that the filters leave.
        self.code_set, _ = split(query.filters, codes, self.match)
        # Scans that were counted one by one; about, for the sums say how many there are.
        self.rows_read, self.raw = 0, False

    def interval(self, whole: Range) -> Interval:
        """What of it is complete."""
        end = max(whole.start, min(whole.end, self.complete_until))
        return sql.milliseconds(whole.start), sql.milliseconds(end)

    def pieces(self, whole: Range, parts: Sequence[Bucket]) -> list[Piece]:
        """Raises TooLarge if more scans would be read than may be."""
        found = self.planned(whole, parts)
        if all(piece.source.kind == "raw" for piece in found):
            self._read(self.interval(whole))
        return found

    def planned(self, whole: Range, parts: Sequence[Bucket]) -> list[Piece]:
        interval = self.interval(whole)
        return plan(self.query, self.code_set, interval, parts) if self.sums else plan_raw(interval)

    def by(self, dimension: str) -> "Asker":
        """Who asks the same by this dimension alone."""
        query = msgspec.structs.replace(self.query, dimensions=(dimension,))
        return Asker(
            self.client,
            query,
            workspace=self.workspace,
            complete_until=self.complete_until,
            codes=self.codes,
            bounds=self.bounds,
            sums=self.sums,
        )

    @property
    def threads(self) -> int:
        """Of the engine."""
        return 2 if self.rows_read > MANY else 1

    def filters(self, columns: Columns, parameters: Parameters) -> str:
        return filters_sql(self.query.filters, parameters, self.codes, self.match, columns)

    def scans_between(self, interval: Interval) -> int:
        """About how many there are, of the codes that the filters leave."""
        named = self.code_set.numbers if not self.code_set.excluded and len(self.code_set.numbers) <= SOME_CODES else ()
        return sql.scans_between(self.client, self.workspace, interval, named)

    def _read(self, interval: Interval) -> None:
        self.raw = True
        self.rows_read += self.scans_between(interval)
        if self.rows_read > self.bounds.rows_read:
            raise TooLarge(
                "date_range",
                f"the question would read {self.rows_read:,} scans, and may read {self.bounds.rows_read:,}: ask for a "
                "shorter one, for fewer codes, or for less at once",
            )

    def counted_people(self, whole: Range, parts: Sequence[Bucket]) -> people.Cut | None:
        """Where days that are over have been counted, and it is worth looking their people up."""
        interval = self.interval(whole)
        found = people.cut(self.query, self.code_set, interval, parts) if self.sums else None
        return None if found is None or self.scans_between(interval) <= people.FEW else found

    def keys(
        self, parts: Sequence[Bucket], parameters: Parameters, values: Mapping[str, Sequence[str]] = {}
    ) -> list[Key]:
        """Those that `values` has are grouped by number."""
        found = []
        for name in self.query.dimensions:
            family = DIMENSIONS[name].family
            if family == "time":
                found.append(time_key(name, parts, parameters))
            elif name in values:
                found.append(numbered_key(name, values[name], parameters))
            elif family == "code":
                found.append(code_key(name, self.codes, parameters))
            else:
                found.append(scan_key(name))
        return found

    def numbered(self, pieces: Sequence[Piece]) -> dict[str, list[str]]:
        """The values of dimensions that are worth being grouped by number: of several, over months of scans."""
        names = [name for name in self.query.dimensions if name in _NUMBERED]
        if len(self.query.dimensions) < 2 or pieces[0].source != RAW_MONTHS or not self.scope.counted:
            return {}
        starts, ends = zip(*(one for piece in pieces for one in piece.intervals), strict=True)
        interval = (min(starts), max(ends))
        found = {}
        for name in names:
            dimension = DIMENSIONS[name].rollup or ""
            values = sql.values_between(self.client, self.workspace, dimension, interval, _MOST_NUMBERED + 1)
            if 0 < len(values) <= _MOST_NUMBERED:
                found[name] = values
        return found

    def ask(
        self,
        pieces: Sequence[Piece],
        keys: Sequence[Key],
        measures: Measures,
        parameters: Parameters,
        *,
        but: Sequence[tuple[object, ...]] = (),
        only: Sequence[tuple[object, ...]] | None = None,
        by: Sequence[Key] = (),
        top: Top | None = None,
    ) -> Found:
        """Groups by `keys`, without those whose `by` is one of `but`; or of `only` these."""
        filters = {}
        for columns in {piece.source.columns for piece in pieces}:
            found = self.filters(columns, parameters)
            if but:
                found += f" AND NOT ({sql.one_of(by, but, parameters, columns)})"
            if only is not None:
                found += f" AND {sql.one_of(by, only, parameters, columns) if only else '0'}"
            filters[columns] = found
        most = self.bounds.groups
        answer = sql.groups(
            self.client,
            pieces,
            self.scope,
            keys,
            filters,
            measures,
            parameters,
            most=most + 1,
            top=top,
            threads=self.threads,
        )
        if len(answer.groups) > most:
            raise self.too_many()
        return answer

    def too_many(self) -> TooLarge:
        return TooLarge(
            "dimensions",
            f"the answer has more than {self.bounds.groups:,} groups: leave out a dimension, filter, or ask for a "
            "shorter date_range or longer parts of time",
        )
