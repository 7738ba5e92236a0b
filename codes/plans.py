"""Plans: what a workspace may do, as data.

The presets are in plans.toml beside this module, figures and texts; `codes.plan_limits` is what asks them.
"""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType
from typing import Any

import msgspec
from redis.asyncio import Redis

from codes import workspaces

WORDS = "waymark"
MIB = 1 << 20


class Plan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """None is no limit. docs/plans.md explains each."""

    name: str
    short_name: str
    words: str = WORDS
    creations_per_hour: int | None = None
    active_codes: int | None = None
    destination_edits: int | None = None
    variants: bool = True
    custom_domains: bool = True
    types: frozenset[str] | None = None
    api_access: bool = True
    calls_per_month: int | None = None
    retention_days: int | None = None
    # Of what is kept there is always a bound, so that no workspace can fill the machine.
    codes: int = 1_000_000
    code_bytes: int = 1024 * MIB
    made_per_month: int = 3_000_000
    files: int = 10_000
    file_bytes: int = 10 * 1024 * MIB
    folders: int = 1_000
    reports: int = 1_000
    styles: int = 1_000
    shared_views: int = 1_000
    keys: int = 1_000
    domains: int = 100
    webhooks: int = 100
    webhook_pending: int = 10_000
    webhook_dead: int = 1_000
    webhook_bytes: int = 64 * MIB
    jobs: int = 100
    job_bytes: int = 64 * MIB
    calls_per_second: int = 1_000
    burst_calls: int = 2_000
    queued_pictures: int = 64
    queued_questions: int = 64
    question_rows: int = 100_000_000
    question_groups: int = 250_000
    queued_exports: int = 8
    export_rows: int = 100_000_000
    scheduled_exports: int = 100
    streams: int = 100
    idempotency_keys: int = 2_000_000
    idempotency_bytes: int = 256 * MIB
    texts: Mapping[str, str] = {}

    def says(self, about: str, **figures: int | str) -> str:
        """The plan's words on what it does not allow."""
        return self.texts[about].format(plan=self.short_name, **figures)


class UnreadablePlans(ValueError):
    """A file of plans that cannot be used; says why."""


# By name.
Plans = Mapping[str, Plan]


def presets() -> Plans:
    return known(None)


@cache
def known(own: Path | None) -> Plans:
    """The presets by name, and the plans of a file of one's own, which may replace them. Raises UnreadablePlans."""
    found = _tables(files("codes").joinpath("plans.toml").read_text())
    if own is not None:
        try:
            more = _tables(own.read_text())
        except OSError as error:
            raise UnreadablePlans(error.strerror or str(error)) from None
        except ValueError as error:
            raise UnreadablePlans(str(error)) from None
        found = _Tables(plan=found.plan | more.plan, words=found.words | more.words)
    return MappingProxyType({name: _plan(name, given, found.words) for name, given in found.plan.items()})


class _Tables(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    plan: dict[str, dict[str, Any]] = {}
    words: dict[str, dict[str, str]] = {}


def _tables(text: str) -> _Tables:
    return msgspec.convert(tomllib.loads(text), _Tables)


def _plan(name: str, given: dict[str, Any], words: Mapping[str, dict[str, str]]) -> Plan:
    try:
        plan = msgspec.convert({"short_name": name, **given, "name": name, "texts": words[WORDS]}, Plan)
        plan = msgspec.structs.replace(plan, texts={**words[WORDS], **words[plan.words]})
        for about in plan.texts:
            plan.says(about, limit=1, used=1, type="website")
    except (msgspec.ValidationError, KeyError, IndexError) as error:
        raise UnreadablePlans(f"plan {name!r}: {error}") from None
    return plan


async def plan_of(redis: Redis, plans: Plans, workspace: int) -> Plan:
    """The plan of a workspace. An unknown one (it came with an import, say) limits nothing. Raises Unavailable."""
    found = await workspaces.get(redis, workspace)
    return plans.get(found.plan if found else workspaces.DEFAULT_PLAN, plans[workspaces.DEFAULT_PLAN])
