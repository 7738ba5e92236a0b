"""Plans: what a workspace may do, as data.

The presets are in plans.toml beside this module, figures and texts; `codes.permissions` is what asks them.
"""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

import msgspec
from redis.asyncio import Redis

from codes import workspaces

WORDS = "waymark"


class Plan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """None is no limit."""

    name: str
    short_name: str
    words: str = WORDS
    creations_per_hour: int | None = None
    active_codes: int | None = None
    codes: int | None = None
    destination_edits: int | None = None
    variants: bool = True
    custom_domains: bool = True
    types: frozenset[str] | None = None
    api_access: bool = True
    calls_per_month: int | None = None
    retention_days: int | None = None
    texts: Mapping[str, str] = {}

    def says(self, about: str, **figures: int | str) -> str:
        """The plan's words on what it does not allow."""
        return self.texts[about].format(plan=self.short_name, **figures)


def read(text: str) -> Mapping[str, Plan]:
    """The plans of a TOML file, by name. Raises ValueError for one that cannot be understood."""
    found = tomllib.loads(text)
    words: dict[str, dict[str, str]] = found["words"]
    plans = {}
    for name, given in found["plan"].items():
        whose = given.get("words", WORDS)
        said: dict[str, Any] = {**given, "name": name, "texts": {**words[WORDS], **words[whose]}}
        plans[name] = msgspec.convert(said, Plan)
    return MappingProxyType(plans)


@cache
def plans() -> Mapping[str, Plan]:
    """The presets, by name."""
    return read(files("codes").joinpath("plans.toml").read_text())


async def plan_of(redis: Redis, workspace: int) -> Plan:
    """The plan of a workspace. One whose name nobody knows here (it came with an import, say) limits nothing. Raises
    Unavailable."""
    found = await workspaces.get(redis, workspace)
    known = plans()
    return known.get(found.plan if found else workspaces.DEFAULT_PLAN, known[workspaces.DEFAULT_PLAN])
