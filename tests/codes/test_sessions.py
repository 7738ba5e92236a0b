"""Sessions stand for a key, and end with it."""

from redis.asyncio import Redis

from codes import apikeys, sessions
from codes.workspaces import ensure_workspace
from schemas import keys

HOUR = 3600 * 1000


async def test_a_session_is_its_key_until_either_ends(redis: Redis) -> None:
    now = 1_000_000_000_000
    ours = (await ensure_workspace(redis, "ours")).number
    key, _ = await apikeys.create_key(redis, ours, "mine", "read", now + 100 * 24 * HOUR)
    session, secret = await sessions.begin(redis, key, "Browser\n\x1b[31m", now_ms=lambda: now)
    assert session.agent == "Browser[31m"
    assert await sessions.authenticate(redis, secret, now_ms=lambda: now) == (session, key)
    assert await sessions.authenticate(redis, secret + "x", now_ms=lambda: now) is None
    # The use is noted, to the hour.
    later = now + 2 * HOUR
    found = await sessions.authenticate(redis, secret, now_ms=lambda: later)
    assert found is not None and found[0].seen_at_ms == later
    assert [one.seen_at_ms for one in await sessions.list_sessions(redis, ours)] == [later]
    # At the latest it ends after 90 days.
    assert await sessions.authenticate(redis, secret, now_ms=lambda: now + sessions.LONGEST_MS) is None
    assert await apikeys.revoke(redis, ours, key.id)
    assert await sessions.authenticate(redis, secret, now_ms=lambda: later) is None


async def test_a_secret_is_stored_as_a_digest_that_expires(redis: Redis) -> None:
    ours = (await ensure_workspace(redis, "ours")).number
    key, _ = await apikeys.create_key(redis, ours, "mine", "admin")
    _, secret = await sessions.begin(redis, key)
    token = await sessions.make_link(redis, ours)
    assert token is not None
    names = [name async for name in redis.scan_iter("*")]
    kept = [name + (await redis.dump(name) or b"") for name in names]
    assert not [one for one in kept if secret.encode() in one or token.encode() in one]
    lasts = [await redis.pttl(name) for name in names if name.startswith((b"{wm}:session:", b"{wm}:sign-in:"))]
    assert len(lasts) == 2 and all(0 < one <= sessions.IDLE_MS for one in lasts)


async def test_sessions_are_listed_and_ended_by_workspace(redis: Redis) -> None:
    ours = (await ensure_workspace(redis, "ours")).number
    theirs = (await ensure_workspace(redis, "theirs")).number
    key, _ = await apikeys.create_key(redis, ours, "mine", "admin")
    first, secret = await sessions.begin(redis, key, now_ms=lambda: 1)
    second, _ = await sessions.begin(redis, key, now_ms=lambda: 2)
    assert await sessions.list_sessions(redis, ours) == [second, first]
    assert not await sessions.end(redis, theirs, first.id)
    assert await sessions.end(redis, ours, first.id)
    assert not await sessions.end(redis, ours, first.id)
    assert await sessions.authenticate(redis, secret, now_ms=lambda: 3) is None
    assert await sessions.list_sessions(redis, ours) == [second]
    # One that has expired leaves the list.
    await redis.delete(*[name async for name in redis.scan_iter(keys.session("*"))])
    assert await sessions.list_sessions(redis, ours) == []
    assert await redis.hlen(keys.workspace_sessions(ours)) == 0


async def test_a_link_signs_in_once_as_an_admin_key(redis: Redis) -> None:
    ours = (await ensure_workspace(redis, "ours")).number
    await apikeys.create_key(redis, ours, "reader", "read")
    assert await sessions.make_link(redis, ours) is None
    key, _ = await apikeys.create_key(redis, ours, "mine", "admin")
    token = await sessions.make_link(redis, ours)
    assert token is not None
    assert await sessions.redeem_link(redis, "x" + token) is None
    assert await sessions.redeem_link(redis, token) == key
    assert await sessions.redeem_link(redis, token) is None
    token = await sessions.make_link(redis, ours)
    assert token is not None
    await apikeys.revoke(redis, ours, key.id)
    assert await sessions.redeem_link(redis, token) is None
