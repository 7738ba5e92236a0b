"""`waymark rebuild`: makes the rollups anew from the raw rows (those by month from those by day).

A year of a rollup is made beside the old one, slice by slice, and then takes its place in one step
(`REPLACE PARTITION`). So whoever reads meanwhile sees the old year or the new one, and a kill at any
point costs the year being made and nothing else; what was done is noted down, and the next call goes on.

No batch may be inserted while a year is made: run each step in the aggregator, between batches, with no
open intent.
"""

import msgspec
from clickhouse_connect.driver.client import Client

from aggregator.audit.rollups import days_to_compare
from aggregator.slices import SPILL, scans_by_day, slices_of
from infra.migrate import clause
from infra.progress import Progress, silent
from infra.rollups import ROLLUPS, rollup_select
from infra.warehouse import put

_NOTES = f"""
CREATE TABLE IF NOT EXISTS rebuilt (rollup String, year UInt16)
ENGINE = MergeTree ORDER BY (rollup, year) SETTINGS {clause()}
"""

_INSERT: dict[str, object] = {
    **SPILL,
    "deduplicate_insert": "disable",
    "deduplicate_insert_select": "disable",
    "async_insert": 0,
}


class Step(msgspec.Struct, frozen=True):
    """One year of one rollup."""

    rollup: str
    year: int


def plan(client: Client, *, anew: bool = False) -> list[Step]:
    """What is to be done: all years that anything is known of, without those that an interrupted rebuild
    has finished (unless `anew`)."""
    if anew:
        client.command("DROP TABLE IF EXISTS rebuilt SYNC")
    client.command(_NOTES)
    done = {Step(rollup, year) for rollup, year in client.query("SELECT rollup, year FROM rebuilt").result_rows}
    years = sorted({day.year for day in days_to_compare(client)})
    return [step for year in years for rollup in ROLLUPS if (step := Step(rollup, year)) not in done]


def rebuild_step(client: Client, step: Step, progress: Progress = silent) -> None:
    """Makes one year of one rollup. When it raises, or the process dies, the rollup is as it was or as it is to be."""
    rollup = ROLLUPS[step.rollup]
    staging = f"{step.rollup}_rebuilt"
    # A new table each time: an insert that an interrupted rebuild still waits for ends in the old one.
    client.command(f"DROP TABLE IF EXISTS {staging} SYNC")
    client.command(f"CREATE TABLE {staging} AS {step.rollup}")
    days = {day: rows for day, rows in scans_by_day(client).items() if day.year == step.year}
    work = slices_of(rollup, days)
    what = f"{step.rollup} {step.year}"
    for done, part in enumerate(work):
        progress(what, done, len(work))
        client.command(f"INSERT INTO {staging} {rollup_select(step.rollup, part.rows(rollup))}", settings=_INSERT)
    progress(what, len(work), len(work))
    if client.query(f"SELECT 1 FROM {staging} LIMIT 1").result_rows:  # noqa: S608 (our names)
        client.command(f"ALTER TABLE {step.rollup} REPLACE PARTITION {step.year} FROM {staging}")
    else:
        # The engine refuses to replace by nothing. Nothing is right: no scan of that year counts.
        client.command(f"ALTER TABLE {step.rollup} DROP PARTITION {step.year}")
    progress(f"{what} in place", len(work), len(work))
    client.command(f"DROP TABLE {staging} SYNC")
    put(client, "rebuilt", ["rollup", "year"], [[step.rollup, step.year]])


def finish(client: Client) -> None:
    """After the last step: the next rebuild begins from the beginning."""
    client.command("DROP TABLE IF EXISTS rebuilt SYNC")


def rebuild(client: Client, progress: Progress = silent, *, anew: bool = False) -> int:
    """All of it at once. Returns how many years of rollups were made; blocks for about a minute for each
    twenty million scans."""
    steps = plan(client, anew=anew)
    for step in steps:
        rebuild_step(client, step, progress)
    finish(client)
    return len(steps)
