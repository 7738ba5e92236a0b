"""Sessions of the dashboard: somebody is signed in by a key, which a cookie stands for.

A session's secret is stored as a digest, like a key's. It can do what its key can, and ends with it: a revoked or
expired key is refused from the next request on. Printed links sign in once, within `LINK_MS`.
"""

import secrets
import uuid
from collections.abc import Callable

import msgspec
from redis.asyncio import Redis

from codes import apikeys
from codes.apikeys import digest_of
from codes.redis_client import command, raises_unavailable
from infra import clock
from schemas import keys
from schemas.code import ApiKey

# A session ends so long after it was last used, and at the latest so long after it began.
IDLE_MS = 14 * 24 * 3600 * 1000
LONGEST_MS = 90 * 24 * 3600 * 1000
# Use is noted at most this often.
NOTE_MS = 3600 * 1000
LINK_MS = 10 * 60 * 1000
MAX_AGENT = 200
# Sessions of one workspace; the one that was used longest ago gives way.
MAX_SESSIONS = 1000


class Session(msgspec.Struct, frozen=True, omit_defaults=True):
    """`agent` names the browser, for the list of sessions."""

    id: str
    workspace: int
    key: str
    created_at_ms: int
    seen_at_ms: int
    agent: str = ""


class _Link(msgspec.Struct, frozen=True):
    workspace: int
    key: str


_decoder = msgspec.json.Decoder(Session)
_links = msgspec.json.Decoder(_Link)


@raises_unavailable
async def begin(
    redis: Redis, key: ApiKey, agent: str = "", *, now_ms: Callable[[], int] = clock.now_ms
) -> tuple[Session, str]:
    """Sign in by a valid key; return the session and its secret."""
    now = now_ms()
    secret = secrets.token_urlsafe(32)
    shown = "".join(letter for letter in agent if letter.isprintable())[:MAX_AGENT]
    made = Session(str(uuid.uuid4()), key.workspace, key.id, now, now, shown)
    digest = digest_of(secret)
    # Listed first: a session that works can be seen and ended.
    await command(redis, "HSET", keys.workspace_sessions(key.workspace), made.id, digest)
    await command(redis, "SET", keys.session(digest), msgspec.json.encode(made), "PX", IDLE_MS)
    if await command(redis, "HLEN", keys.workspace_sessions(key.workspace)) > MAX_SESSIONS:
        for one in (await list_sessions(redis, key.workspace))[MAX_SESSIONS:]:
            await end(redis, key.workspace, one.id)
    return made, secret


@raises_unavailable
async def authenticate(
    redis: Redis, secret: str, *, now_ms: Callable[[], int] = clock.now_ms
) -> tuple[Session, ApiKey] | None:
    """The session with this secret and its key, while both are valid."""
    digest = digest_of(secret)
    raw = await command(redis, "GET", keys.session(digest))
    if not raw:
        return None
    found, now = _decoder.decode(raw), now_ms()
    key = await apikeys.get_active(redis, found.workspace, found.key, now_ms=now_ms)
    if key is None or now - found.created_at_ms >= LONGEST_MS:
        return None
    if now - found.seen_at_ms >= NOTE_MS:
        found = msgspec.structs.replace(found, seen_at_ms=now)
        lasts = max(1, min(IDLE_MS, found.created_at_ms + LONGEST_MS - now))
        # (XX: what was ended meanwhile stays ended.)
        await command(redis, "SET", keys.session(digest), msgspec.json.encode(found), "XX", "PX", lasts)
    return found, key


@raises_unavailable
async def list_sessions(redis: Redis, workspace: int) -> list[Session]:
    """All that have not ended, the last used first; those that have ended leave the list."""
    listed = await command(redis, "HGETALL", keys.workspace_sessions(workspace))
    found = []
    for id, digest in listed.items():
        raw = await command(redis, "GET", keys.session(digest.decode()))
        if raw:
            found.append(_decoder.decode(raw))
        else:
            await command(redis, "HDEL", keys.workspace_sessions(workspace), id)
    return sorted(found, key=lambda one: (-one.seen_at_ms, one.id))


@raises_unavailable
async def end(redis: Redis, workspace: int, id: str) -> bool:
    """Sign out; return whether there was such a session."""
    digest = await command(redis, "HGET", keys.workspace_sessions(workspace), id)
    if not digest:
        return False
    gone = await command(redis, "DEL", keys.session(digest.decode()))
    await command(redis, "HDEL", keys.workspace_sessions(workspace), id)
    return bool(gone)


@raises_unavailable
async def make_link(redis: Redis, workspace: int) -> str | None:
    """A token that signs in once, as the newest valid admin key of the workspace; None if it has no such key."""
    now = clock.now_ms()
    able = [
        key
        for key in await apikeys.list_keys(redis, workspace)
        if key.scope == "admin" and await apikeys.get_active(redis, workspace, key.id, now_ms=lambda: now)
    ]
    if not able:
        return None
    token = secrets.token_urlsafe(24)
    link = msgspec.json.encode(_Link(workspace, able[-1].id))
    await command(redis, "SET", keys.sign_in_link(digest_of(token)), link, "PX", LINK_MS)
    return token


@raises_unavailable
async def redeem_link(redis: Redis, token: str, *, now_ms: Callable[[], int] = clock.now_ms) -> ApiKey | None:
    """The key that a token signs in as; the token is used up."""
    raw = await command(redis, "GETDEL", keys.sign_in_link(digest_of(token)))
    if not raw:
        return None
    link = _links.decode(raw)
    return await apikeys.get_active(redis, link.workspace, link.key, now_ms=now_ms)
