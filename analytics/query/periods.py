"""The scans of one range of dates, grouped as a question asks."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

import msgspec
from clickhouse_connect.driver.client import Client

from analytics.query import people, sql
from analytics.query.bounds import Bounds
from analytics.query.catalogue import DIMENSIONS
from analytics.query.code_sets import CodeAttributes
from analytics.query.dates import Bucket, Range, buckets
from analytics.query.filters import Parameters, filters_sql, matcher, split
from analytics.query.grammar import Query
from analytics.query.keys import Key, Label, code_key, numbered_key, scan_key, time_key
from analytics.query.planning import SOME_CODES, Interval, Piece, plan, plan_raw
from analytics.query.refusal import TooLarge
from analytics.query.sources import RAW_MONTHS, Columns
from analytics.query.sql import NO_SCANS, Found, Group, Measures, Scope, Top

Labels = tuple[Label, ...]

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


class Period(msgspec.Struct, frozen=True):
    """`groups` by label, zero-filled along time; `total` counts each scan once, `rows` the groups that there are, also
    those after the first that were read. `labels` are those of the `parts` of time."""

    whole: Range
    pieces: list[Piece]
    keys: list[Key]
    groups: dict[Labels, Group]
    total: int
    rows: int
    labels: list[Label]
    parts: list[Bucket]

    def at(self, labels: Labels) -> Group:
        return self.groups.get(labels, NO_SCANS)


def read_period(asker: Asker, whole: Range, *, first: int) -> Period:
    """The groups of the range; of many at least the `first` in the question's order, if the warehouse can order them.
    Raises TooLarge."""
    time = asker.query.time_dimension
    parts = buckets(time, whole, asker.query.zone) if time else []
    pieces = asker.pieces(whole, parts)
    parameters = Parameters()
    quick = people.cut(asker.query, asker.code_set, asker.interval(whole), parts)
    if asker.sums and quick is not None and asker.scans_between(asker.interval(whole)) > people.FEW:
        return _counted(asker, whole, parts, pieces, quick)
    keys = asker.keys(parts, parameters, asker.numbered(pieces))
    top = _top(asker.query, keys, min(first, asker.bounds.groups + 1))
    found = asker.ask(pieces, keys, asker.measures, parameters, top=top)
    if found.unnumbered:
        parameters = Parameters()
        keys = asker.keys(parts, parameters)
        found = asker.ask(pieces, keys, asker.measures, parameters, top=top)
    total = found.total
    if any(DIMENSIONS[key.dimension].many for key in keys):
        total = asker.ask(pieces, [], Measures(), Parameters()).total
    groups = labelled(keys, found.groups)
    labels: list[Label] = list(range(168)) if time == "time:hour_of_week" else [part.label for part in parts]
    if time is None:
        return Period(whole, pieces, keys, groups, total, found.rows, labels, parts)
    _fill(asker, groups, labels, asker.query.dimensions.index(time))
    return Period(whole, pieces, keys, groups, total, len(groups), labels, parts)


def _counted(asker: Asker, whole: Range, parts: Sequence[Bucket], pieces: list[Piece], cut: people.Cut) -> Period:
    """The same with the people of days that are over as they were counted."""
    parameters = Parameters()
    keys = asker.keys(parts, parameters)
    measures = msgspec.structs.replace(asker.measures, visitors=False)
    found = asker.ask(pieces, keys, measures, parameters)
    groups = labelled(keys, found.groups)
    labels: list[Label] = [part.label for part in parts]
    if parts:
        _fill(asker, groups, labels, 0)
    counts = people.people(asker.client, asker.workspace, asker.query, cut.days, parts)
    rest: dict[Labels, Group] = {}
    if cut.rest[0] < cut.rest[1]:
        parameters = Parameters()
        keys = asker.keys(parts, parameters)
        left = plan(asker.query, asker.code_set, cut.rest, parts)
        rest = labelled(keys, asker.ask(left, keys, Measures(visitors=True), parameters).groups)
    where: list[Labels] = [(label,) for label in labels] or [()]
    for at, n in zip(where, counts, strict=True):
        group = groups.get(at, NO_SCANS)
        groups[at] = msgspec.structs.replace(group, visitors=n + rest.get(at, NO_SCANS).visitors)
    return Period(whole, pieces, keys, groups, found.total, len(groups), labels, list(parts))


def read_same(asker: Asker, whole: Range, other: Period, listed: Collection[Labels]) -> Period:
    """The groups of another range that correspond to the listed ones. Raises TooLarge."""
    if other.rows <= len(other.groups):
        return read_period(asker, whole, first=asker.bounds.groups)
    pieces = asker.pieces(whole, [])
    parameters = Parameters()
    keys = asker.keys([], parameters)
    only = [other.groups[labels].keys for labels in listed]
    found = asker.ask(pieces, keys, asker.measures, parameters, only=only, by=keys)
    total = 0
    if "share" in asker.query.metrics or asker.query.include.remainder:
        total = asker.ask(pieces, [], Measures(), Parameters()).total
    return Period(whole, pieces, keys, labelled(keys, found.groups), total, found.rows, [], [])


def labelled(keys: Sequence[Key], groups: Sequence[Group]) -> dict[Labels, Group]:
    return {tuple(key.label(value) for key, value in zip(keys, one.keys, strict=True)): one for one in groups}


ORDERED = {"scans": "n", "share": "n", "visitors": "visitors", "last_scan": "last"}


def _top(query: Query, keys: Sequence[Key], first: int) -> Top | None:
    """None if all groups are needed: to fill them up along time, or because the warehouse does not know what they are
    ordered by."""
    if not keys or query.time_dimension or any(DIMENSIONS[key.dimension].many for key in keys):
        return None
    numbered = {key.dimension: at for at, key in enumerate(keys)}
    asked = dict(query.order_by)
    terms = []
    for name, direction in [*query.order_by, *((key.dimension, "asc") for key in keys if key.dimension not in asked)]:
        if name in numbered and not keys[numbered[name]].sortable:
            break
        terms.append(f"{f'k{numbered[name]}' if name in numbered else ORDERED[name]} {direction}")
    return Top(", ".join(terms), first) if terms else None


def _fill(asker: Asker, groups: dict[Labels, Group], labels: Sequence[Label], at: int) -> None:
    """Adds what has no scans, so that each combination of the other dimensions has every part of time."""
    others = {key[:at] + key[at + 1 :] for key in groups} if len(asker.query.dimensions) > 1 else {()}
    if len(others) * len(labels) > asker.bounds.groups:
        raise asker.too_many()
    for other in others:
        for label in labels:
            groups.setdefault((*other[:at], label, *other[at:]), NO_SCANS)


def remainder(asker: Asker, period: Period, listed: Collection[Labels]) -> Group:
    """The scans of the period that are in none of the listed groups, as one."""
    shown = [group for labels in listed if (group := period.at(labels)).scans]
    scans = period.total - sum(group.scans for group in shown)
    if not scans or asker.measures == Measures():
        return Group((), scans)
    # Somebody may have been counted in several of them.
    parameters = Parameters()
    keys = asker.keys(period.parts, parameters)
    found = asker.ask(period.pieces, [], asker.measures, parameters, but=[group.keys for group in shown], by=keys)
    return found.groups[0]
