"""Reports: the saved questions of a workspace.

The query is kept as it was sent, checked by the caller (`api`), and asked anew each time: its "last 28 days" are those
of that day.
"""

import uuid
from collections.abc import Callable
from typing import Any

import msgspec
from redis.asyncio import Redis

from codes.errors import Refused
from codes.named_records import MAX_NAME, NamedRecords
from codes.plans import Plans
from infra import clock
from schemas import keys
from schemas.code import Report

__all__ = ["MAX_NAME", "MAX_QUERY_BYTES", "create", "delete", "get", "import_report", "list_reports", "replace"]

MAX_QUERY_BYTES = 16 * 1024

_records = NamedRecords(Report, keys.workspace_reports, limit="reports", noun="report")
list_reports, get, delete, import_report = _records.list_all, _records.get, _records.delete, _records.import_record


async def create(
    redis: Redis,
    workspace: int,
    name: str,
    query: dict[str, Any],
    *,
    plans: Plans,
    id: str | None = None,
    now_ms: Callable[[], int] = clock.now_ms,
) -> Report:
    """Raises Refused and NotInPlan. With an `id` of the caller's it is created once."""
    made_ms = now_ms()
    name, query = _records.checked_name(name), _checked_query(query)
    report = Report(id or str(uuid.uuid4()), workspace, name, query, made_ms, made_ms)
    return await _records.create(redis, report, plans)


async def replace(
    redis: Redis,
    workspace: int,
    id: str,
    *,
    name: str | None = None,
    query: dict[str, Any] | None = None,
    now_ms: Callable[[], int] = clock.now_ms,
) -> Report:
    """Change the name, the query or both; None leaves one as it is. Raises Refused and Missing."""
    changes: dict[str, Any] = {}
    if name is not None:
        changes["name"] = _records.checked_name(name)
    if query is not None:
        changes["query"] = _checked_query(query)

    def changed(report: Report) -> Report:
        new = msgspec.structs.replace(report, **changes)
        return report if new == report else msgspec.structs.replace(new, updated_at_ms=now_ms())

    return await _records.change(redis, workspace, id, changed)


def _checked_query(query: dict[str, Any]) -> dict[str, Any]:
    if len(msgspec.json.encode(query)) > MAX_QUERY_BYTES:
        raise Refused("query", "too_long", f"the query of a report has at most {MAX_QUERY_BYTES} bytes")
    return query
