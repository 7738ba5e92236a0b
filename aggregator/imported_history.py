"""Keep the past scans that an import found, and drop those of deleted codes.

Each function blocks and raises what the client raises; calling it again ends the same.
"""

from collections.abc import Collection, Sequence
from datetime import date

from clickhouse_connect.driver.client import Client

from aggregator.queries import chunks, sql_list
from infra import cluster
from infra.warehouse import put
from schemas.imported import ImportedHistory

UNDATED = date(1970, 1, 1)
_COLUMNS = ["workspace", "code", "service", "version"]
_PAST = ("day", "kind", "country", "referrer_host", "n")


def store(client: Client, histories: Sequence[ImportedHistory], now_ms: int) -> None:
    """Each takes the place of what its service said of its code before; of two at the same time the last one wins."""
    latest = {(one.workspace, one.code, one.service): one for one in histories}
    rows = [
        [
            *(one.workspace, one.code, one.service, now_ms),
            [str(each.day or UNDATED) for each in one.scans],
            *([getattr(each, name) for each in one.scans] for name in _PAST[1:]),
        ]
        for one in latest.values()
    ]
    if rows:
        put(client, "imported_scans", [*_COLUMNS, *(f"past.{name}" for name in _PAST)], rows)


def forget(client: Client, codes: Collection[int]) -> None:
    """Delete the past scans of these codes."""
    for some in chunks(codes):
        condition = f"code IN ({sql_list(some)})"
        if client.query(f"SELECT 1 FROM imported_scans WHERE {condition} LIMIT 1").result_rows:  # noqa: S608 (numbers)
            client.command(
                f"DELETE FROM {cluster.stored(client, 'imported_scans')} WHERE {condition}",  # noqa: S608 (numbers)
                settings={"lightweight_deletes_sync": 2, "mutations_sync": 2},
            )
