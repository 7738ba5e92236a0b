"""What a batch adds to the rollups by value: each code's, and each workspace's, scans of a day by dimension, value and
kind.

The rule is written in the warehouse's migrations, as SQL over `scans`; a repair, a rebuild and the audit take it from
there (`infra.rollups`). This is the same rule over columns whose texts are numbered already: a view would turn
each row into twenty-one and group those by their texts, which was half of what an insert cost. A test holds the
two against each other.
"""

from collections.abc import Callable

import msgspec
import numpy as np

from aggregator.columns import Columns, Dictionary
from infra.native_format import Array, Texts, block, enum, low_cardinality, number, strings
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


class ValueSums(msgspec.Struct, frozen=True):
    """A block of `scans_by_value` and one of `workspace_by_value`, each in its table's own order, so that it is not
    sorted again."""

    codes: bytes
    workspaces: bytes


def value_sums(columns: Columns) -> ValueSums | None:
    """None: nothing counts."""
    counts = np.isin(columns.enums["outcome"], [OUTCOMES.index(outcome) + 1 for outcome in COUNTED])
    kept = np.flatnonzero(counts)
    if not len(kept):
        return None
    workspaces, codes, workspace_of, owner = _owners(columns, kept)
    days, day = np.unique(columns.numbers["ts_ms"][kept] // _DAY_MS, return_inverse=True)
    # A slice is one kind of scan of one code on one day; a whole is that of a workspace.
    slices, part, visits = np.unique(
        (owner * len(days) + day) * _KINDS + columns.enums["kind"][kept].astype(np.int64),
        return_inverse=True,
        return_counts=True,
    )
    rest, kind = np.divmod(slices, _KINDS)
    owner, day = np.divmod(rest, len(days))
    wholes, whole = np.unique((workspace_of[owner] * _KINDS + kind) * len(days) + day, return_inverse=True)
    rest, whole_day = np.divmod(wholes, len(days))
    whole_workspace, whole_kind = np.divmod(rest, _KINDS)

    values = values_of(columns)
    distinct = sorted({""}.union(*(texts.values for texts in values.values())))
    rank = {text: at for at, text in enumerate(distinct)}
    dimensions, all_dimensions = sorted(values), sorted((*values, CODE))
    # In the order of the tables' keys.
    of_codes = _Entries(len(codes), len(dimensions), len(days), len(distinct), _KINDS)
    items = max(len(distinct), len(codes))
    of_workspaces = _Entries(len(workspaces), len(all_dimensions), _KINDS, len(days), items)
    for at, dimension in enumerate(all_dimensions):
        if dimension == CODE:
            of_workspaces.add(visits, workspace_of[owner], at, kind, day, owner)
            continue
        texts = values[dimension]
        ranks = np.array([rank[text] for text in texts.values], dtype=np.int64)
        cut, value, n = _counted(part, len(slices), texts.index[kept].astype(np.int64), len(ranks))
        of_codes.add(n, owner[cut], dimensions.index(dimension), day[cut], ranks[value], kind[cut])
        cut, value, n = _counted(whole[cut], len(wholes), value, len(ranks), n)
        of_workspaces.add(n, whole_workspace[cut], at, whole_kind[cut], whole_day[cut], ranks[value])

    (owner, dimension_of, day, value, kind), n = of_codes.in_order()
    for_codes = [
        number("workspace", "UInt64", workspaces[workspace_of[owner]]),
        number("code", "UInt64", codes[owner]),
        low_cardinality("dimension", Texts(dimensions, dimension_of)),
        number("day", "Date", days[day].astype(np.uint16)),
        strings("value", Texts(distinct, value)),
        enum("kind", KINDS, kind),
        number("n", "UInt64", n),
    ]
    count = len(n)
    (workspace, dimension_of, kind, day, item), n = of_workspaces.in_order()
    by_code = dimension_of == all_dimensions.index(CODE)
    for_workspaces = [
        number("workspace", "UInt64", workspaces[workspace]),
        low_cardinality("dimension", Texts(all_dimensions, dimension_of)),
        number("day", "Date", days[day].astype(np.uint16)),
        strings("value", Texts(distinct, np.where(by_code, rank[""], item))),
        number("code", "UInt64", np.where(by_code, codes[np.where(by_code, item, 0)], np.uint64(0))),
        enum("kind", KINDS, kind),
        number("n", "UInt64", n),
    ]
    return ValueSums(block(for_codes, count), block(for_workspaces, len(n)))


# The dimension that only a workspace has.
CODE = "code"


def _owners(columns: Columns, kept: Array) -> tuple[Array, Array, Array, Array]:
    """The workspaces; the code of each owner, and which of the workspaces is its; and the owner of each kept row. In
    the order of workspaces, then of codes."""
    workspaces, workspace = np.unique(columns.numbers["workspace"][kept], return_inverse=True)
    codes, code = np.unique(columns.numbers["code"][kept], return_inverse=True)
    if len(workspaces) == 1:
        return workspaces, codes, np.zeros(len(codes), dtype=np.int64), code
    owners, owner = np.unique(workspace * len(codes) + code, return_inverse=True)
    workspace_of, which = np.divmod(owners, len(codes))
    return workspaces, codes[which], workspace_of, owner


def _counted(part: Array, parts: int, value: Array, values: int, n: Array | None = None) -> tuple[Array, Array, Array]:
    """The part and the value of each pair that occurs, and how often (each time counts `n`)."""
    pairs = part * values + value
    if parts * values <= 8 * len(pairs) + _FEW:
        counts = np.bincount(pairs, weights=n, minlength=parts * values)
        which = np.flatnonzero(counts)
        sums = counts[which]
    elif n is None:
        which, sums = np.unique(pairs, return_counts=True)
    else:
        which, pair = np.unique(pairs, return_inverse=True)
        sums = np.bincount(pair, weights=n)
    return *np.divmod(which, values), sums


# Counters that cost nothing.
_FEW = 4096


class _Entries:
    """Entries as numbers that sort as the table does: a digit for each column of its key. 63 bits are enough: up to 17
    each for owners and days, 22 for the values of all dimensions together, 5 and 3 for the others."""

    def __init__(self, *sizes: int) -> None:
        self._sizes = sizes
        self._numbers: list[Array] = []
        self._sums: list[Array] = []

    def add(self, n: Array, *digits: Array | int) -> None:
        numbers = digits[0]
        for size, digit in zip(self._sizes[1:], digits[1:], strict=True):
            numbers = numbers * size + digit
        self._numbers.append(np.asarray(numbers))
        self._sums.append(n)

    def in_order(self) -> tuple[list[Array], Array]:
        """The digits and the sum of each."""
        rest = np.concatenate(self._numbers)
        sort = np.argsort(rest)
        rest = rest[sort]
        digits: list[Array] = []
        for size in reversed(self._sizes[1:]):
            rest, digit = np.divmod(rest, size)
            digits.insert(0, digit)
        return [rest, *digits], np.concatenate(self._sums)[sort].astype(np.uint64)
