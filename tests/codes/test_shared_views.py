"""Shared views: a link is a digest, ends, and is revoked."""

import pytest
from redis.asyncio import Redis

from codes import passwords, shared_views
from codes.errors import NotInPlan, Refused
from codes.plans import Plans, presets
from schemas import keys
from schemas.code import SharedView
from tests.codes.conftest import OwnPlan

CODE = "0b8f4bd8-4d1f-4f0f-9a3e-1f6f6d1c2b10"


async def share(redis: Redis, workspace: int = 1, **fields: object) -> tuple[SharedView, str]:
    given = {"plans": presets(), "created_by": "key", "code_id": CODE, "now_ms": lambda: 1_000, **fields}
    return await shared_views.create(redis, workspace, "Posters", **given)  # type: ignore[arg-type]


async def test_a_link_leads_to_its_view_until_it_ends(redis: Redis) -> None:
    view, token = await share(redis, expires_at_ms=5_000)
    assert await shared_views.find(redis, token, now_ms=lambda: 4_999) == view
    assert await shared_views.find(redis, token, now_ms=lambda: 5_000) is None
    for wrong in ("", token[:-1], token.lower(), view.id, view.digest):
        assert await shared_views.find(redis, wrong, now_ms=lambda: 2_000) is None
    assert await shared_views.list_views(redis, 1) == [view]
    assert await shared_views.list_views(redis, 2) == []
    assert await shared_views.get_active(redis, 2, view.id, now_ms=lambda: 2_000) is None
    assert not await shared_views.end(redis, 2, view.id)
    assert await shared_views.end(redis, 1, view.id)
    assert not await shared_views.end(redis, 1, view.id)
    assert await shared_views.find(redis, token, now_ms=lambda: 2_000) is None
    assert await redis.keys("*shared-view*") == []
    with pytest.raises(Refused, match="expires_at"):
        await share(redis, expires_at_ms=1_000)


async def test_neither_token_nor_password_is_kept(redis: Redis) -> None:
    _, token = await share(redis, password=await passwords.hash_password("for the agency"))
    kept = b"".join([name + (await redis.dump(name) or b"") async for name in redis.scan_iter("*")])
    assert token.encode() not in kept and b"for the agency" not in kept


async def test_a_password_is_checked_against_its_hash() -> None:
    kept = await passwords.hash_password("for the agency")
    assert await passwords.is_right(kept, "for the agency")
    for wrong in ("", "for the agency ", "\ud800"):
        assert not await passwords.is_right(kept, wrong)


async def test_that_it_was_opened_is_noted_now_and_then(redis: Redis) -> None:
    view, token = await share(redis)
    for now, noted in ((2_000, 2_000), (50_000, 2_000), (62_000, 62_000)):
        await shared_views.note_opened(redis, view, now_ms=lambda now=now: now)  # type: ignore[misc]
        found = await shared_views.find(redis, token)
        assert found is not None and found.opened_at_ms == noted
    await shared_views.end(redis, 1, view.id)
    await shared_views.note_opened(redis, view, now_ms=lambda: 200_000)
    assert not await redis.exists(keys.workspace_shared_views(1))


async def test_no_more_than_the_plan_keeps(redis: Redis, own_plan: OwnPlan, plans: Plans) -> None:
    workspace = await own_plan("shared_views = 1")
    await share(redis, workspace, plans=plans)
    with pytest.raises(NotInPlan):
        await share(redis, workspace, plans=plans)
