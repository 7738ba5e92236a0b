"""What an answer has to know of the erasures of deleted codes, which move scans and sums while it reads.

An erasure notes the months from whose sums it takes scans away; until the note is gone, those sums may be wrong, so the
scans themselves are counted. And an answer reads several times: none counts if scans were erased in between.
"""

import time
from collections.abc import Callable
from typing import TypeVar
from weakref import WeakKeyDictionary

import msgspec
from clickhouse_connect.driver.client import Client

from analytics.types import Unavailable
from infra import cluster

T = TypeVar("T")

# Deletions of a month's scans take tenths of a second each.
WITHIN_S = 5.0
PAUSE_S = 0.05


class Erasures(msgspec.Struct, frozen=True):
    """`months` have sums that may be wrong. `erased`: how many scans ever were, about; `deletions` says which commands
    have deleted, `running` how many of them are at it."""

    erased: int
    months: tuple[int, ...]
    deletions: int = 0
    running: int = 0


def erasures(client: Client, workspace: int) -> Erasures:
    erased, months = client.query(
        "SELECT (SELECT count() FROM ledger), groupUniqArray(month) FROM erasing WHERE workspace = {workspace:UInt64}",
        parameters={"workspace": workspace},
    ).result_rows[0]
    if not months:
        return Erasures(erased, ())
    deletions, running = client.query(
        "SELECT sum(cityHash64(mutation_id)), countIf(NOT is_done)"  # noqa: S608 (our names)
        f" FROM {cluster.system(client, 'mutations')} WHERE database = {cluster.database(client)}"
        f" AND table = '{cluster.part_name(client, 'scans')}' AND command LIKE '%_row_exists%'",
        settings=cluster.THOSE_THERE,
    ).result_rows[0]
    return Erasures(erased, tuple(sorted(months)), deletions, running)


# What each client saw last of a workspace without notes: if that is so still, nothing was erased since, so a question
# looks once, at its end. (A client belongs to a warehouse, and is used by one thread.)
_seen: WeakKeyDictionary[Client, dict[int, Erasures]] = WeakKeyDictionary()
_MOST_SEEN = 1_000


def undisturbed(client: Client, workspace: int, read: Callable[[bool], T], *, within_s: float = WITHIN_S) -> T:
    """What `read` answers while nothing is erased; it is told whether sums can be used. Blocks; raises Unavailable if
    scans are erased again and again meanwhile."""
    until = time.monotonic() + within_s
    seen = _seen.setdefault(client, {})
    before = seen.pop(workspace, None) or erasures(client, workspace)
    while True:
        if not before.running:
            found = read(not before.months)
        after = erasures(client, workspace)
        if after == before and not before.running:
            if not after.months and len(seen) < _MOST_SEEN:
                seen[workspace] = after
            return found
        if time.monotonic() > until:
            raise Unavailable("scans of deleted codes are being erased: ask again in a moment")
        time.sleep(PAUSE_S)
        before = after
