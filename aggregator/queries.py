"""What the loop writes to the warehouse and asks of it. Each function is one call on one client and raises what the
client raises."""

# ruff: noqa: S608 (what is put into a query is numbers, and names of our own making)

import hashlib
from array import array
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

import numpy as np
from clickhouse_connect.driver.client import Client

from aggregator.batch import MAX_EVENTS, Block
from aggregator.bus import PartitionId, Range
from aggregator.columns import ENUMS, Columns
from aggregator.decoding import Key
from aggregator.value_sums import value_sums
from infra.native_format import Column, Texts, enum, low_cardinality, nullable, number, strings
from infra.native_format import block as native_block
from infra.warehouse import put, write_block
from schemas.event import EVENT_COLUMNS, SourceClosed, SourceHead, SourceNote, SourceOpened

T = TypeVar("T", int, Key)

# Texts of which a month can have any number.
PLAIN = ("referrer",)

# One insert is one block: a token stands for one block, and a block appears as a whole or not at all
# (in each table and month).
ONE_BLOCK: dict[str, object] = {
    "async_insert": 0,
    "input_format_parallel_parsing": 0,
    "max_insert_block_size": 2 * MAX_EVENTS,
    "max_block_size": 2 * MAX_EVENTS,
    # What a view makes of the block comes out in up to 256 pieces when it has many groups. They wait for each
    # other, since each would be a part of its own, synced one by one: 40 times the files and 3 times the work.
    "min_insert_block_size_rows": 100_000_000,
    "min_insert_block_size_bytes": 0,
    # What a view makes is grouped already; to look for more to add up is in vain.
    "optimize_on_insert": 0,
    "max_threads": 1,
    "max_insert_threads": 1,
    # A batch may hold events of many months: old journals, and the demonstration.
    "max_partitions_per_insert_block": 0,
}
ONCE: dict[str, object] = {
    "deduplicate_insert": "enable",
    "deduplicate_blocks_in_dependent_materialized_views": 1,
}
# The same for what is selected. (Where the engine thinks that the order of rows matters, it does not to a sum.)
ONCE_SELECTED: dict[str, object] = {
    "deduplicate_insert": "enable",
    "deduplicate_insert_select": "enable_even_for_bad_queries",
}
# With replicas, what decides a repair is read only where everything is that was inserted before; that holds of inserts
# by quorum, which come one after the other. (`infra.warehouse.Warehouse.quorum` says how many replicas that are.) A
# server with tables of its own passes over these.
CONSISTENT: dict[str, Any] = {
    "select_sequential_consistency": 1,
    "insert_quorum": "auto",
    "insert_quorum_parallel": 0,
}


def kept_out(error: Exception) -> bool:
    """Whether an insert was not begun, because replicas do not have the one before it yet."""
    return "UNSATISFIED_QUORUM_FOR_PREVIOUS_WRITE" in str(error)


# How many values go into one query's text.
CHUNK = 5000


def insert(client: Client, rows: Block, token: str, between: Callable[[], None] = lambda: None) -> None:
    """Inserts the rows, then what they add to the sums by value. When this raises, each of the two may have happened or
    not. `between` is called after the first; what it raises leaves the sums away."""
    insert_rows(client, rows, token)
    between()
    insert_sums(client, rows, token)


def insert_rows(client: Client, rows: Block, token: str) -> None:
    """Inserts the rows, unless an insert under the same token has happened; a view adds to the sums by time. A server
    also gets the token as the query's id, so that a second one is refused while the first still runs."""
    _once(client, "scans", _scans(rows), token)


def insert_sums(client: Client, rows: Block, token: str) -> None:
    """The same for what the rows add to the sums by value, of codes and then of workspaces; a view adds to the sums by
    month."""
    sums = value_sums(rows.columns)
    if sums is not None:
        _once(client, "scans_by_value", sums.codes, f"{token}:values")
        _once(client, "workspace_by_value", sums.workspaces, f"{token}:workspaces")


def _once(client: Client, table: str, block: bytes, token: str) -> None:
    write_block(client, table, block, token, {**ONE_BLOCK, **ONCE, "query_id": token})


def _scans(rows: Block) -> bytes:
    columns, count = rows.columns, len(rows.columns)
    made = [_column(columns, name) for name in EVENT_COLUMNS]
    made.append(low_cardinality("bus", Texts([rows.partition_id.bus], np.zeros(count))))
    made.append(number("bus_partition", "UInt64", np.full(count, rows.partition_id.number, dtype=np.uint64)))
    made.append(number("bus_offset", "UInt64", np.array(array("Q", rows.offsets), dtype=np.uint64)))
    return native_block(made, count)


def _column(columns: Columns, name: str) -> Column:
    if name == "ts_ms":
        return number("ts", "DateTime64(3, 'UTC')", columns.numbers[name])
    if name in columns.numbers:
        return number(name, "UInt64", columns.numbers[name])
    if name in columns.enums:
        return enum(name, ENUMS[name], columns.enums[name])
    if name in columns.degrees:
        unknown = np.isnan(columns.degrees[name])
        return nullable(name, "Float32", np.nan_to_num(columns.degrees[name]), unknown)
    return (strings if name in PLAIN else low_cardinality)(name, columns.texts[name])


def token_of(batch: str, what: str, values: Iterable[object], turn: int) -> str:
    """Names an insert of a batch's repair by what it inserts. `turn` counts up when the engine knew the token and did
    not have the rows."""
    digest = hashlib.blake2b(digest_size=12)
    for value in values:
        digest.update(b"%b;" % str(value).encode())
    return f"{batch}:{what}:{digest.hexdigest()}:{turn}"


def chunks(values: Iterable[T]) -> list[list[T]]:
    ordered = sorted(values)
    return [ordered[at : at + CHUNK] for at in range(0, len(ordered), CHUNK)]


def sql_list(values: Iterable[int]) -> str:
    """A list of integers as SQL."""
    return ", ".join(map(str, values))


def highest_seqs(
    client: Client, sources: Collection[int], before: tuple[PartitionId, int] | None = None
) -> dict[int, int]:
    """The highest seq of each source that is stored or was erased; 0 for what is not known.

    `before` a place and offset: rows of that partition from the offset on do not count, nor does the
    ledger: both may hold what a declared batch brought, of which its own rest must not be dropped.
    """
    found = dict.fromkeys(sources, 0)
    besides = ""
    if before is not None:
        partition_id, offset = before
        besides = f" AND NOT ({from_partition(partition_id)} AND bus_offset >= {offset})"
    for chunk in chunks(sources):
        among = f"source IN ({sql_list(chunk)})"
        queries = [f"SELECT source, max(seq) FROM scans WHERE {among}{besides} GROUP BY source"]
        if before is None:
            queries.append(f"SELECT source, max(seq) FROM ledger WHERE {among} GROUP BY source")
        for query in queries:
            for source, seq in client.query(query).result_rows:
                found[source] = max(found[source], seq)
    return found


def highest_offset(client: Client, partition_id: PartitionId) -> int:
    """The largest offset of the partition of which a row is stored; -1 without rows."""
    query = f"SELECT toInt64(max(bus_offset)), count() FROM scans WHERE {from_partition(partition_id)}"
    offset, rows = client.query(query).result_rows[0]
    return int(offset) if rows else -1


def erased_keys(client: Client, keys: Iterable[Key]) -> set[Key]:
    """Which of these left the table on purpose."""
    return _found(client, keys, "ledger", "")


def stored_keys(client: Client, keys: Iterable[Key], besides: tuple[PartitionId, Range]) -> set[Key]:
    """Which of these are stored, but for what came from the given offsets."""
    partition_id, offsets = besides
    return _found(client, keys, "scans", f" AND NOT ({from_range(partition_id, offsets)})")


def _found(client: Client, keys: Iterable[Key], table: str, condition: str) -> set[Key]:
    wanted: dict[int, list[int]] = {}
    for source, seq in keys:
        wanted.setdefault(source, []).append(seq)
    found = set()
    for source, seqs in wanted.items():
        query = (
            f"SELECT DISTINCT seq FROM {table} WHERE source = {source}"
            f" AND seq BETWEEN {min(seqs)} AND {max(seqs)}{condition}"
        )
        asked = set(seqs)
        found |= {(source, row[0]) for row in client.query(query).result_rows if row[0] in asked}
    return found


def from_partition(partition_id: PartitionId) -> str:
    """A condition that meets the rows from a partition."""
    return f"bus = '{partition_id.bus}' AND bus_partition = {partition_id.number}"


def from_range(partition_id: PartitionId, offsets: Range) -> str:
    return f"{from_partition(partition_id)} AND bus_offset BETWEEN {offsets.first} AND {offsets.last}"


def insert_notes(client: Client, partition_id: PartitionId, notes: Sequence[SourceNote]) -> None:
    """Keeps what sources said of themselves; saying it again changes nothing. Call it when all events before
    the notes are stored."""
    # Of a source's heads the last one says it all.
    latest = {(note.source, type(note)): note for note in notes}
    rows = []
    for note in latest.values():
        last_seq, refused, digest = (
            (0, [], None) if isinstance(note, SourceOpened) else (note.last_seq, note.refused, note.digest)
        )
        at = f"{datetime.fromtimestamp(note.at_ms // 1000, UTC):%Y-%m-%d %H:%M:%S}.{note.at_ms % 1000:03d}"
        rows.append(
            [note.source, partition_id.bus, partition_id.number, _STATES[type(note)], at, last_seq, refused, digest]
        )
    put(client, "sources", ["source", "bus", "bus_partition", "state", "at", "last_seq", "refused", "digest"], rows)


_STATES: dict[type, str] = {SourceOpened: "open", SourceClosed: "closed", SourceHead: "head"}


def skipped_offsets(client: Client, partition_id: PartitionId) -> set[int]:
    """Offsets of the partition's records that were moved to the dead letters."""
    query = f"SELECT DISTINCT bus_offset FROM dead_letters WHERE {from_partition(partition_id)}"
    return {row[0] for row in client.query(query).result_rows}


def rows_in_range(client: Client, partition_id: PartitionId, offsets: Range) -> list[tuple[int, int, int, int]]:
    """Source, seq, number of copies and offset of every row from the range."""
    condition = from_range(partition_id, offsets)
    query = f"SELECT source, seq, count(), any(bus_offset) FROM scans WHERE {condition} GROUP BY source, seq"
    return [(row[0], row[1], row[2], row[3]) for row in client.query(query).result_rows]
