"""Shared views: read-only links to the scans of one code, or to the answer of one report.

A link's token is shown once and stored as a digest, like a key's secret. Who asks for a view gets it from `find` or
`get_active`, each time: one that was revoked or has expired is refused from the next request on.
"""

import uuid
from collections.abc import Callable

import msgspec
from redis.asyncio import Redis

from codes import apikeys
from codes.apikeys import digest_of
from codes.errors import Missing, Refused
from codes.named_records import MAX_NAME, NamedRecords
from codes.plans import Plans
from codes.redis_client import command, raises_unavailable
from infra import clock
from schemas import keys
from schemas.code import SharedView

__all__ = ["MAX_NAME", "create", "end", "find", "get_active", "import_view", "list_views", "note_opened"]

# That a view was opened is noted at most this often.
NOTE_MS = 60 * 1000

_records = NamedRecords(SharedView, keys.workspace_shared_views, limit="shared_views", noun="shared view")
list_views = _records.list_all


@raises_unavailable
async def create(
    redis: Redis,
    workspace: int,
    name: str,
    *,
    plans: Plans,
    created_by: str,
    code_id: str | None = None,
    report_id: str | None = None,
    password: str | None = None,
    expires_at_ms: int | None = None,
    embeddable: bool = False,
    id: str | None = None,
    token: str | None = None,
    now_ms: Callable[[], int] = clock.now_ms,
) -> tuple[SharedView, str]:
    """Return the view and its token; `password` is a hash. Raises Refused and NotInPlan. With an `id` and `token` of
    the caller's it is created once."""
    made_ms, token = now_ms(), token or apikeys.random_secret("")
    if expires_at_ms is not None and expires_at_ms <= made_ms:
        raise Refused("expires_at", "in_the_past", "the end of a shared view must be in the future")
    view = SharedView(
        id=id or str(uuid.uuid4()),
        workspace=workspace,
        name=_records.checked_name(name),
        digest=digest_of(token),
        code_id=code_id,
        report_id=report_id,
        created_by=created_by,
        created_at_ms=made_ms,
        password=password,
        expires_at_ms=expires_at_ms,
        embeddable=embeddable,
    )
    # Listed first: a link that works can be seen and revoked.
    made = await _records.create(redis, view, plans)
    await _index(redis, made)
    return made, token


async def _index(redis: Redis, view: SharedView) -> None:
    await command(redis, "SET", keys.shared_view(view.digest), f"{view.workspace} {view.id}")


@raises_unavailable
async def find(redis: Redis, token: str, *, now_ms: Callable[[], int] = clock.now_ms) -> SharedView | None:
    """The view that a link leads to, until it is revoked or expires."""
    digest = digest_of(token)
    at = await command(redis, "GET", keys.shared_view(digest))
    if not at:
        return None
    workspace, _, id = at.decode().partition(" ")
    view = await get_active(redis, int(workspace), id, now_ms=now_ms)
    return view if view is not None and view.digest == digest else None


async def get_active(
    redis: Redis, workspace: int, id: str, *, now_ms: Callable[[], int] = clock.now_ms
) -> SharedView | None:
    """For callers that have opened it before."""
    view = await _records.get(redis, workspace, id)
    return view if view is not None and (view.expires_at_ms is None or now_ms() < view.expires_at_ms) else None


async def note_opened(redis: Redis, view: SharedView, *, now_ms: Callable[[], int] = clock.now_ms) -> None:
    now = now_ms()

    def opened(kept: SharedView) -> SharedView:
        if kept.opened_at_ms is not None and now - kept.opened_at_ms < NOTE_MS:
            return kept
        return msgspec.structs.replace(kept, opened_at_ms=now)

    try:
        await _records.change(redis, view.workspace, view.id, opened)
    except Missing:
        # Revoked meanwhile: its first question will be told so.
        return


@raises_unavailable
async def end(redis: Redis, workspace: int, id: str) -> bool:
    """Revoke a view; return whether it existed."""
    view = await _records.get(redis, workspace, id)
    if view is None:
        return False
    # In this order: what is still listed can be revoked again.
    await command(redis, "DEL", keys.shared_view(view.digest))
    return await _records.delete(redis, workspace, id)


async def import_view(redis: Redis, view: SharedView) -> bool:
    """Return whether it was new."""
    new = await _records.import_record(redis, view)
    kept = await _records.get(redis, view.workspace, view.id)
    if kept is not None:
        # Also of one that is there: an import that was interrupted is run again.
        await _index(redis, kept)
    return new
