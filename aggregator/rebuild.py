"""`waymark rebuild`: makes the rollups anew from the raw rows (those by month from those by day).

A year of a rollup is made beside the old one, slice by slice, and then takes its place in one step
(`REPLACE PARTITION`). So whoever reads meanwhile sees the old year or the new one, and a kill at any
point costs the year being made and nothing else; what was done is noted down, and the next call goes on.

No batch may be inserted while a year is made: run each step in the aggregator, between batches, with no
open intent.
"""

import secrets

import msgspec
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.httpclient import HttpClient

from aggregator.audit.rollups import days_to_compare
from aggregator.queries import ONCE_SELECTED
from aggregator.settle import there_now
from aggregator.slices import SPILL, scans_by_day, slices_of
from infra import cluster
from infra.cluster import STAGING
from infra.migrate import clause, create, drop, make_staging
from infra.progress import Progress, silent
from infra.rollups import ROLLUPS, rollup_select
from infra.warehouse import put

_NOTES = f"""CREATE TABLE IF NOT EXISTS rebuilt (rollup String, year UInt16)
ENGINE = MergeTree ORDER BY (rollup, year) SETTINGS {clause()}"""

_INSERT: dict[str, object] = {
    **SPILL,
    "deduplicate_insert": "disable",
    "deduplicate_insert_select": "disable",
    "async_insert": 0,
}
# On the way to a server somebody may deliver an insert twice. In one thread its blocks come in the same order again,
# and each is known by the token and its number.
_ONCE: dict[str, object] = {**_INSERT, **ONCE_SELECTED, "max_threads": 1, "max_insert_threads": 1}


class Step(msgspec.Struct, frozen=True):
    """One year of one rollup."""

    rollup: str
    year: int


def plan(client: Client, *, anew: bool = False) -> list[Step]:
    """What is to be done: all years that anything is known of, without those that an interrupted rebuild
    has finished (unless `anew`)."""
    if anew:
        drop(client, "rebuilt")
    create(client, _NOTES)
    done = {Step(rollup, year) for rollup, year in client.query("SELECT rollup, year FROM rebuilt").result_rows}
    years = sorted({day.year for day in days_to_compare(client)})
    return [step for year in years for rollup in ROLLUPS if (step := Step(rollup, year)) not in done]


def rebuild_step(client: Client, step: Step, progress: Progress = silent) -> None:
    """Makes one year of one rollup. When it raises, or the process dies, the rollup is as it was or as it is to be."""
    rollup = ROLLUPS[step.rollup]
    _drop_staging(client)
    # A new name each time: whatever an interrupted rebuild sent and gave up finds no table any more.
    staging = f"{step.rollup}{STAGING}{secrets.token_hex(8)}"
    make_staging(client, step.rollup, staging)
    days = {day: rows for day, rows in scans_by_day(client).items() if day.year == step.year}
    work = slices_of(rollup, days)
    what = f"{step.rollup} {step.year}"
    for done, part in enumerate(work):
        progress(what, done, len(work))
        token = f"{staging}:{done}"
        once = {**_ONCE, "insert_deduplication_token": token, "query_id": token}
        client.command(
            f"INSERT INTO {staging} {rollup_select(step.rollup, part.rows(rollup))}",
            settings=once if isinstance(client, HttpClient) else _INSERT,
        )
    progress(what, len(work), len(work))
    if client.query(f"SELECT 1 FROM {staging} LIMIT 1").result_rows:  # noqa: S608 (our names)
        cluster.catch_up(client, staging)
        client.command(
            f"ALTER TABLE {cluster.stored(client, step.rollup)} REPLACE PARTITION {step.year}"
            f" FROM {cluster.part_name(client, staging)}",
            settings=_some_shards_empty(client),
        )
    else:
        # The engine refuses to replace by nothing. Nothing is right: no scan of that year counts.
        client.command(
            f"DELETE FROM {cluster.stored(client, step.rollup)} IN PARTITION {step.year}"  # noqa: S608 (our names)
            f" WHERE {there_now(client, step.rollup)}",
            settings={"lightweight_deletes_sync": 2, "mutations_sync": 2},
        )
    progress(f"{what} in place", len(work), len(work))
    _drop_staging(client)
    put(client, "rebuilt", ["rollup", "year"], [[step.rollup, step.year]])


def _drop_staging(client: Client) -> None:
    query = f"SELECT name FROM system.tables WHERE database = currentDatabase() AND name LIKE '%{STAGING}%'"  # noqa: S608
    for (name,) in client.query(query).result_rows:
        drop(client, cluster.plain_name(client, name))


def finish(client: Client) -> None:
    """After the last step: the next rebuild begins from the beginning."""
    drop(client, "rebuilt")


def _some_shards_empty(client: Client) -> dict[str, object]:
    """Newer engines refuse to replace by nothing, on each shard of a cluster by itself."""
    if cluster.cluster_of(client) is None:
        return {}
    name = "allow_replace_partition_from_empty_source"
    known = client.query(f"SELECT count() FROM system.settings WHERE name = '{name}'").result_rows[0][0]  # noqa: S608
    return {name: 1} if known else {}


def rebuild(client: Client, progress: Progress = silent, *, anew: bool = False) -> int:
    """All of it at once. Returns how many years of rollups were made; blocks for about a minute for each
    twenty million scans."""
    steps = plan(client, anew=anew)
    for step in steps:
        rebuild_step(client, step, progress)
    finish(client)
    return len(steps)
