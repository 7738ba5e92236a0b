"""Styles that a workspace keeps under a name. The caller (`api`) checks that they can be drawn.

A code that is given one gets a copy: a later change of the kept style changes no printed picture.
"""

import uuid
from collections.abc import Callable
from typing import Any

import msgspec
from redis.asyncio import Redis

from codes.named_records import MAX_NAME, NamedRecords
from codes.plans import Plans
from codes.validation import check_style
from infra import clock
from schemas import keys
from schemas.code import SavedStyle

__all__ = ["MAX_NAME", "create", "delete", "get", "import_style", "list_styles", "replace"]

_records = NamedRecords(SavedStyle, keys.workspace_styles, limit="styles", noun="style")
list_styles, get, delete, import_style = _records.list_all, _records.get, _records.delete, _records.import_record


async def create(
    redis: Redis,
    workspace: int,
    name: str,
    style: dict[str, Any],
    *,
    plans: Plans,
    id: str | None = None,
    now_ms: Callable[[], int] = clock.now_ms,
) -> SavedStyle:
    """Raises Refused and NotInPlan. With an `id` of the caller's it is created once."""
    made_ms = now_ms()
    name, style = _records.checked_name(name), check_style(style) or {}
    saved = SavedStyle(id or str(uuid.uuid4()), workspace, name, style, made_ms, made_ms)
    return await _records.create(redis, saved, plans)


async def replace(
    redis: Redis,
    workspace: int,
    id: str,
    *,
    name: str | None = None,
    style: dict[str, Any] | None = None,
    now_ms: Callable[[], int] = clock.now_ms,
) -> SavedStyle:
    """Change the name, the style or both; None leaves one as it is. Raises Refused and Missing."""
    changes: dict[str, Any] = {}
    if name is not None:
        changes["name"] = _records.checked_name(name)
    if style is not None:
        changes["style"] = check_style(style) or {}

    def changed(saved: SavedStyle) -> SavedStyle:
        new = msgspec.structs.replace(saved, **changes)
        return saved if new == saved else msgspec.structs.replace(new, updated_at_ms=now_ms())

    return await _records.change(redis, workspace, id, changed)
