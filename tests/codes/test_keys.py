"""codes: workspaces and the keys to them."""

import asyncio

import pytest
from redis.asyncio import Redis

from codes import apikeys, workspaces
from codes.errors import Conflict, Refused
from schemas import keys


async def test_a_workspace_is_made_once(redis: Redis) -> None:
    found = await asyncio.gather(*(workspaces.ensure_workspace(redis, "default") for _ in range(20)))
    assert len({workspace.id for workspace in found}) == 1
    one = found[0]
    assert await workspaces.get(redis, one.number) == one
    other = await workspaces.ensure_workspace(redis, "shop", plan="free", now_ms=lambda: 5)
    assert other.number > one.number
    assert (other.plan, other.created_at_ms) == ("free", 5)
    assert await workspaces.all_workspaces(redis) == [one, other]
    assert await workspaces.get(redis, 999) is None


async def test_a_workspace_whose_making_was_cut_short_is_finished_by_the_next(redis: Redis) -> None:
    await redis.set(keys.WORKSPACE_NUMBERS, 4)
    await redis.hset(keys.WORKSPACES, "default", "4")
    workspace = await workspaces.ensure_workspace(redis, "default")
    assert workspace.number == 4
    assert await workspaces.all_workspaces(redis) == [workspace]


@pytest.mark.parametrize("name", ["", " ", " a", "a\n", "x" * 101, "\ud800"])
async def test_a_workspace_has_a_proper_name(redis: Redis, name: str) -> None:
    with pytest.raises(Refused):
        await workspaces.ensure_workspace(redis, name)


async def test_a_key_is_found_by_its_secret_which_is_kept_nowhere(redis: Redis) -> None:
    key, secret = await apikeys.create_key(redis, 3, "print shop", "read", now_ms=lambda: 7)
    assert secret.startswith("oqr_live_") and len(secret) == len("oqr_live_") + 32
    assert (key.workspace, key.name, key.scope, key.last_four, key.created_at_ms) == (
        *(3, "print shop", "read", secret[-4:], 7),
    )
    assert await apikeys.authenticate(redis, secret) == key
    assert await apikeys.list_keys(redis, 3) == [key]
    assert await apikeys.list_keys(redis, 4) == []
    for wrong in ("", secret[:-1], secret + "x", secret.upper(), key.digest, "\udcff"):
        assert await apikeys.authenticate(redis, wrong) is None
    async for at in redis.scan_iter("*"):
        kept = await redis.dump(at)
        assert isinstance(kept, bytes)
        assert secret.encode() not in kept + at
        assert secret.removeprefix("oqr_live_").encode() not in kept + at


async def test_expired_and_revoked_keys_open_nothing(redis: Redis) -> None:
    _, expiring = await apikeys.create_key(redis, 1, "a", expires_at_ms=1000)
    assert await apikeys.authenticate(redis, expiring, now_ms=lambda: 999)
    assert await apikeys.authenticate(redis, expiring, now_ms=lambda: 1000) is None
    key, secret = await apikeys.create_key(redis, 1, "b")
    assert await apikeys.revoke(redis, 2, key.id) is False
    assert await apikeys.authenticate(redis, secret) == key
    assert await apikeys.revoke(redis, 1, key.id, now_ms=lambda: 5) is True
    assert await apikeys.revoke(redis, 1, key.id, now_ms=lambda: 6) is True
    assert await apikeys.authenticate(redis, secret) is None
    revoked = {one.id: one.revoked_at_ms for one in await apikeys.list_keys(redis, 1)}
    assert revoked[key.id] == 5
    assert await apikeys.revoke(redis, 1, "nobody") is False


async def test_a_given_secret_is_a_key_once(redis: Redis) -> None:
    made = await asyncio.gather(
        *(apikeys.create_key(redis, 1, "start", "admin", secret="oqr_live_yourkey") for _ in range(10))
    )
    assert len({key.id for key, _ in made}) == 1
    key, secret = made[0]
    assert secret == "oqr_live_yourkey"
    assert await apikeys.list_keys(redis, 1) == [key]
    assert await redis.hlen(keys.workspace_keys(1)) == 1
    assert await redis.hlen(keys.INTENTS) == 0
    with pytest.raises(Conflict):
        await apikeys.create_key(redis, 2, "start", secret="oqr_live_yourkey")
    assert await apikeys.list_keys(redis, 2) == []
    # A key that was revoked does not come back with the next start.
    await apikeys.revoke(redis, 1, key.id)
    await apikeys.create_key(redis, 1, "start", "admin", secret="oqr_live_yourkey")
    assert await apikeys.authenticate(redis, secret) is None


@pytest.mark.parametrize("secret", ["short", "with a space", "ü" * 20, "line\nbreak", "x" * 201])
async def test_a_given_secret_has_a_proper_form(redis: Redis, secret: str) -> None:
    with pytest.raises(Refused):
        await apikeys.create_key(redis, 1, "start", secret=secret)
    assert await redis.dbsize() == 0
