"""A range and an earlier one that it is compared with, in one statement: all scans of each, or a series of each."""

from collections.abc import Sequence

from analytics.query.asker import Asker
from analytics.query.dates import Bucket, Range, buckets, seconds
from analytics.query.filters import Parameters
from analytics.query.keys import time_key
from analytics.query.periods import Labels, Period, fill
from analytics.query.planning import Piece, by_source
from analytics.query.sql import NO_SCANS, Group


def read_both(asker: Asker, whole: Range, earlier: Range) -> tuple[Period, Period] | None:
    """None where each has to be read by itself. Raises TooLarge."""
    time = asker.query.time_dimension
    if time == "time:hour_of_week" or asker.query.dimensions != ((time,) if time else ()):
        return None
    parts = [buckets(time, one, asker.query.zone) if time else [] for one in (whole, earlier)]
    if any(asker.counted_people(*one) for one in zip((whole, earlier), parts, strict=True)):
        return None
    # Without a series, each range is a part of time.
    now, then = parts if time else ([Bucket(seconds(one.start), "")] for one in (whole, earlier))
    if not then or not now or earlier.end.timestamp() > now[0].start:
        return None
    pieces, before = (asker.pieces(*one) for one in zip((whole, earlier), parts, strict=True))
    parameters = Parameters()
    key = time_key(time or "time:day", [*then, *now], parameters, whole_quarters=time is not None)
    both = [Piece(source, intervals) for source, intervals in by_source([*pieces, *before]).items()]
    found = {group.keys[0]: group for group in asker.ask(both, [key], asker.measures, parameters).groups}
    return _period(asker, whole, pieces, now, found), _period(asker, earlier, before, then, found)


def _period(
    asker: Asker, range: Range, pieces: list[Piece], parts: Sequence[Bucket], found: dict[int, Group]
) -> Period:
    if asker.query.time_dimension is None:
        one = found.get(parts[0].start, NO_SCANS)
        return Period(range, pieces, [], {(): Group((), one.scans, one.visitors, one.last_ms)}, one.scans, 1, [], [])
    groups: dict[Labels, Group] = {(part.label,): found[part.start] for part in parts if part.start in found}
    total = sum(group.scans for group in groups.values())
    labels = [part.label for part in parts]
    fill(asker, groups, labels, 0)
    keys = asker.keys(parts, Parameters())
    return Period(range, pieces, keys, groups, total, len(groups), labels, list(parts))
