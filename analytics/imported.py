"""Scans that other services counted before codes were brought here: read apart from ours, and always named as such."""

from collections import Counter
from collections.abc import Collection
from datetime import date

import msgspec
from clickhouse_connect.driver.client import Client

from analytics.query.code_sets import CodeSet
from analytics.types import Day, Ranked
from schemas.event import Kind

_UNDATED = date(1970, 1, 1)


class Imported(msgspec.Struct, frozen=True):
    """`total` is the sum of `services`, and of `undated` and `daily`. `daily` has the days with scans, oldest first; in
    lists the most frequent value comes first, ties in the order of the value."""

    total: int
    undated: int
    services: list[Ranked]
    kinds: list[Ranked]
    countries: list[Ranked]
    referrers: list[Ranked]
    daily: list[Day]


_ROWS = """
SELECT service, past.day, past.kind, past.country, past.referrer_host, sum(past.n)
FROM (SELECT * FROM imported_scans FINAL WHERE workspace = {workspace:UInt64} AND code = {code:UInt64})
ARRAY JOIN past
GROUP BY ALL
"""

_TOTALS = """
SELECT code, sum(arraySum((n, kind) -> if(kind = '' OR kind IN {kinds:Array(String)}, n, 0), past.n, past.kind))
FROM imported_scans FINAL
WHERE workspace = {workspace:UInt64} AND code IN {codes:Array(UInt64)}
GROUP BY code
"""

_DAYS = """
SELECT sum(if(past.day = {undated:Date}, past.n, 0)), sum(if(past.day BETWEEN {first:Date} AND {last:Date}, past.n, 0)),
       arraySort(groupUniqArrayIf(service, past.day = {undated:Date} OR past.day BETWEEN {first:Date} AND {last:Date}))
FROM (SELECT * FROM imported_scans FINAL WHERE workspace = {workspace:UInt64})
ARRAY JOIN past
WHERE past.n > 0 AND (code IN {codes:Array(UInt64)}) != {but:Bool}
"""


def imported(client: Client, workspace: int, code: int) -> Imported:
    """Of one code. Blocks; raises what clickhouse-connect raises."""
    rows = client.query(_ROWS, parameters={"workspace": workspace, "code": code}).result_rows
    services, days, kinds, countries, referrers = (Counter[str | date]() for _ in range(5))
    for service, day, kind, country, referrer, n in rows:
        for counts, value in (
            *((services, service), (days, day), (kinds, kind)),
            *((countries, country), (referrers, referrer)),
        ):
            counts[value] += n
    undated = days.pop(_UNDATED, 0)
    return Imported(
        total=sum(services.values()),
        undated=undated,
        services=_ranked(services),
        kinds=_ranked(kinds),
        countries=_ranked(countries),
        referrers=_ranked(referrers),
        daily=[Day(day, n) for day, n in sorted(days.items()) if isinstance(day, date) and n],
    )


def imported_totals(
    client: Client, workspace: int, codes: Collection[int], *, kinds: Collection[Kind]
) -> dict[int, int]:
    """What was imported for each of the codes that has anything: of these kinds and of unknown kind. Blocks; raises
    what clickhouse-connect raises."""
    if not codes:
        return {}
    asked = {"workspace": workspace, "codes": list(codes), "kinds": list(kinds)}
    found = client.query(_TOTALS, parameters=asked).result_rows
    return {code: n for code, n in found if n}


class ImportedBeside(msgspec.Struct, frozen=True):
    """What was imported beside an answer, and is not in it: in its days, and without a day."""

    scans: int
    undated: int
    services: list[str]


def imported_beside(client: Client, workspace: int, codes: CodeSet, first: date, last: date) -> ImportedBeside:
    """For these codes and these days. Blocks; raises what clickhouse-connect raises."""
    # Where nobody ever imported anything, the engine knows that at once.
    if not client.query("SELECT count() FROM imported_scans").result_rows[0][0]:
        return ImportedBeside(0, 0, [])
    rows = client.query(
        _DAYS,
        parameters={
            "workspace": workspace,
            "codes": list(codes.numbers),
            "but": codes.excluded,
            "undated": _UNDATED,
            "first": first,
            "last": last,
        },
    ).result_rows
    undated, dated, services = rows[0] if rows else (0, 0, [])
    return ImportedBeside(dated, undated, services)


def _ranked(counts: Counter[str | date]) -> list[Ranked]:
    return [Ranked(str(value), n) for value, n in sorted(counts.items(), key=lambda one: (-one[1], str(one[0]))) if n]
