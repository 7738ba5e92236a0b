"""A warehouse with visits in it, for the tests of audit, rebuild and erasure."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from clickhouse_connect.driver.client import Client

from infra.migrate import migrate
from infra.rollups import ROLLUPS, add_values
from tests.aggregator.engines import opened

COLUMNS = [
    "source",
    "seq",
    "ts",
    "workspace",
    "code",
    "kind",
    "outcome",
    "country",
    "device",
    "referrer_host",
    "visitor",
]
WORKSPACE = 1
START = datetime(2027, 12, 30, 22, 0, tzinfo=UTC)
TABLES = ("scans", *ROLLUPS, "visitor_counts", "ledger", "erasing", "sources", "dead_letters")


@contextmanager
def warehouse(folder: Path) -> Iterator[Client]:
    with opened(folder / "chdb") as found:
        client = found.connect(max_threads=1)
        try:
            migrate(client)
            yield client
        finally:
            client.close()


def empty(client: Client) -> None:
    for table in TABLES:
        client.command(f"TRUNCATE TABLE {table}")


def visits(source: int, seqs: Sequence[int]) -> list[list[object]]:
    """Over three days and the turn of a year, several codes, kinds and outcomes; the same for the same numbers."""
    return [
        [
            source,
            seq,
            START + timedelta(minutes=seq * 37 % 4000),
            WORKSPACE,
            seq % 5 + 1,
            "bot" if seq % 7 == 0 else "human",
            "paused" if seq % 11 == 0 else "redirect",
            ["GB", "US", ""][seq % 3],
            ["mobile", "desktop"][seq % 2],
            ["", "t.co"][seq % 2],
            seq % 13,
        ]
        for seq in seqs
    ]


def store(client: Client, source: int, seqs: Sequence[int]) -> None:
    # Tests share an engine: what one of them stored is no repetition of what another did.
    rows(client, source, seqs)
    add_values(client, f"source = {source} AND seq IN ({', '.join(map(str, seqs))})")


def rows(client: Client, source: int, seqs: Sequence[int]) -> None:
    """Without what they add to the sums by value."""
    client.insert("scans", visits(source, seqs), column_names=COLUMNS, settings={"deduplicate_insert": "disable"})


def close(client: Client, source: int, last: int, refused: Sequence[tuple[int, int]] = ()) -> None:
    client.insert(
        "sources",
        [[source, "journal", source, "closed", START, last, list(refused)]],
        column_names=["source", "bus", "bus_partition", "state", "at", "last_seq", "refused"],
    )


def change(client: Client, table: str, assignment: str, condition: str) -> None:
    """Damages rows behind everyone's back."""
    client.command(f"ALTER TABLE {table} UPDATE {assignment} WHERE {condition}", settings={"mutations_sync": 2})


def remove(client: Client, table: str, condition: str) -> None:
    client.command(f"DELETE FROM {table} WHERE {condition}", settings={"lightweight_deletes_sync": 2})
