"""`waymark import`: read an export of Waymark or of another service."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import click
import msgspec
from clickhouse_connect.driver.client import Client
from redis.asyncio import Redis

from aggregator.imported_history import store
from codes import export_import
from codes.errors import UnfitRedis
from codes.importing import report as reports
from codes.importing.formats import FORMATS, Export
from codes.importing.importer import ALIAS, ImportOptions, Outcome, import_links
from codes.importing.types import UnreadableFile
from codes.plans import known
from codes.redis_check import check_server
from codes.service import Codes
from infra import clock
from infra.progress import Progress
from schemas.imported import ImportedHistory
from waymark import core_client
from waymark.commands import output
from waymark.commands.keys import named, with_redis, workspace_flag
from waymark.commands.options import Unusable, data_flag, explained, json_flag, settings
from waymark.commands.warehouse import from_core_or_alone
from waymark.data_dir import DataDir
from waymark.settings import Settings
from waymark.wiring import room_settings

# Reasons to print; the report has all of them.
SHOWN = 10
NOTHING = "nothing was imported"
# Past scans (of days, countries, …) that are handed over in one go.
AT_ONCE = 100_000
OWN = b'{"is":"waymark"'


@click.command("import")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "--from", "format_", type=click.Choice(list(FORMATS)), help="The service that made the export. Default: detected."
)
@workspace_flag
@click.option("--dry-run", is_flag=True, help="Show what would be created, and create nothing.")
@click.option("--only", default="", metavar="DOMAIN", help="Import only links of this domain of the export.")
@click.option("--onto", default="", metavar="DOMAIN", help="Import them into this custom domain of the workspace.")
@click.option(
    "--report",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write each entry's outcome to this file, as CSV or (*.json) JSON.",
)
@data_flag
@json_flag
@explained
def import_(
    file: Path,
    format_: str | None,
    workspace: str,
    dry_run: bool,
    only: str,
    onto: str,
    report: Path | None,
    data: Path | None,
    as_json: bool,
) -> None:
    """Import codes: an export of Waymark, or links of another service.

    Reads what `waymark export` wrote, CSV or JSON from Bitly, Shlink, YOURLS, Kutt, Dub or Chhoto URL, and any CSV
    with the columns `slug` and `destination`. Slugs are kept, and existing codes are left as they are, so an import
    can be repeated, also after an interruption. Exits with 1 if nothing was imported.
    """
    if format_ is None and file.open("rb").read(len(OWN)) == OWN:
        if dry_run or only or onto or report:
            raise Unusable("--dry-run, --only, --onto and --report apply to exports of other services only")
        _own(file, data, as_json)
        return
    try:
        export = Export(file, format_)
    except UnreadableFile as error:
        raise click.ClickException(f"{file}: {error}") from None
    outcomes: list[Outcome] = []
    histories: list[ImportedHistory] = []

    async def work(redis: Redis) -> Counter[str]:
        found = await _as_running(settings(data=data), redis)
        number = (await named(redis, workspace, found)).number
        domains = room_settings.domains(found, redis)
        codes = Codes(
            redis,
            own_hosts=room_settings.own_hosts(found),
            usable=domains.is_usable,
            is_short=domains.is_short,
            plans=known(found.plans),
        )
        with output.progress() as show:

            def told(outcome: Outcome) -> None:
                outcomes.append(outcome)
                show("importing", len(outcomes), len(export))

            options = ImportOptions(number, onto, only, dry_run, export.format.NAME, histories.append)
            return await import_links(codes, export.entries(), options, told)

    try:
        counts = with_redis(data, work, changes=True)
    finally:
        # Also after an interruption.
        if report is not None:
            _write(report, outcomes)
    past = _keep_history(settings(data=data), histories)
    left_out = reports.counts(outcomes)
    if as_json:
        said = {"format": export.format.NAME, **counts, "past_scans": past}
        output.as_json({**said, "left_out": left_out, "missing": export.missing})
    else:
        _say(export, counts, outcomes, report)
        if past:
            click.echo(f"Past scans, kept apart from those that are counted here: {past:,}")
        if left_out:
            told = ", ".join(f"{what} ({count:,})" for what, count in left_out.most_common())
            click.echo(f"Not imported: {told}")
    if export.missing:
        click.echo(f"Warning: {export.missing:,} more links are missing: the file is one page of them", err=True)
    _end(counts)


def _keep_history(found: Settings, histories: list[ImportedHistory]) -> int:
    """Store what the service counted; return how many scans that is."""
    for some in _by_size(histories):

        def alone(client: Client, _: Progress, some: list[ImportedHistory] = some) -> int:
            store(client, some, clock.now_ms())
            return len(some)

        try:
            from_core_or_alone(found, "/imported", int, alone, some, create=True)
        except Unusable as error:
            raise Unusable(
                f"The codes are imported, but not all of their past scans: {error.message} Run the same command again."
            ) from None
    return sum(each.n for one in histories for each in one.scans)


def _by_size(histories: list[ImportedHistory]) -> Iterator[list[ImportedHistory]]:
    some: list[ImportedHistory] = []
    size = 0
    for one in histories:
        some.append(one)
        size += 1 + len(one.scans)
        if size >= AT_ONCE:
            yield some
            some, size = [], 0
    if some:
        yield some


def _say(export: Export, counts: Counter[str], outcomes: list[Outcome], report: Path | None) -> None:
    total = ", ".join(f"{count:,} {word}" for word, count in sorted(counts.items())) or "nothing in it"
    click.echo(f"{export.format.TITLE}: {total}")
    lost = [line for one in outcomes for line in _lost(one)]
    for line in lost[:SHOWN]:
        click.echo(f"  {line}")
    if len(lost) > SHOWN:
        click.echo(f"  and {len(lost) - SHOWN:,} more{'' if report else ': --report FILE has all of them'}")


def _lost(outcome: Outcome) -> Iterator[str]:
    """Each short link that was not imported, and why."""
    entry = f"entry {outcome.entry}{f' ({outcome.slug})' if outcome.slug else ''}"
    if outcome.outcome == "skipped":
        yield f"{entry}: {outcome.reason}"
    yield from (f"{entry}: {lost}" for lost in outcome.left_out if lost.what == ALIAS)


def _end(counts: Counter[str]) -> None:
    """Fail if nothing was created, unless everything existed already."""
    if not counts["made"] + counts["would be made"] + counts["there"]:
        raise click.ClickException(NOTHING)


def _write(report: Path, outcomes: list[Outcome]) -> None:
    try:
        reports.write(report, outcomes)
    except OSError as error:
        raise Unusable(f"{report} cannot be written: {error.strerror}") from None


async def _as_running(found: Settings, redis: Redis) -> Settings:
    """The settings, with the URLs of the running core if there is one. Otherwise nothing has checked yet whether this
    Redis may keep codes, so check it here."""
    try:
        running = await asyncio.to_thread(core_client.get, DataDir(found.data), "/status")
    except core_client.CoreUnavailable:
        try:
            await check_server(redis, found.redis_fsync)
        except UnfitRedis as error:
            raise Unusable(f"this Redis cannot keep codes: {error}") from None
        return found
    return msgspec.structs.replace(found, short_url=running["short_url"], api_url=running["api_url"])


def _own(file: Path, data: Path | None, as_json: bool) -> None:
    async def work(redis: Redis) -> Counter[str]:
        with output.progress() as show:
            return await export_import.import_file(
                redis,
                file,
                now_ms=clock.now_ms,
                progress=lambda done, total: show("importing", done, total),
            )

    try:
        counts = with_redis(data, work, changes=True)
    except export_import.UnreadableExport as error:
        raise click.ClickException(f"{file}: {error}") from None
    if as_json:
        output.as_json(counts)
    else:
        click.echo(", ".join(f"{count:,} {kind}" for kind, count in sorted(counts.items())) or "nothing in it")
    if not counts:
        raise click.ClickException(NOTHING)
