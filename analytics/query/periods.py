"""The scans of one range of dates, grouped as a question asks."""

from collections.abc import Collection, Sequence
from datetime import datetime

import msgspec
from clickhouse_connect.driver.client import Client

from analytics.query import sql
from analytics.query.bounds import Bounds
from analytics.query.catalogue import DIMENSIONS
from analytics.query.code_sets import CodeAttributes
from analytics.query.dates import Bucket, Range, buckets
from analytics.query.filters import Parameters, filters_sql, matcher
from analytics.query.grammar import Query
from analytics.query.keys import Key, Label, code_key, scan_key, time_key
from analytics.query.refusal import TooLarge
from analytics.query.sql import NO_SCANS, Group, Measures, Rows

Labels = tuple[Label, ...]


class Asker:
    """Who asks what of which workspace, as of when."""

    def __init__(
        self,
        client: Client,
        query: Query,
        *,
        workspace: int,
        complete_until: datetime,
        codes: CodeAttributes,
        bounds: Bounds,
    ) -> None:
        self.client, self.query, self.workspace = client, query, workspace
        self.complete_until, self.codes, self.bounds = complete_until, codes, bounds
        self.match = matcher(client)
        self.measures = Measures(visitors="visitors" in query.metrics, last="last_scan" in query.metrics)

    def rows(self, whole: Range, parameters: Parameters) -> Rows:
        return Rows(
            self.workspace,
            whole.start,
            max(whole.start, min(whole.end, self.complete_until)),
            self.query.kinds,
            counted="scan:outcome" not in self.query.names(),
            condition=filters_sql(self.query.filters, parameters, self.codes, self.match),
        )

    def keys(self, parts: Sequence[Bucket], parameters: Parameters) -> list[Key]:
        found = []
        for name in self.query.dimensions:
            family = DIMENSIONS[name].family
            if family == "time":
                found.append(time_key(name, parts, parameters, "toUnixTimestamp(ts)"))
            elif family == "code":
                found.append(code_key(name, self.codes, parameters))
            else:
                found.append(scan_key(name))
        return found

    def ask(self, rows: Rows, keys: Sequence[Key], measures: Measures, parameters: Parameters) -> list[Group]:
        most = self.bounds.groups
        found = sql.groups(self.client, rows, [key.sql for key in keys], measures, parameters, most=most + 1)
        if len(found) > most:
            raise self.too_many()
        return found

    def too_many(self) -> TooLarge:
        return TooLarge(
            "dimensions",
            f"the answer has more than {self.bounds.groups:,} groups: leave out a dimension, filter, or ask for a "
            "shorter date_range or longer parts of time",
        )


class Period(msgspec.Struct, frozen=True):
    """`groups` by label, zero-filled along time; `total` counts each scan once. `labels` are those of the `parts`
    of time."""

    whole: Range
    keys: list[Key]
    groups: dict[Labels, Group]
    total: int
    labels: list[Label]
    parts: list[Bucket]

    def at(self, labels: Labels) -> Group:
        return self.groups.get(labels, NO_SCANS)


def read_period(asker: Asker, whole: Range) -> Period:
    """Raises TooLarge."""
    time = asker.query.time_dimension
    parts = buckets(time, whole, asker.query.zone) if time else []
    parameters = Parameters()
    keys = asker.keys(parts, parameters)
    found = asker.ask(asker.rows(whole, parameters), keys, asker.measures, parameters)
    if any(DIMENSIONS[key.dimension].many for key in keys):
        parameters = Parameters()
        total = asker.ask(asker.rows(whole, parameters), [], Measures(), parameters)[0].scans
    else:
        total = sum(group.scans for group in found)
    groups = {tuple(key.label(value) for key, value in zip(keys, one.keys, strict=True)): one for one in found}
    labels: list[Label] = list(range(168)) if time == "time:hour_of_week" else [part.label for part in parts]
    if time is not None:
        _fill(asker, groups, labels, asker.query.dimensions.index(time))
    return Period(whole, keys, groups, total, labels, parts)


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
    shown = set(listed)
    rest = [group for labels, group in period.groups.items() if labels not in shown and group.scans]
    if not rest:
        return NO_SCANS
    visitors = 0
    if asker.measures.visitors:
        # Somebody may have been counted in several of them.
        parameters = Parameters()
        keys = asker.keys(period.parts, parameters)
        listed_keys = [period.groups[labels].keys for labels in shown if period.at(labels).scans]
        rows = asker.rows(period.whole, parameters)
        if listed_keys:
            condition = f"({rows.condition}) AND {sql.none_of(keys, listed_keys, parameters)}"
            rows = msgspec.structs.replace(rows, condition=condition)
        visitors = asker.ask(rows, [], Measures(visitors=True), parameters)[0].visitors
    last = max((group.last_ms for group in rest if group.last_ms is not None), default=None)
    return Group((), sum(group.scans for group in rest), visitors, last)
