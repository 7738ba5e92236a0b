"""`waymark demo`: a believable business, with more than a year of scans through the real journal and aggregator."""

import random
import secrets
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import click
import msgspec
from redis.asyncio import Redis

from codes import sessions, workspaces
from codes.errors import NotInPlan
from codes.plans import known
from codes.service import Codes
from infra import clock
from infra.progress import Progress
from ingest.journal import Journal
from ingest.journal_files import disk_use
from ingest.reader import sources
from schemas import keys
from schemas.code import Code
from waymark import core_client
from waymark.commands import output
from waymark.commands.keys import with_redis
from waymark.commands.options import Unusable, data_flag, explained, settings
from waymark.data_dir import DataDir
from waymark.demo import installation
from waymark.demo.business import STORIES
from waymark.demo.year import Year
from waymark.invocation import called
from waymark.settings import Settings
from waymark.wiring import room_settings

# A full journal refuses events; the demo waits at this share of its maximum instead.
FILL_UP_TO = 0.5
STORED_WITHIN_S = 600.0


@click.command()
@data_flag
@click.option("--scans", type=click.IntRange(1), default=200_000, show_default=True, help="Number of scans.")
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed gives the same scans.")
@click.option("--remove", is_flag=True, help="Remove the demonstration: its codes, folders, reports and scans.")
@explained
def demo(data: Path | None, scans: int, seed: int, *, remove: bool) -> None:
    """Fill a running Waymark with a believable business.

    Creates the codes of a coffee roastery in the workspace `default`, in folders, with rules, variants and pages, and
    writes 15 months of their scans to the journal, from which the aggregator stores them like any others.
    """
    found = settings(data=data)
    DataDir(found.data).must_exist()
    try:
        running = core_client.get(DataDir(found.data), "/status")
    except core_client.CoreUnavailable:
        raise Unusable(f"nothing runs in {found.data}: start `{called()} up` first, and keep it running") from None
    # `up` may use other ports than this command's settings say.
    found = msgspec.structs.replace(found, short_url=running["short_url"], api_url=running["api_url"])
    with output.progress() as show:
        if remove:
            deleted, orders = with_redis(data, lambda redis: _remove(found, redis, show))
            erased = _wait_until_erased(found, orders)
        else:
            rng = random.Random(seed)
            now = datetime.now(UTC)
            made = with_redis(data, lambda redis: _install(found, redis, now, rng, show))
            drawn, source = _write(found, made, scans, now, rng, show)
            stored = _wait_until_stored(found, source, drawn, show)
    if remove:
        later = "" if erased else " (the last of these are being erased)"
        click.echo(f"removed {deleted} codes and their scans{later}" if deleted else "there was no demonstration")
        return
    token = with_redis(data, lambda redis: sessions.make_link(redis, made[STORIES[0].label].workspace))
    click.echo(f"{drawn:,} scans of {len(made)} codes in 15 months{'' if stored else ' (the last are being stored)'}")
    click.echo(f"dashboard    {found.api_base}/{f'#token={token}' if token else ''}")
    if token:
        click.echo("             (the link signs you in, once and within ten minutes)")
    click.echo(f"a code       {found.short_base}/{made[STORIES[0].label].slug}")
    click.echo(f"prove it     {called()} audit --data {found.data}")
    click.echo(f"remove it    {called()} demo --remove --data {found.data}")


async def _codes(found: Settings, redis: Redis) -> tuple[Codes, int]:
    """And the number of the workspace."""
    workspace = await workspaces.ensure_workspace(redis, workspaces.DEFAULT, plan=found.default_plan)
    return Codes(redis, own_hosts=room_settings.own_hosts(found), plans=known(found.plans)), workspace.number


async def _install(
    found: Settings, redis: Redis, now: datetime, rng: random.Random, show: Progress
) -> Mapping[str, Code]:
    codes, workspace = await _codes(found, redis)
    if await installation.codes_of(codes, workspace):
        raise Unusable(f"the demonstration is there already; remove it first: {called()} demo --remove")
    try:
        return await installation.install(redis, codes, workspace, now, rng, show)
    except NotInPlan as refused:
        await installation.remove(redis, codes, workspace, show)
        raise Unusable(f"the plan of the workspace does not allow the demonstration: {refused.message}") from None


async def _remove(found: Settings, redis: Redis, show: Progress) -> tuple[int, int]:
    """How many codes were deleted, and how many orders to erase there are now."""
    codes, workspace = await _codes(found, redis)
    deleted = await installation.remove(redis, codes, workspace, show)
    return deleted, int(await redis.hlen(keys.ERASURES))


def _write(
    found: Settings, made: Mapping[str, Code], scans: int, now: datetime, rng: random.Random, show: Progress
) -> tuple[int, int]:
    """Append the scans to a journal of their own, as a redirector would. Returns how many they are, and the journal's
    source."""
    year = Year(STORIES, made, host=urlsplit(found.short_base).netloc, scans=scans, now=now, rng=rng)
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


def _wait_until_erased(found: Settings, orders: int) -> bool:
    """Wait until the aggregator has carried out so many orders. False after `STORED_WITHIN_S`."""
    until = time.monotonic() + STORED_WITHIN_S
    while time.monotonic() < until:
        try:
            if core_client.get(DataDir(found.data), "/status")["erasures"] >= orders:
                return True
        except core_client.CoreUnavailable:
            return False
        time.sleep(0.2)
    return False
