"""Erases what was counted for deleted codes, in an order that a kill cannot spoil.

First the rows are entered in the ledger, then they are deleted, then the rollups' entries. So at any
moment each event is in `scans` or in the ledger, and whoever repeats the whole ends at the same. It is
repeated: events of a deleted code may still be on their way.

A delete masks rows, which is quick and at once seen by every question; `purge` takes them off the disk.
Deleting does not run the views, which see inserts only.

Runs in the aggregator, between batches, with no open intent.
"""

from collections.abc import Collection, Iterable

from clickhouse_connect.driver.client import Client

from infra.progress import Progress, silent
from infra.rollups import ROLLUPS
from schemas.code import Erasure
from schemas.line_check import LINE_CHECK, SETTINGS

# Rows of `scans` erased in one go: their numbers are held in memory.
ROWS = 2_000_000
# More sources than these are not worth naming in a condition.
_NAMED = 1000

_WAIT: dict[str, object] = {"lightweight_deletes_sync": 2, "mutations_sync": 2}


def due(erasures: Iterable[Erasure], now_ms: int) -> list[int]:
    """The births of the codes whose rows need not be kept any longer."""
    return [one.birth for one in erasures if one.keep_until_ms is None or one.keep_until_ms <= now_ms]


def erase(client: Client, numbers: Collection[int], reason: str = "erased", progress: Progress = silent) -> int:
    """Moves all rows of these codes to the ledger and their entries out of the rollups. Returns how many
    rows; costs almost nothing when there are none. Raises what the client raises; then call it again."""
    wanted = sorted(set(numbers))
    rows = 0
    codes = _present(client, "scans", wanted)
    if codes:
        months = client.query(
            f"SELECT toYYYYMM(ts) AS month, count() FROM scans WHERE {_among(codes)}"  # noqa: S608
            " GROUP BY month ORDER BY month",
        ).result_rows
        for done, (month, count) in enumerate(months):
            progress("erasing", done, len(months))
            parts = -(-count // ROWS)
            for part in range(parts):
                _erase_rows(client, codes, month, f"cityHash64(source, seq) % {parts} = {part}", reason, progress)
            rows += count
    for rollup in ROLLUPS:
        left = _present(client, rollup, wanted)
        if left:
            progress(f"erasing from {rollup}", 0, 1)
            # S608 throughout: the names are ours, the values are integers or bound.
            client.command(f"DELETE FROM {rollup} WHERE {_among(left)}", settings=_WAIT)  # noqa: S608
    progress("erasing", 1, 1)
    return rows


def purge(client: Client) -> None:
    """Rewrites, in the background, the parts in which rows are masked."""
    for table in ("scans", *ROLLUPS):
        masked = client.query(
            "SELECT count() FROM system.parts WHERE active AND database = currentDatabase()"
            " AND table = {table:String} AND has_lightweight_delete",
            parameters={"table": table},
        ).result_rows[0][0]
        if masked:
            client.command(f"ALTER TABLE {table} APPLY DELETED MASK", settings={"mutations_sync": 0})


def _among(codes: Iterable[int]) -> str:
    """A condition. In the statement's own text: parameters of a deletion would go into the address, which has a
    greatest length."""
    return f"code IN ({', '.join(map(str, codes))})"


def _present(client: Client, table: str, codes: list[int]) -> list[int]:
    if not codes:
        return []
    query = f"SELECT DISTINCT code FROM {table} WHERE {_among(codes)} ORDER BY code"  # noqa: S608
    return [row[0] for row in client.query(query).result_rows]


def _erase_rows(client: Client, codes: list[int], month: int, share: str, reason: str, progress: Progress) -> None:
    these = f"{_among(codes)} AND {share}"
    sources = client.query(
        f"SELECT DISTINCT source FROM scans WHERE {these} AND toYYYYMM(ts) = {month} LIMIT {_NAMED + 1}",  # noqa: S608
    ).result_rows
    among = f"source IN ({', '.join(str(row[0]) for row in sources)}) AND " if 0 < len(sources) <= _NAMED else ""
    entered = f"(SELECT source, seq FROM ledger WHERE {among}{share})"  # noqa: S608
    client.command(
        "INSERT INTO ledger (source, seq, code, check, reason)"  # noqa: S608
        f" SELECT DISTINCT source, seq, code, {LINE_CHECK}, {{reason:String}}"
        f" FROM scans WHERE {these} AND toYYYYMM(ts) = {month} AND (source, seq) NOT IN {entered}",
        parameters={"reason": reason},
        # (Without a token: the ledger keeps an entry once, by its key.)
        settings={
            **SETTINGS,
            "deduplicate_insert": "disable",
            "deduplicate_insert_select": "disable",
            "async_insert": 0,
        },
    )
    progress("in the ledger", 0, 1)
    client.command(
        f"DELETE FROM scans IN PARTITION {month} WHERE {these} AND (source, seq) IN {entered}",  # noqa: S608
        settings=_WAIT,
    )
    progress("out of scans", 0, 1)
