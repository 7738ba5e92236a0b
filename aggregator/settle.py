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
from collections.abc import Callable, Collection

from clickhouse_connect.driver.client import Client

from aggregator import queries
from aggregator.batch import Batch
from aggregator.decoding import Key
from infra.rollups import rollup_select

Slice = tuple[int, int]

BY_TIME = "scans_by_time"
BY_VALUE = "scans_by_value"
DAY_OF = {BY_TIME: "toUInt16(toDate(bucket, 'UTC'))", BY_VALUE: "toUInt16(day)"}

_DAY_MS = 86_400_000
# Slices compared, deleted and recomputed at a time.
SLICES = 2000
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
    """On return, `scans` holds exactly the batch's rows from its range, each once (without erased ones), and both
    rollups agree with `scans` on every day of a code that the batch touches.

    Call it while all other inserts are held, and again if it raises. Raises Pending, what the client raises and what
    `renew_hold` raises.
    """
    if batch.lines:
        queries.insert(client, batch.block(), batch.token, lambda: checkpoint("rows retried"))
        checkpoint("retried")
    _wait_for_mutations(client)
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
        touched = set(zip(numbers["code"].tolist(), days.tolist(), strict=True))
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
    found = set()
    for condition in _among(batch, keys):
        query = f"SELECT DISTINCT code, toInt64(toUnixTimestamp64Milli(ts)) FROM scans WHERE {condition}"
        found |= {(code, ms // _DAY_MS) for code, ms in client.query(query, settings=_LONG).result_rows}
    return found


def _delete_rows(client: Client, batch: Batch, keys: Collection[Key], renew_hold: RenewHold) -> None:
    for condition in _among(batch, keys):
        renew_hold()
        client.command(f"DELETE FROM scans WHERE {condition}", settings=_WAITING)


_LONG: dict[str, object] = {
    "max_query_size": 4_000_000,
    "max_ast_elements": 1_000_000,
    "max_expanded_ast_elements": 1_000_000,
}
_WAITING: dict[str, object] = {"mutations_sync": 2, "lightweight_deletes_sync": 2}


def _settle_rollups(
    client: Client, batch: Batch, touched: set[Slice], checkpoint: Checkpoint, renew_hold: RenewHold
) -> None:
    ordered = sorted(touched)
    for at in range(0, len(ordered), SLICES):
        part = ordered[at : at + SLICES]
        for rollup, differ in ((BY_TIME, _differing_by_time), (BY_VALUE, _differing_by_value)):
            wrong = differ(client, part)
            for turn in range(TURNS):
                if not wrong:
                    break
                # Named by the part, not by what is wrong in it: another attempt may find less wrong, and its token must
                # still keep out an insert that was given up and arrives late.
                token = queries.token_of(batch.token, rollup, part, turn)
                renew_hold()
                recompute(client, rollup, wrong, token, checkpoint)
                wrong = differ(client, wrong)
            if wrong:
                raise Pending(f"{rollup} still differs from scans on {len(wrong)} days of codes")


def recompute(client: Client, rollup: str, slices: Collection[Slice], token: str, checkpoint: Checkpoint) -> None:
    """Replace days of codes in a rollup by the sums of `scans`. A kill between the two steps leaves these days empty;
    the next comparison finds that, and also an insert that arrived after its answer was given up."""
    pairs = ", ".join(f"({code}, {day})" for code, day in slices)
    codes = queries.sql_list({code for code, _ in slices})
    client.command(
        f"DELETE FROM {rollup} WHERE code IN ({codes}) AND (code, {DAY_OF[rollup]}) IN ({pairs})",
        settings={**_LONG, **_WAITING},
    )
    checkpoint(f"{rollup} deleted")
    select = rollup_select(rollup, _rows_of(slices))
    once = {**queries.ONCE_SELECTED, "insert_deduplication_token": token, "query_id": token}
    client.command(f"INSERT INTO {rollup} {select}", settings={**_LONG, **once})
    checkpoint(f"{rollup} inserted")


def _those(slices: Collection[Slice]) -> str:
    """The slices as an operand of `IN`. The engine reads two texts of numbers four times as fast as a list of pairs.
    A deletion takes the list: not every engine allows a subquery there."""
    codes = ",".join(str(code) for code, _ in slices)
    days = ",".join(str(day) for _, day in slices)
    return f"(SELECT arrayJoin(arrayZip(CAST('[{codes}]', 'Array(UInt64)'), CAST('[{days}]', 'Array(UInt16)'))))"


def _rows_of(slices: Collection[Slice]) -> str:
    """The rows of `scans` on these days."""
    days = [day for _, day in slices]
    return (
        f"ts >= fromUnixTimestamp64Milli(toInt64({min(days) * _DAY_MS}), 'UTC')"
        f" AND ts < fromUnixTimestamp64Milli(toInt64({(max(days) + 1) * _DAY_MS}), 'UTC')"
        f" AND (code, toUInt16(toDate(ts, 'UTC'))) IN {_those(slices)}"
    )


def _differing_by_time(client: Client, slices: Collection[Slice]) -> list[Slice]:
    raw = rollup_select(BY_TIME, _rows_of(slices))
    return _differing(
        client,
        f"""
        SELECT DISTINCT code, toUInt32(toDate(bucket, 'UTC')) FROM (
            SELECT code, bucket, kind, toInt64(sum(n)) AS n, toInt64(uniqExactMerge(visitors)) AS people,
                   max(last) AS latest
            FROM ({raw}) GROUP BY code, bucket, kind
            UNION ALL
            SELECT code, bucket, kind, -toInt64(sum(n)), -toInt64(uniqExactMerge(visitors)), max(last)
            FROM {BY_TIME} WHERE {_slices_in(BY_TIME, slices)} GROUP BY code, bucket, kind
        )
        GROUP BY code, bucket, kind HAVING sum(n) != 0 OR sum(people) != 0 OR min(latest) != max(latest)
        """,
    )


def _differing_by_value(client: Client, slices: Collection[Slice]) -> list[Slice]:
    raw = rollup_select(BY_VALUE, _rows_of(slices))
    return _differing(
        client,
        f"""
        SELECT DISTINCT code, toUInt32(day) FROM (
            SELECT code, dimension, day, value, kind, toInt64(n) AS n FROM ({raw})
            UNION ALL
            SELECT code, toString(dimension), day, value, kind, -toInt64(n)
            FROM {BY_VALUE} WHERE {_slices_in(BY_VALUE, slices)}
        )
        GROUP BY code, dimension, day, value, kind HAVING sum(n) != 0
        """,
    )


def _slices_in(rollup: str, slices: Collection[Slice]) -> str:
    return f"(code, {DAY_OF[rollup]}) IN {_those(slices)}"


def _differing(client: Client, query: str) -> list[Slice]:
    return [(code, day) for code, day in client.query(query, settings=_LONG).result_rows]


def _wait_for_mutations(client: Client) -> None:
    """Wait for a deletion that a killed repair left in the engine, which continues it after a restart. It does not
    touch rows inserted later, but a comparison made before its end would be void."""
    query = (
        "SELECT count() FROM system.mutations WHERE database = currentDatabase() AND NOT is_done"
        " AND table IN ('scans', 'scans_by_time', 'scans_by_value')"
    )
    deadline = time.monotonic() + MUTATION_WAIT_S
    while client.query(query).result_rows[0][0]:
        if time.monotonic() > deadline:
            raise Pending("a deletion in the warehouse does not end")
        time.sleep(0.05)
