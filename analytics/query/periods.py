"""The scans of one range of dates, grouped as a question asks."""

from collections.abc import Collection, Sequence

import msgspec

from analytics.query import people
from analytics.query.asker import Asker
from analytics.query.catalogue import DIMENSIONS
from analytics.query.dates import Bucket, Range, buckets
from analytics.query.filters import Parameters
from analytics.query.grammar import Query
from analytics.query.keys import Key, Label
from analytics.query.planning import Piece, plan
from analytics.query.sql import NO_SCANS, Group, Measures, Top

Labels = tuple[Label, ...]


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
    quick = asker.counted_people(whole, parts)
    if quick is not None:
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
    fill(asker, groups, labels, asker.query.dimensions.index(time))
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
        fill(asker, groups, labels, 0)
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


def fill(asker: Asker, groups: dict[Labels, Group], labels: Sequence[Label], at: int) -> None:
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
