"""`waymark backup` and `waymark restore`: everything of a deployment, to a folder or a bucket and back."""

import os
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import click
import msgspec

from infra import clock
from infra.progress import Progress
from waymark import core_client
from waymark.backup import snapshot
from waymark.backup.create import Made, create, manifests
from waymark.backup.restore import chosen, restore
from waymark.backup.snapshot import Snapshot
from waymark.backup.targets import FolderTarget, Target, target_of
from waymark.commands import output
from waymark.commands.options import Unusable, data_flag, explained, json_flag, settings
from waymark.data_dir import DataDir, held, hold
from waymark.invocation import called
from waymark.settings import Settings


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
        except (core_client.CoreError, OSError) as error:
            raise Unusable(f"there is no new backup: {error}") from None
    if as_json:
        output.as_json(made)
    else:
        click.echo(f"backup {made.backup}: {made.files:,} files, {_size(made.bytes)}; {_size(made.new_bytes)} sent")
        for old in made.dropped:
            click.echo(f"removed {old}")


def _made(found: Settings, goal: Target, keep: int | None, show: Progress, stack: ExitStack) -> Made:
    folder = DataDir(found.data)
    folder.must_exist()
    stack.enter_context(snapshot.alone(found))
    taken_at_ms = clock.now_ms()
    if held(folder):
        stack.callback(snapshot.sweep, found)
        taken = msgspec.convert(core_client.call(folder, "/snapshot", show), Snapshot)
    else:
        stack.enter_context(hold(folder))
        taken = snapshot.of_stopped(found)
    return create(taken, goal, taken_at_ms, show, keep=keep)


def _target(name: str, found: Settings) -> Target:
    goal = target_of(name, os.environ)
    if isinstance(goal, FolderTarget) and goal.path.resolve().is_relative_to(found.data.resolve()):
        raise Unusable(f"{goal.path} is in the data folder: a backup there is lost with it")
    return goal


@click.command("restore")
@click.argument("target")
@click.option("--backup", "wanted", metavar="ID", help="Another one than the newest.")
@click.option("--list", "listing", is_flag=True, help="Instead, list the backups in TARGET.")
@data_flag
@json_flag
@explained
def restore_(target: str, wanted: str | None, listing: bool, data: Path | None, as_json: bool) -> None:
    """Make a data folder from the newest backup in TARGET.

    The folder must be empty. The backup is read and checked before anything is made. Then: waymark up
    """
    found = settings(data=data)
    goal = target_of(target, os.environ)
    try:
        if listing:
            _listed(goal, as_json)
            return
        with output.progress() as show:
            name, manifest = chosen(goal, wanted)
            done = restore(goal, name, manifest, found, show)
    except OSError as error:
        raise Unusable(f"nothing is restored: {error}") from None
    if as_json:
        output.as_json(done)
    else:
        click.echo(
            f"restored {done.backup} to {found.data}: {done.files:,} files, {_size(done.bytes)}, as they were at "
            f"{_at(done.taken_at_ms)}. Start it: {called()} up"
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
