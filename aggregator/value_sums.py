"""What a batch adds to `scans_by_value`: each code's scans of a day by dimension, value and kind.

The rule is written in the warehouse's migrations, as SQL over `scans`; a repair, a rebuild and the audit take it from
there (`infra.rollups`). This is the same rule over columns whose texts are numbered already: a view would turn
each row into twenty-one and group those by their texts, which was half of what an insert cost. A test holds the
two against each other.
"""

from collections.abc import Callable, Sequence

import numpy as np

from aggregator.columns import Columns, Dictionary
from infra.native_format import Array, Column, Texts, block, enum, low_cardinality, number, strings
from schemas.event import COUNTED, KINDS, OUTCOMES

_DAY_MS = 86_400_000
_KINDS = len(KINDS) + 1


def values_of(columns: Columns) -> dict[str, Texts]:
    """The value of each row in each dimension."""
    texts = columns.texts
    plain = (
        *("country", "region", "device", "model", "os", "browser", "client", "referrer_host", "referrer", "language"),
        *(
            "utm_source",
            "utm_medium",
            "utm_campaign",
            "utm_term",
            "utm_content",
            "variant",
            "slug",
            "entry",
            "placement",
        ),
    )
    city, country = texts["city"], texts["country"]
    towns = city.index.astype(np.int64) * len(country.values) + country.index

    def town(number: int) -> str:
        name, where = city.values[number // len(country.values)], country.values[number % len(country.values)]
        return f"{name}, {where}" if name and where else name

    lat, lon = (_tenths(columns.degrees[name]) for name in ("lat", "lon"))
    known = ~(np.isnan(lat) | np.isnan(lon))
    spots = np.full(len(columns), -1, dtype=np.int64)
    spots[known] = (towns[known] * _DEGREES + _shifted(lat[known])) * _DEGREES + _shifted(lon[known])

    def pin(number: int) -> str:
        if number < 0:
            return ""
        rest, east = divmod(number, _DEGREES)
        at, north = divmod(rest, _DEGREES)
        name, where = city.values[at // len(country.values)], country.values[at % len(country.values)]
        return f"{_decimal(north)}\t{_decimal(east)}\t{name}\t{where}"

    return {name: texts[name] for name in plain} | {"city": _named(towns, town), "pin": _named(spots, pin)}


# Tenths of a degree, from -1800 to 1800.
_DEGREES = 3601


def _tenths(degrees: Array) -> Array:
    return np.rint(degrees.astype(np.float64) * 10)


def _shifted(tenths: Array) -> Array:
    return tenths.astype(np.int64) + 1800


def _decimal(shifted: int) -> str:
    """As the warehouse writes it: without a zero after the point."""
    return repr((shifted - 1800) / 10).removesuffix(".0")


def _named(numbers: Array, name: Callable[[int], str]) -> Texts:
    """Numbers that stand for a text each; two may stand for the same one."""
    distinct, index = np.unique(numbers, return_inverse=True)
    known = Dictionary()
    texts = np.array([known[name(each)] for each in distinct.tolist()], dtype=np.uint32)
    return Texts(list(known), texts[index])


def value_sums(columns: Columns) -> bytes | None:
    """A block of `scans_by_value`, in the table's own order, so that it is not sorted again. None: nothing counts."""
    counts = np.isin(columns.enums["outcome"], [OUTCOMES.index(outcome) + 1 for outcome in COUNTED])
    kept = np.flatnonzero(counts)
    if not len(kept):
        return None
    codes, code = np.unique(columns.numbers["code"][kept], return_inverse=True)
    days, day = np.unique(columns.numbers["ts_ms"][kept] // _DAY_MS, return_inverse=True)
    slices, part = np.unique(
        (code * len(days) + day) * _KINDS + columns.enums["kind"][kept].astype(np.int64), return_inverse=True
    )
    values = values_of(columns)
    dimensions = sorted(values)
    distinct = sorted(set().union(*(texts.values for texts in values.values())))
    rank = {text: at for at, text in enumerate(distinct)}
    entries, sums = [], []
    for at, dimension in enumerate(dimensions):
        texts = values[dimension]
        ranks = np.array([rank[text] for text in texts.values], dtype=np.int64)
        which, n = _counted(part, len(slices), texts.index[kept].astype(np.int64), len(texts.values))
        of, kind = np.divmod(slices[which // len(texts.values)], _KINDS)
        of_code, of_day = np.divmod(of, len(days))
        # The table's order in one number of 63 bits: up to 17 each for codes and days, 21 for the values of all
        # dimensions together, 5 and 3 for the others.
        order = (of_code * len(dimensions) + at) * len(days) + of_day
        order = (order * len(distinct) + ranks[which % len(texts.values)]) * _KINDS + kind
        entries.append(order)
        sums.append(n)
    return _block(codes, dimensions, days, distinct, np.concatenate(entries), np.concatenate(sums))


def _counted(part: Array, parts: int, value: Array, values: int) -> tuple[Array, Array]:
    """Each pair that occurs, as one number, and how often."""
    pairs = part * values + value
    if parts * values <= 8 * len(pairs):
        counts = np.bincount(pairs, minlength=parts * values)
        which = np.flatnonzero(counts)
        return which, counts[which]
    which, n = np.unique(pairs, return_counts=True)
    return which, n


def _block(
    codes: Array, dimensions: Sequence[str], days: Array, distinct: Sequence[str], order: Array, sums: Array
) -> bytes:
    sort = np.argsort(order)
    rest, kind = np.divmod(order[sort], _KINDS)
    rest, value = np.divmod(rest, len(distinct))
    rest, day = np.divmod(rest, len(days))
    code, dimension = np.divmod(rest, len(dimensions))
    columns: list[Column] = [
        number("code", "UInt64", codes[code]),
        low_cardinality("dimension", Texts(dimensions, dimension)),
        number("day", "Date", days[day].astype(np.uint16)),
        strings("value", Texts(distinct, value)),
        enum("kind", KINDS, kind),
        number("n", "UInt64", sums[sort].astype(np.uint64)),
    ]
    return block(columns, len(order))
