"""The SQL that compares a rollup with its source, entry by entry.

Settle and audit use it: both sides are brought into the rollup's own form and must be equal.
"""

from infra.rollups import Rollup, rollup_select


def differences(rollup: Rollup, rows: str, entries: str) -> str:
    """A SELECT that yields each wrong entry: the columns of its owner, its UTC day, and `excess`, what it counts too
    much (or, below 0, too little). `rows` and `entries` say what is compared, as conditions over the columns of the
    rollup's source and its own."""
    owner = ", ".join(rollup.owner)
    key = ", ".join((*rollup.owner, *rollup.key))
    # A text is compared as a text, whichever way a side stores it; the type of a sum says how it is merged.
    columns = ", ".join(
        "toString(dimension) AS dimension" if column == "dimension" else column
        for column in (*rollup.owner, *rollup.key)
    )
    people = ", visitors, CAST(last, 'DateTime64(3, \\'UTC\\')') AS last" if rollup.people else ""
    # For the visitors the sizes of both sets and of their union must be the same.
    sums = (
        """,
        uniqExactMergeIf(visitors, NOT stored) AS p, uniqExactMergeIf(visitors, stored) AS q,
        uniqExactMerge(visitors) AS either,
        maxIf(last, NOT stored) AS x, maxIf(last, stored) AS y"""
        if rollup.people
        else ""
    )
    which = ", fingerprint" if rollup.fingerprint else ""
    people += which
    sums += ", sumIf(fingerprint, NOT stored) AS f, sumIf(fingerprint, stored) AS g" if which else ""
    differs = "a != b OR p != q OR p != either OR x != y" if rollup.people else "a != b"
    differs += " OR f != g" if which else ""
    return f"""
SELECT {owner}, {rollup.day} AS on_day, toInt64(b) - toInt64(a) AS excess
FROM (
    SELECT {key}, sumIf(n, NOT stored) AS a, sumIf(n, stored) AS b{sums}
    FROM (
        SELECT {columns}, toUInt64(n) AS n{people}, false AS stored
        FROM ({rollup_select(rollup.table, rows)})
        UNION ALL
        SELECT {columns}, toUInt64(n) AS n{people}, true AS stored
        FROM {rollup.table} WHERE {entries}
    )
    GROUP BY {key}
    HAVING {differs}
)
"""  # noqa: S608 (our SQL)
