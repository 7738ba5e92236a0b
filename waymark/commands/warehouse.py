"""Commands on the warehouse (`audit`, `rebuild`, `migrate`, `skip`, `status`). Beside a running `up` they call the
core, which owns the warehouse; otherwise they open it themselves."""

from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import TypeVar

import click
import msgspec
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError
from urllib3.exceptions import HTTPError

from aggregator.audit.evidence_readers import NoRecords, Records
from aggregator.audit.report import Report, render
from aggregator.queries import CONSISTENT
from aggregator.rebuild import rebuild
from infra.migrate import migrate
from infra.progress import Progress
from waymark import core_client
from waymark.commands import output
from waymark.commands.options import Unusable, data_flag, explained, json_flag, settings
from waymark.data_dir import DataDir, NoFolder, held, hold
from waymark.embedded_redis import redis_of, started
from waymark.errors import UserError
from waymark.machine_audit import audit_machine, evidence_of
from waymark.settings import Settings
from waymark.startup_checks import warehouse_of

T = TypeVar("T")


def from_core_or_alone(
    found: Settings,
    path: str,
    kind: type[T],
    alone: Callable[[Client, Progress], T],
    body: object = None,
    patience_s: float | None = None,
    *,
    create: bool = False,
) -> T:
    """The result, from the core if it runs, else from `alone`. Ends the command if there is neither, or (unless it may
    `create` them) no scans were ever stored."""
    folder = DataDir(found.data)
    if found.clickhouse_url is None:
        folder.must_exist()
    with output.progress() as show:
        try:
            if held(folder):
                return msgspec.convert(core_client.call(folder, path, show, body, patience_s), kind)
            if found.clickhouse_url is None:
                if not create and not folder.warehouse.exists():
                    raise NoFolder(f"there are no scans in {folder.path}: nothing was started there yet")
                with hold(folder):
                    return _with_own_client(found, alone, show)
            return _with_own_client(found, alone, show)
        except core_client.CoreUnavailable as error:
            raise Unusable(f"{error}. If it is still starting, try again.") from None
        except (core_client.CoreError, ClickHouseError, HTTPError) as error:
            raise Unusable(str(error)) from None


def _with_own_client(found: Settings, alone: Callable[[Client, Progress], T], show: Progress) -> T:
    client = warehouse_of(found).connect(**CONSISTENT)
    try:
        migrate(client)
        return alone(client, show)
    finally:
        client.close()


@click.command()
@data_flag
@json_flag
@click.option(
    "--patience",
    type=click.FloatRange(min=0, min_open=True),
    default=600.0,
    show_default=True,
    help="Give up if a running audit reports nothing for so many seconds.",
)
@click.option(
    "--anew", is_flag=True, help="Check all rollups again, including months that were proven and have not changed."
)
@explained
def audit(data: Path | None, as_json: bool, patience: float, anew: bool) -> None:
    """Prove that every scan is stored exactly once.

    Exit status: 0 if so, 1 if not, 2 if it could not be checked.
    """
    found = settings(data=data)

    def alone(client: Client, show: Progress) -> Report:
        with ExitStack() as stack:
            try:
                records: Records | NoRecords = Records(stack.enter_context(_redis(found)))
            except UserError as error:
                records = NoRecords(str(error))
            return audit_machine(client, evidence_of(found, records), show, folder=DataDir(found.data), anew=anew)

    try:
        report = from_core_or_alone(found, "/audit", Report, alone, {"anew": anew}, patience)
    except NoFolder as error:
        # 1 is a finding.
        raise Unusable(str(error)) from None
    output.as_json(report) if as_json else click.echo(render(report))
    raise SystemExit(0 if report.clean else 1)


def _redis(found: Settings) -> AbstractContextManager[str]:
    """The Redis of an audit without a running core. On one machine, the caller holds the folder already."""
    if found.redis_url is None and found.clickhouse_url is None:
        return started(DataDir(found.data), found.redis_server)
    return redis_of(found)


@click.command("rebuild")
@data_flag
@json_flag
@explained
def rebuild_(data: Path | None, as_json: bool) -> None:
    """Rebuild the rollups from the stored scans. An interrupted rebuild continues where it stopped."""
    made = from_core_or_alone(settings(data=data), "/rebuild", int, rebuild)
    if as_json:
        output.as_json({"rebuilt": made})
    else:
        click.echo(f"rebuilt {made} years of rollups")


@click.command("migrate")
@data_flag
@json_flag
@explained
def migrate_(data: Path | None, as_json: bool) -> None:
    """Migrate the warehouse's tables to the current version (`waymark up` does so at each start)."""
    found = settings(data=data)
    applied = from_core_or_alone(found, "/migrate", list[str], lambda client, show: migrate(client))
    if as_json:
        output.as_json(applied)
    else:
        click.echo("\n".join(applied) or "nothing to do")


@click.command()
@click.argument("partition", type=int, required=False)
@click.option("--replay", is_flag=True, help="Instead, store the events of dead letters that can be read now.")
@data_flag
@json_flag
@explained
def skip(partition: int | None, replay: bool, data: Path | None, as_json: bool) -> None:
    """Skip the unreadable record at which PARTITION is stopped.

    `waymark status` shows the stopped partitions and why. The record is kept in the table dead_letters.
    """
    folder = DataDir(settings(data=data).data)
    if replay == (partition is not None):
        raise click.UsageError("give a partition or --replay")
    folder.must_exist()
    try:
        with output.progress() as show:
            if replay:
                told = core_client.call(folder, "/replay", show)
            else:
                told = core_client.call(folder, "/skip", show, {"partition": partition})
    except (core_client.CoreUnavailable, core_client.CoreError) as error:
        raise Unusable(str(error)) from None
    if as_json:
        output.as_json(told)
    elif replay:
        click.echo(
            f"{told['records']} records: {told['events']} events stored, {told['unreadable_lines']} lines unreadable"
        )
    else:
        click.echo(f"skipped offset {told['offset']} of partition {told['partition']}: {told['reason']}")


@click.command()
@data_flag
@explained
def status(data: Path | None) -> None:
    """Show the state of the running aggregator as JSON."""
    folder = DataDir(settings(data=data).data)
    folder.must_exist()
    try:
        output.as_json(core_client.get(folder, "/status"))
    except core_client.CoreUnavailable as error:
        raise Unusable(str(error)) from None
