"""Does each entry of the ledger belong to a deletion that is on record?

A row that has moved to the ledger counts as accounted for, so whoever can write there could make any scan
disappear. The record of deletions is kept elsewhere: in Redis, where deleting a code writes it.
"""

from collections.abc import Callable, Collection

import msgspec
from clickhouse_connect.driver.client import Client

from infra.progress import Progress, silent

# Codes looked up at a time.
CODES = 50_000
# Of so many strays the entries are counted.
COUNTED = 100


class Stray(msgspec.Struct, frozen=True):
    """A code that was never deleted, as far as is on record, though scans of it have left the table. `entries` is how
    many; 0 where there were too many such codes to count them."""

    code: int
    entries: int


def check_ledger(
    client: Client, deleted: Callable[[Collection[int]], Collection[int]], progress: Progress = silent
) -> tuple[int, list[Stray]]:
    """How many codes have entries, and which of them should have none. Raises what the client and `deleted` raise.

    The ledger is read before the record: a deletion is on record before its rows move."""
    total = int(client.query("SELECT uniqExact(code) FROM ledger").result_rows[0][0])
    done, strays = 0, list[int]()
    above = -1
    while True:
        rows = client.query(
            "SELECT DISTINCT code FROM ledger WHERE toInt128(code) > {above:Int128} ORDER BY code LIMIT {limit:UInt64}",
            parameters={"above": above, "limit": CODES},
        ).result_rows
        if not rows:
            return done, [Stray(code, _entries(client, code) if at < COUNTED else 0) for at, code in enumerate(strays)]
        codes = [row[0] for row in rows]
        known = set(deleted(codes))
        strays += [code for code in codes if code not in known]
        done += len(codes)
        above = codes[-1]
        progress("ledger", done, max(done, total))


def _entries(client: Client, code: int) -> int:
    query = "SELECT uniqExact(source, seq) FROM ledger WHERE code = {code:UInt64}"
    return int(client.query(query, parameters={"code": code}).result_rows[0][0])
