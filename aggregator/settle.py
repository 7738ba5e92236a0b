"""Settle a batch after its insert crashed or failed: retry the insert, compare the result, repair it.

`committing` and `dead_letters` call it while all other inserts are held. It blocks; raises Pending, or what the client
raises.

A token is not enough. The engine may have recorded the token without the rows, and then takes the retry for a
repetition. So the rows of the range are compared one by one, and the rollups day by day. Nothing here needs to be
atomic: the batch's intent stays until everything is verified, and another process may repeat each step from the
beginning.
"""

# ruff: noqa: S608 (only numbers and our own names are put into queries)

import time
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import date, timedelta

from clickhouse_connect.driver.client import Client

from aggregator import queries
from aggregator.batch import Batch
from aggregator.decoding import Key
from aggregator.differences import differences
from infra import cluster
from infra.rollups import ROLLUPS, Rollup, rollup_select

# The numbers of a rollup's owner, and a day since 1970.
Slice = tuple[int, ...]

_DAY_MS = 86_400_000
# Slices compared, deleted and recomputed at a time: days of codes; days of whole workspaces; months of those.
SLICES = 2000
WORKSPACE_SLICES = 20
MONTHS = 2
MUTATION_WAIT_S = 120.0
# The engine may have recorded a repair's token without the rows, too; then the next turn uses another token.
TURNS = 4

Checkpoint = Callable[[str], None]
# Called before each deletion. A late insert is dropped by its token; a late deletion would take the next owner's rows.
RenewHold = Callable[[], None]


class Pending(OSError):
    """The warehouse is still busy with an earlier repair."""


def no_hold() -> None:
    """For a caller that has no hold to renew."""


def settle(client: Client, batch: Batch, checkpoint: Checkpoint, renew_hold: RenewHold) -> None:
    """On return, `scans` holds exactly the batch's rows from its range, each once (without erased ones), and all
    rollups agree with `scans` on every day of a code, and of a workspace, that the batch touches.

    Call it while all other inserts are held, and again if it raises. Raises Pending, what the client raises and what
    `renew_hold` raises.
    """
    if batch.lines:
        queries.insert(client, batch.block(), batch.token, lambda: checkpoint("rows retried"))
        checkpoint("retried")
    wait_for_mutations(client)
    touched = _settle_rows(client, batch, checkpoint, renew_hold)
    _settle_rollups(client, batch, touched, checkpoint, renew_hold)


def _settle_rows(client: Client, batch: Batch, checkpoint: Checkpoint, renew_hold: RenewHold) -> set[Slice]:
    if not batch.lines:
        wanted, touched = {}, set()
    else:
        rows = batch.block()
        wanted = {key: at for at, key in enumerate(rows.columns.keys())}
        numbers = rows.columns.numbers
        days = numbers["ts_ms"] // _DAY_MS
        owners = (numbers[name].tolist() for name in ("workspace", "code"))
        touched = set(zip(*owners, days.tolist(), strict=True))
    for turn in range(TURNS):
        there, unread = _stored(client, batch)
        # Their sums cannot be counted from the unreadable records, only from the rows.
        if unread:
            touched |= _slices_of(client, batch, unread)
        gone = queries.erased_keys(client, wanted.keys() | there.keys())
        # A row that is also in the ledger is about to be deleted by an erasure.
        kept = gone | unread
        wrong = {key for key, copies in there.items() if key not in kept and (copies > 1 or key not in wanted)}
        missing = {key: at for key, at in wanted.items() if key not in gone and (key not in there or key in wrong)}
        if not wrong and not missing:
            return touched
        if wrong:
            touched |= _slices_of(client, batch, wrong)
            _delete_rows(client, batch, wrong, renew_hold)
            checkpoint("surplus deleted")
        if missing:
            token = queries.token_of(batch.token, "missing", sorted(missing), turn)
            # Without their sums. An insert of sums could arrive long after it was given up, when nobody would use its
            # token any more; the comparison of the rollups finds what the sums lack.
            queries.insert_rows(client, rows.rows(list(missing.values())), token)
            checkpoint("missing inserted")
    raise Pending(f"scans still lacks rows of {batch.token}")


def _stored(client: Client, batch: Batch) -> tuple[dict[Key, int], set[Key]]:
    """How often each row of the range is stored; and the rows that were stored before their record became unreadable,
    which could not be inserted again."""
    there, unread = {}, set()
    for source, seq, copies, offset in queries.rows_in_range(client, batch.partition_id, batch.range):
        there[source, seq] = copies
        if copies == 1 and any(first <= offset <= last for first, last in batch.passed):
            unread.add((source, seq))
    return there, unread


def _among(batch: Batch, keys: Collection[Key]) -> list[str]:
    """Conditions that together select the rows of the range with these keys."""
    here = queries.from_range(batch.partition_id, batch.range)
    return [
        f"{here} AND (source, seq) IN ({', '.join(f'({a}, {b})' for a, b in part)})" for part in queries.chunks(keys)
    ]


def _slices_of(client: Client, batch: Batch, keys: Collection[Key]) -> set[Slice]:
    found: set[Slice] = set()
    for condition in _among(batch, keys):
        query = f"SELECT DISTINCT workspace, code, toInt64(toUnixTimestamp64Milli(ts)) FROM scans WHERE {condition}"
        rows = client.query(query, settings=_LONG).result_rows
        found |= {(workspace, code, ms // _DAY_MS) for workspace, code, ms in rows}
    return found


def _delete_rows(client: Client, batch: Batch, keys: Collection[Key], renew_hold: RenewHold) -> None:
    for condition in _among(batch, keys):
        renew_hold()
        deleted = cluster.stored(client, "scans")
        client.command(f"DELETE FROM {deleted} WHERE {condition} AND {there_now(client, 'scans')}", settings=_WAITING)


def there_now(client: Client, table: str) -> str:
    """A condition that only rows meet which are in the table already. A deletion has no token: one that was given up,
    or that somebody in between delivers once more, must not take what was put in after it. Blocks are counted up, on
    each shard by itself, and a merged part has the number of its newest."""
    shard = cluster.shard(client)
    query = (
        f"SELECT concat({shard}, partition_id) AS place, max(max_block_number) FROM {cluster.system(client, 'parts')}"
        f" WHERE active AND database = {cluster.database(client)} AND table = '{cluster.part_name(client, table)}'"
        " GROUP BY place"
    )
    newest = client.query(query, settings=cluster.THOSE_THERE).result_rows
    partitions = ", ".join(f"'{partition}'" for partition, _ in newest) or "''"
    blocks = ", ".join(f"toInt64({block})" for _, block in newest) or "toInt64(-1)"
    # PARTITION_FIRST_LAST_LEVEL is the name of a part, with one more number after a mutation.
    part = "splitByChar('_', _part)"
    place = f"concat({shard}, {part}[1])"
    return f"toInt64({part}[3]) <= transform({place}, [{partitions}], [{blocks}], toInt64(-1))"


_LONG: dict[str, object] = {
    "max_query_size": 4_000_000,
    "max_ast_elements": 1_000_000,
    "max_expanded_ast_elements": 1_000_000,
}
# In one thread: a token stands for one block, and two threads would make several, in any order.
_SPILL: dict[str, object] = {"max_bytes_before_external_group_by": 1 << 30, "max_threads": 1}
_WAITING: dict[str, object] = {"mutations_sync": 2, "lightweight_deletes_sync": 2}


def _settle_rollups(
    client: Client, batch: Batch, touched: set[Slice], checkpoint: Checkpoint, renew_hold: RenewHold
) -> None:
    for rollup in ROLLUPS.values():
        settle_rollup(client, rollup, slices_of(rollup, touched), batch.token, checkpoint, renew_hold)


def slices_of(rollup: Rollup, touched: Iterable[Slice]) -> list[Slice]:
    """The rollup's slices that hold these days of (workspace, code), in order."""
    return sorted({(*each[: len(rollup.owner)], _begins(rollup, each[-1])) for each in touched})


def _begins(rollup: Rollup, day: int) -> int:
    if rollup.period == "day":
        return day
    on = _EPOCH + timedelta(days=day)
    return (on.replace(day=1) - _EPOCH).days


_EPOCH = date(1970, 1, 1)


def settle_rollup(
    client: Client,
    rollup: Rollup,
    slices: Sequence[Slice],
    token: str,
    checkpoint: Checkpoint,
    renew_hold: RenewHold,
) -> None:
    """Compare these slices with the rollup's source, and recompute those that differ. Raises Pending."""
    at_once = MONTHS if rollup.period == "month" else SLICES if "code" in rollup.owner else WORKSPACE_SLICES
    for at in range(0, len(slices), at_once):
        part = slices[at : at + at_once]
        wrong = _differing(client, rollup, part)
        for turn in range(TURNS):
            if not wrong:
                break
            # Named by the part, not by what is wrong in it: another attempt may find less wrong, and its token must
            # still keep out an insert that was given up and arrives late.
            renew_hold()
            recompute(client, rollup, wrong, queries.token_of(token, rollup.table, part, turn), checkpoint)
            wrong = _differing(client, rollup, wrong)
        if wrong:
            raise Pending(f"{rollup.table} still differs from {rollup.source} on {len(wrong)} slices")


def recompute(client: Client, rollup: Rollup, slices: Collection[Slice], token: str, checkpoint: Checkpoint) -> None:
    """Replace slices of a rollup by the sums of its source. A kill between the two steps leaves them empty; the next
    comparison finds that, and also an insert that arrived after its answer was given up."""
    pairs = ", ".join(map(str, slices))
    owners = " AND ".join(
        f"{column} IN ({queries.sql_list({each[at] for each in slices})})" for at, column in enumerate(rollup.owner)
    )
    client.command(
        f"DELETE FROM {cluster.stored(client, rollup.table)}"
        f" WHERE {owners} AND ({_columns(rollup, rollup.day)}) IN ({pairs}) AND {there_now(client, rollup.table)}",
        settings={**_LONG, **_WAITING},
    )
    checkpoint(f"{rollup.table} deleted")
    select = rollup_select(rollup.table, _rows_of(rollup, slices))
    once = {**queries.ONCE_SELECTED, "insert_deduplication_token": token, "query_id": token}
    client.command(f"INSERT INTO {rollup.table} {select}", settings={**_LONG, **_SPILL, **queries.ONE_BLOCK, **once})
    checkpoint(f"{rollup.table} inserted")


def _columns(rollup: Rollup, day: str) -> str:
    return ", ".join((*rollup.owner, f"toUInt16({day})"))


def _those(slices: Collection[Slice]) -> str:
    """The slices as an operand of `IN`. The engine reads texts of numbers four times as fast as a list of tuples.
    A deletion takes the list: not every engine allows a subquery there."""
    *owners, days = zip(*slices, strict=True)
    columns = [f"CAST('[{','.join(map(str, each))}]', 'Array(UInt64)')" for each in owners]
    columns.append(f"CAST('[{','.join(map(str, days))}]', 'Array(UInt16)')")
    return f"(SELECT arrayJoin(arrayZip({', '.join(columns)})))"


def _rows_of(rollup: Rollup, slices: Collection[Slice]) -> str:
    """The rows of the rollup's source on these days."""
    among = f"({_columns(rollup, rollup.source_day)}) IN {_those(slices)}"
    if rollup.source != "scans":
        return among
    days = [each[-1] for each in slices]
    return (
        f"ts >= fromUnixTimestamp64Milli(toInt64({min(days) * _DAY_MS}), 'UTC')"
        f" AND ts < fromUnixTimestamp64Milli(toInt64({(max(days) + 1) * _DAY_MS}), 'UTC')"
        f" AND {among}"
    )


def _differing(client: Client, rollup: Rollup, slices: Collection[Slice]) -> list[Slice]:
    entries = f"({_columns(rollup, rollup.day)}) IN {_those(slices)}"
    wrong = differences(rollup, _rows_of(rollup, slices), entries)
    query = f"SELECT DISTINCT {', '.join(rollup.owner)}, toUInt32(on_day) FROM ({wrong})"
    return [tuple(row) for row in client.query(query, settings={**_LONG, **_SPILL}).result_rows]


def wait_for_mutations(client: Client) -> None:
    """Wait for a deletion that a killed repair left in the engine, which continues it after a restart. It does not
    touch rows inserted later, but a comparison made before its end would be void."""
    tables = ", ".join(f"'{cluster.part_name(client, table)}'" for table in ("scans", *ROLLUPS))
    query = (
        f"SELECT count() FROM {cluster.system(client, 'mutations')} WHERE database = {cluster.database(client)}"
        f" AND NOT is_done AND table IN ({tables})"
    )
    deadline = time.monotonic() + MUTATION_WAIT_S
    while client.query(query, settings=cluster.THOSE_THERE).result_rows[0][0]:
        if time.monotonic() > deadline:
            raise Pending("a deletion in the warehouse does not end")
        time.sleep(0.05)
