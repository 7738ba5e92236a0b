"""`waymark backup` and `waymark restore`: everything of a deployment, to a folder or a bucket and back."""

import os
import shlex
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import click
import msgspec
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError
from urllib3.exceptions import HTTPError

from aggregator.audit.evidence import Unreachable
from aggregator.queries import CONSISTENT
from infra import clock
from infra.durable_files import make_folder
from infra.progress import Progress
from waymark import core_client
from waymark.backup import redis_copy, snapshot, tables
from waymark.backup.create import Content, Made, create, manifests
from waymark.backup.restore import chosen, restore
from waymark.backup.snapshot import Snapshot
from waymark.backup.targets import FolderTarget, Target, target_of
from waymark.commands import output
from waymark.commands.options import Unusable, data_flag, explained, json_flag, settings
from waymark.commands.restore_codes import Moment, restore_codes
from waymark.data_dir import DataDir, held, hold
from waymark.embedded_redis import redis_of
from waymark.invocation import called
from waymark.settings import Settings
from waymark.startup_checks import warehouse_of


@click.command()
@click.argument("target")
@click.option("--keep", type=click.IntRange(min=1), help="Then remove all but the newest so many from the target.")
@data_flag
@json_flag
@explained
def backup(target: str, keep: int | None, data: Path | None, as_json: bool) -> None:
    """Back up codes, scans and files to TARGET, beside a running Waymark.

    TARGET is a folder or s3://bucket/prefix. A second backup to the same one sends only what is new.
    """
    found = settings(data=data)
    goal = _target(target, found)
    with output.progress() as show, ExitStack() as stack:
        try:
            made = _made(found, goal, keep, show, stack)
        except core_client.CoreUnavailable as error:
            raise Unusable(f"{error}. If it is still starting, try again.") from None
        except (core_client.CoreError, Unreachable, ClickHouseError, HTTPError, OSError) as error:
            raise Unusable(f"there is no new backup: {error}") from None
    if as_json:
        output.as_json(made)
    else:
        click.echo(f"backup {made.backup}: {made.files:,} files, {_size(made.bytes)}; {_size(made.new_bytes)} sent")
        for old in made.dropped:
            click.echo(f"removed {old}")


def _made(found: Settings, goal: Target, keep: int | None, show: Progress, stack: ExitStack) -> Made:
    folder = DataDir(found.data)
    if found.clickhouse_url is None:
        folder.must_exist()
    else:
        make_folder(found.data)
    stack.enter_context(snapshot.alone(found))
    taken_at_ms = clock.now_ms()
    if held(folder):
        stack.callback(snapshot.sweep, found)
        taken = msgspec.convert(core_client.call(folder, "/snapshot", show), Snapshot)
        _check_engines(found, taken)
    elif found.clickhouse_url is None:
        stack.enter_context(hold(folder))
        taken = snapshot.of_stopped(found)
    else:
        stack.enter_context(hold(folder, make=True))
        stack.callback(snapshot.sweep, found)
        snapshot.sweep(found)
        with _connected(found) as client, redis_of(found) as url:
            taken = snapshot.take(client, found, url)
    if found.redis_url is not None:
        copy = found.data / snapshot.LINKS / redis_copy.NAME
        copy.parent.mkdir(parents=True, exist_ok=True)
        show("waiting for Redis", 0, 1)
        redis_copy.copy_out(found.redis_url, copy)
        taken.add(redis_copy.NAME, copy)
        snapshot.add_files(taken, found)
    contents = stack.enter_context(_of_tables(found, taken)) if found.clickhouse_url is not None else []
    return create(taken, goal, taken_at_ms, show, contents=contents, keep=keep)


def _check_engines(found: Settings, taken: Snapshot) -> None:
    """A command in another environment would leave an engine out."""
    ours = snapshot.engines_of(found)
    for name in taken.engines:
        if name not in ours:
            raise Unusable(f"the running Waymark has {name}, and this command does not: set it here as well")
    for name in ours:
        if name not in taken.engines:
            raise Unusable(f"{name} is set here, and the running Waymark does not have it: leave it out")


@contextmanager
def _of_tables(found: Settings, taken: Snapshot) -> Iterator[list[Content]]:
    """The clones' contents; they are dropped afterwards."""
    warehouse = warehouse_of(found)
    with _connected(found) as client:
        try:
            if found.kafka_bootstrap is not None:
                taken.deployment = str(tables.first_source(client) or "")
                taken.register = snapshot.lowered(taken.register or {}, tables.stored(client), tables.closed(client))
            yield [Content(one.identity, one.path, partial(tables.content_of, warehouse, one)) for one in taken.clones]
        finally:
            tables.drop_clones(client)


@contextmanager
def _connected(found: Settings) -> Iterator[Client]:
    client = warehouse_of(found).connect(**CONSISTENT)
    try:
        yield client
    finally:
        client.close()


def _target(name: str, found: Settings) -> Target:
    goal = target_of(name, os.environ)
    if isinstance(goal, FolderTarget) and goal.path.resolve().is_relative_to(found.data.resolve()):
        raise Unusable(f"{goal.path} is in the data folder: a backup there is lost with it")
    return goal


@click.command("restore")
@click.argument("target", required=False)
@click.option("--backup", "wanted", metavar="ID", help="Another one than the newest.")
@click.option("--list", "listing", is_flag=True, help="Instead, list the backups in TARGET.")
@click.option("--codes", is_flag=True, help="Instead, make an empty Redis whole from the change log.")
@click.option("--at", type=Moment(), help="The codes as of this time (UTC, unless it says otherwise). [now]")
@data_flag
@json_flag
@explained
def restore_(
    target: str | None,
    wanted: str | None,
    listing: bool,
    codes: bool,
    at: datetime | None,
    data: Path | None,
    as_json: bool,
) -> None:
    """Make a data folder from the newest backup in TARGET.

    The folder must be empty. The backup is read and checked before anything is made. Then: waymark up

    With --codes, make an empty Redis whole from the change log: codes, workspaces, keys, domains and all else that it
    is the record of. Each code gets its newest destination; numbers and versions go on above all that were ever given
    out. An interrupted restore can be repeated.
    """
    if codes != (target is None) or (at and not codes) or ((wanted or listing) and codes):
        raise click.UsageError("give either TARGET, with --backup or --list, or --codes, with --at")
    found = settings(data=data)
    if target is None:
        restore_codes(found, at, as_json=as_json)
        return
    goal = target_of(target, os.environ)
    try:
        if listing:
            _listed(goal, as_json)
            return
        with output.progress() as show:
            name, manifest = chosen(goal, wanted)
            done = restore(goal, name, manifest, found, show)
    except (ClickHouseError, HTTPError, OSError) as error:
        raise Unusable(f"nothing is restored: {error}") from None
    if as_json:
        output.as_json(done)
    else:
        click.echo(
            f"restored {done.backup} to {found.data}: {done.files:,} files, {_size(done.bytes)}, as they were at "
            f"{_at(done.taken_at_ms)}. Start it: {called()} up --data {shlex.quote(str(found.data))}"
        )


def _listed(goal: Target, as_json: bool) -> None:
    there = manifests(goal)
    if as_json:
        output.as_json(
            [
                {"backup": name, "taken_at_ms": one.taken_at_ms, "files": one.files, "bytes": one.size}
                for name, one in there
            ]
        )
    else:
        lines = [[name, _at(one.taken_at_ms), f"{one.files:,}", _size(one.size)] for name, one in there]
        output.rows(["backup", "taken", "files", "size"], lines)


def _at(ms: int) -> str:
    return f"{datetime.fromtimestamp(ms / 1000, UTC):%Y-%m-%d %H:%M:%S} UTC"


def _size(count: int) -> str:
    return f"{count / (1 << 20):,.1f} MiB"
