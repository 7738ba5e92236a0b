"""`waymark workspace` and `waymark key`."""

import asyncio
import shlex
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, TypeVar

import click
from redis.asyncio import Redis

from codes import apikeys, workspaces
from codes.change_log.recorder import ChangeLogAway
from codes.errors import Conflict, Refused, Unavailable
from codes.plans import known
from codes.replication import Replication
from infra import clock
from schemas.code import ApiKey, Workspace
from waymark import emptied_redis
from waymark.commands import output
from waymark.commands.options import Unusable, data_flag, explained, json_flag, settings
from waymark.embedded_redis import redis_of
from waymark.invocation import called
from waymark.settings import Settings
from waymark.wiring.change_log import recorded

T = TypeVar("T")

workspace_flag = click.option(
    "--workspace", default=workspaces.DEFAULT, show_default=True, help="The workspace's name."
)


def with_redis(data: Path | None, work: Callable[[Redis], Awaitable[T]], *, changes: bool = False) -> T:
    """Run `work` with the configured Redis; if it `changes` something, replicas must have it in the end. Ends the
    command if Redis is down or refuses the input."""
    found = settings(data=data)
    replicas = found.redis_replicas if changes else 0

    async def run(url: str) -> T:
        async with (
            recorded(found, url, identified=replicas > 0) as redis,
            Replication(redis, replicas, synced=found.redis_fsync != "none").confirmed(),
        ):
            return await work(redis)

    with redis_of(found) as url:
        try:
            return asyncio.run(run(url))
        except ChangeLogAway as error:
            raise Unusable(f"It may be done, and is not recorded: {error}") from None
        except Unavailable as error:
            raise Unusable(f"Redis cannot be reached: {error}") from None
        except (Refused, Conflict) as error:
            raise click.ClickException(error.message) from None


async def named(redis: Redis, name: str, found: Settings) -> Workspace:
    if name == workspaces.DEFAULT:
        return await _made(redis, name, found)
    for workspace in await workspaces.all_workspaces(redis):
        if workspace.name == name:
            return workspace
    raise click.ClickException(
        f"there is no workspace {name!r}; create it with: {called()} workspace create {shlex.quote(name)}"
    )


async def _made(redis: Redis, name: str, found: Settings, *, new: bool = False) -> Workspace:
    """Unless Redis has lost its data: a new workspace would make it look like a first start."""
    if not new:
        try:
            await emptied_redis.check(found, redis)
        except emptied_redis.Unsure as error:
            raise Unusable(f"Redis is empty, and {error}") from None
    return await workspaces.ensure_workspace(redis, name, plan=found.default_plan)


@click.group()
def workspace() -> None:
    """Manage workspaces, which own codes and keys."""


@workspace.command("create")
@click.argument("name")
@click.option("--new", is_flag=True, help="Start afresh although scans are stored and Redis is empty.")
@data_flag
@json_flag
@explained
def workspace_create(name: str, new: bool, data: Path | None, as_json: bool) -> None:
    """Create a workspace. An existing one of that name is left as it is."""
    settled = settings(data=data)
    made = with_redis(data, lambda redis: _made(redis, name, settled, new=new), changes=True)
    output.as_json(made) if as_json else click.echo(f"workspace {made.name} ({made.id})")


@workspace.command("list")
@data_flag
@json_flag
@explained
def workspace_list(data: Path | None, as_json: bool) -> None:
    """List all workspaces."""
    found = with_redis(data, workspaces.all_workspaces)
    if as_json:
        output.as_json(found)
    else:
        output.rows(["name", "plan", "made", "id"], [[w.name, w.plan, _day(w.created_at_ms), w.id] for w in found])


@workspace.command("plan")
@click.argument("name")
@click.argument("plan", required=False)
@data_flag
@json_flag
@explained
def workspace_plan(name: str, plan: str | None, data: Path | None, as_json: bool) -> None:
    """Show or change the plan of a workspace.

    Existing codes stay; the limits of the new plan apply from the next request on.
    """
    plans = known(settings(data=data).plans)
    if plan is not None and plan not in plans:
        raise click.UsageError(f"there is no plan {plan!r}, only: {', '.join(plans)}")

    async def work(redis: Redis) -> Workspace:
        found = await named(redis, name, settings(data=data))
        return found if plan is None else await workspaces.set_plan(redis, found.number, plan)

    found = with_redis(data, work, changes=plan is not None)
    output.as_json(found) if as_json else click.echo(found.plan + ("" if found.plan in plans else " (not known here)"))


@workspace.command("schemes")
@click.argument("name")
@click.argument("schemes", nargs=-1)
@click.option("--none", "nothing", is_flag=True, help="Allow only https.")
@data_flag
@json_flag
@explained
def workspace_schemes(name: str, schemes: tuple[str, ...], nothing: bool, data: Path | None, as_json: bool) -> None:
    """Show or set the URL schemes that app links may use besides https.

    SCHEMES replace the allowed ones; without SCHEMES, they are shown.
    """
    if schemes and nothing:
        raise click.UsageError("give either schemes or --none")

    async def work(redis: Redis) -> Workspace:
        found = await named(redis, name, settings(data=data))
        return await workspaces.allow_schemes(redis, found.number, schemes) if schemes or nothing else found

    found = with_redis(data, work, changes=bool(schemes) or nothing)
    if as_json:
        output.as_json(found.app_schemes)
    else:
        click.echo(", ".join(found.app_schemes) or "none besides https")


@workspace.command("imported")
@click.argument("name")
@click.argument("counted", required=False, type=click.Choice(["apart", "counted"]))
@data_flag
@json_flag
@explained
def workspace_imported(name: str, counted: str | None, data: Path | None, as_json: bool) -> None:
    """Show or set whether totals count imported scans.

    `apart` (the default): what other services counted before an import is in no total. `counted`: it is in the totals
    of all time of each code, in all four APIs; never in a window, a breakdown or a proof.
    """

    async def work(redis: Redis) -> Workspace:
        found = await named(redis, name, settings(data=data))
        if counted is None:
            return found
        return await workspaces.count_imported(redis, found.number, counted == "counted")

    found = with_redis(data, work, changes=counted is not None)
    output.as_json(found) if as_json else click.echo("counted" if found.counts_imported else "apart")


@click.group()
def key() -> None:
    """Manage API keys."""


@key.command("create")
@click.option("--name", default="made by the command", help="A name that says what the key is for.")
@click.option("--scope", type=click.Choice(["read", "write", "admin"]), default="write", show_default=True)
@click.option("--days", type=click.IntRange(min=1), help="Expire after this many days.")
@workspace_flag
@data_flag
@json_flag
@explained
def key_create(
    name: str,
    scope: Literal["read", "write", "admin"],
    days: int | None,
    workspace: str,
    data: Path | None,
    as_json: bool,
) -> None:
    """Create a key and print it. It cannot be shown again: only its digest is stored."""
    expires = None if days is None else clock.now_ms() + days * 86_400_000

    async def make(redis: Redis) -> tuple[ApiKey, str]:
        owner = await named(redis, workspace, settings(data=data))
        return await apikeys.create_key(redis, owner.number, name, scope, expires)

    made, secret = with_redis(data, make, changes=True)
    if as_json:
        output.as_json({"id": made.id, "key": secret, "name": made.name, "scope": made.scope, "workspace": workspace})
    else:
        click.echo(secret)


@key.command("list")
@workspace_flag
@data_flag
@json_flag
@explained
def key_list(workspace: str, data: Path | None, as_json: bool) -> None:
    """List the keys of a workspace, without their secrets."""

    async def find(redis: Redis) -> list[ApiKey]:
        return await apikeys.list_keys(redis, (await named(redis, workspace, settings(data=data))).number)

    found = with_redis(data, find)
    if as_json:
        told = [
            {
                "id": one.id,
                "name": one.name,
                "scope": one.scope,
                "last_four": one.last_four,
                "created_at_ms": one.created_at_ms,
                "expires_at_ms": one.expires_at_ms,
                "revoked_at_ms": one.revoked_at_ms,
            }
            for one in found
        ]
        output.as_json(told)
    else:
        lines = [
            [one.name, one.scope, f"…{one.last_four}", _day(one.created_at_ms), _state(one), one.id] for one in found
        ]
        output.rows(["name", "scope", "ends in", "made", "state", "id"], lines)


@key.command("revoke")
@click.argument("id")
@workspace_flag
@data_flag
@explained
def key_revoke(id: str, workspace: str, data: Path | None) -> None:
    """Revoke a key, from the next request on."""

    async def end(redis: Redis) -> bool:
        return await apikeys.revoke(redis, (await named(redis, workspace, settings(data=data))).number, id)

    if not with_redis(data, end, changes=True):
        raise click.ClickException(f"the workspace {workspace!r} has no key {id!r}")
    click.echo(f"revoked {id}")


def _day(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m-%d")


def _state(one: ApiKey) -> str:
    if one.revoked_at_ms is not None:
        return "revoked"
    return "works" if one.expires_at_ms is None else f"until {_day(one.expires_at_ms)}"
