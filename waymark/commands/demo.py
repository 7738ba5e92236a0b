"""`waymark demo`: write a year of scans of a few codes through the real journal and aggregator."""

import random
import secrets
import time
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import click
import msgspec
from redis.asyncio import Redis

from codes import workspaces
from codes.code_fields import NewCode
from codes.plans import known
from codes.service import Codes
from infra import clock
from infra.progress import Progress
from ingest.journal import Journal
from ingest.journal_files import disk_use
from ingest.reader import sources
from schemas.code import Code
from waymark import core_client
from waymark.commands import output
from waymark.commands.keys import with_redis
from waymark.commands.options import Unusable, data_flag, explained, settings
from waymark.data_dir import DataDir
from waymark.demo.seed import Year
from waymark.demo.world import STORIES
from waymark.invocation import called
from waymark.settings import Settings
from waymark.wiring import room_settings

# A full journal refuses events; the demo waits at this share of its maximum instead.
FILL_UP_TO = 0.5
STORED_WITHIN_S = 600.0


@click.command()
@data_flag
@click.option("--scans", type=click.IntRange(1), default=200_000, show_default=True, help="Number of scans.")
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed gives the same year.")
@explained
def demo(data: Path | None, scans: int, seed: int) -> None:
    """Fill a running Waymark with a year of believable scans.

    Creates six codes in the workspace `default` and writes their past scans to the journal, from which the
    aggregator stores them like any others.
    """
    found = settings(data=data)
    DataDir(found.data).must_exist()
    try:
        running = core_client.get(DataDir(found.data), "/status")
    except core_client.CoreUnavailable:
        raise Unusable(f"nothing runs in {found.data}: start `{called()} up` first, and keep it running") from None
    # `up` may use other ports than this command's settings say.
    found = msgspec.structs.replace(found, short_url=running["short_url"], api_url=running["api_url"])
    made = with_redis(data, lambda redis: _codes(found, redis))
    with output.progress() as show:
        drawn, source = _write(found, made, scans, seed, show)
        stored = _wait_until_stored(found, source, drawn, show)
    click.echo(f"{drawn:,} scans of {len(made)} codes over a year{'' if stored else ' (the last are being stored)'}:")
    links = [[code.label or "", f"{found.short_base}/{code.slug}", code.id] for code in made]
    output.rows(["code", "short link", "id"], links)
    one = f"{found.api_base}/v1/dynamic/{made[0].id}/scans?days=365"
    click.echo(f"Get a key:    {called()} key create --data {found.data}")
    click.echo(f"See one:      curl -H 'Authorization: Bearer <key>' '{one}'")
    click.echo(f"Prove it:     {called()} audit --data {found.data}")


async def _codes(found: Settings, redis: Redis) -> list[Code]:
    workspace = await workspaces.ensure_workspace(redis, workspaces.DEFAULT)
    codes = Codes(redis, own_hosts=room_settings.own_hosts(found), plans=known(found.plans))
    return [
        await codes.create(
            workspace.number,
            NewCode(destination=story.destination, label=story.label, tags=story.tags, created_by="waymark demo"),
        )
        for story in STORIES
    ]


def _write(found: Settings, made: list[Code], scans: int, seed: int, show: Progress) -> tuple[int, int]:
    """Append the year to a journal of its own, as a redirector would. Returns the number of scans and the journal's
    source."""
    year = Year(
        {code.label or "": (code.birth, code.slug) for code in made},
        workspace=made[0].workspace,
        host=urlsplit(found.short_base).netloc,
        scans=scans,
        now=datetime.now(UTC),
        rng=random.Random(seed),
    )
    journal = Journal.open(
        found.journal_folder,
        source=secrets.randbelow(2**63 - 1) + 1,
        now_ms=clock.now_ms,
        max_bytes=found.journal_max,
    )
    try:
        written = 0
        for events in year.days():
            while disk_use(found.journal_folder) > FILL_UP_TO * found.journal_max:
                # The aggregator deletes what it has stored, which makes room.
                journal.sync()
                time.sleep(0.1)
            for event in events:
                journal.append(event)
            journal.sync()
            written += len(events)
            show("writing scans", written, year.total)
        return written - journal.refused, journal.source
    finally:
        journal.close()


def _wait_until_stored(found: Settings, source: int, drawn: int, show: Progress) -> bool:
    """Wait until the journal is fully stored, which deletes it. False after `STORED_WITHIN_S`."""
    until = time.monotonic() + STORED_WITHIN_S
    while time.monotonic() < until:
        if source not in sources(found.journal_folder):
            return True
        try:
            lag = core_client.get(DataDir(found.data), "/status")["aggregator"]["lag"]
        except core_client.CoreUnavailable:
            lag = drawn
        show("storing scans", max(0, drawn - lag), drawn)
        time.sleep(0.2)
    return False
