"""API keys. A secret is shown once and never stored: a key is found by the SHA-256 of its secret.

A random secret has 190 bits, so its digest needs neither salt nor slowness to withstand guessing.
"""

import secrets
import uuid
from collections.abc import Callable
from hashlib import blake2b, sha256
from typing import Any, Literal

import msgspec
from redis.asyncio import Redis

from codes import intents
from codes.errors import Conflict, Missing, NotInPlan, Refused
from codes.plans import Plans, plan_of
from codes.redis_client import REPLACE, command, raises_unavailable
from infra import clock
from schemas import keys
from schemas.code import ApiKey

Scope = Literal["read", "write", "admin"]
PREFIX = "oqr_live_"
MAX_NAME = 100
BOOTSTRAP = "bootstrap"
FORGOTTEN_MS = 30 * 24 * 3600 * 1000

_LENGTH = 32
_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_decoder = msgspec.json.Decoder(ApiKey)


def random_secret(prefix: str = PREFIX) -> str:
    return prefix + "".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH))


def derive_secret(seed: bytes, secret: str) -> str:
    """Derive a secret from `seed`, which may be stored, and the caller's own secret, which is not: only who has both
    can derive it again."""
    drawn = int.from_bytes(blake2b(secret.encode(), key=seed[:64], digest_size=64).digest())
    letters = []
    for _ in range(_LENGTH):
        drawn, at = divmod(drawn, len(_ALPHABET))
        letters.append(_ALPHABET[at])
    return PREFIX + "".join(letters)


def digest_of(secret: str) -> str:
    # A header may hold a lone surrogate; no key has one, but looking it up must not fail.
    return sha256(secret.encode(errors="surrogatepass")).hexdigest()


@raises_unavailable
async def create_key(
    redis: Redis,
    workspace: int,
    name: str,
    scope: Scope = "write",
    expires_at_ms: int | None = None,
    *,
    secret: str | None = None,
    prefix: str = PREFIX,
    now_ms: Callable[[], int] = clock.now_ms,
) -> tuple[ApiKey, str]:
    """Create a key; return it with its secret. If `secret` is a key of this workspace already, return that key, even
    when revoked. Raises Refused, and Conflict when the secret is another workspace's key."""
    _check_name(name)
    if secret is not None and not (8 <= len(secret) <= 200 and secret.isascii() and secret.isprintable()):
        raise Refused("secret", "invalid_secret", "a key has 8 to 200 printable ASCII characters")
    if secret is not None and " " in secret:
        raise Refused("secret", "invalid_secret", "a key must not hold spaces")
    secret = secret or random_secret(prefix)
    key = ApiKey(
        id=str(uuid.uuid4()),
        workspace=workspace,
        name=name,
        scope=scope,
        digest=digest_of(secret),
        # Four characters of a short key that somebody chose would give away too much.
        last_four=secret[-4:] if len(secret) >= 16 else "",
        created_at_ms=now_ms(),
        expires_at_ms=expires_at_ms,
    )
    # Listed first and, in case a sweep ran in between, again: a key that works can be seen and revoked.
    nonce = secrets.token_hex(16)
    await intents.declare(redis, nonce, intents.Intent(op="key", id=key.id, workspace=workspace, digest=key.digest))
    await _list(redis, key)
    await command(redis, "SET", keys.api_key(key.digest), msgspec.json.encode(key), "NX")
    known = await read(redis, key.digest)
    if known is not None and known.workspace == workspace:
        await _list(redis, known)
    if known is None or known.id != key.id:
        await drop_listing(redis, workspace, key.id)
    await intents.clear(redis, nonce)
    if known is None or known.workspace != workspace:
        raise Conflict("secret", "key_taken", "this secret is the key of another workspace")
    return known, secret


@raises_unavailable
async def authenticate(redis: Redis, secret: str, *, now_ms: Callable[[], int] = clock.now_ms) -> ApiKey | None:
    """Return the key with this secret, unless it is revoked or expired."""
    key = await read(redis, digest_of(secret))
    return key if key is not None and _lives(key, now_ms()) else None


def _lives(key: ApiKey, now_ms: int) -> bool:
    return key.revoked_at_ms is None and (key.expires_at_ms is None or now_ms < key.expires_at_ms)


@raises_unavailable
async def get_active(
    redis: Redis, workspace: int, id: str, *, now_ms: Callable[[], int] = clock.now_ms
) -> ApiKey | None:
    """Return the key with this id, unless it is revoked or expired: for callers that have shown its secret before."""
    digest = await command(redis, "HGET", keys.workspace_keys(workspace), id)
    key = await read(redis, digest.decode()) if digest else None
    return key if key is not None and key.id == id and _lives(key, now_ms()) else None


@raises_unavailable
async def list_keys(redis: Redis, workspace: int) -> list[ApiKey]:
    """List all keys of a workspace, revoked ones included, oldest first."""
    digests = set(await command(redis, "HVALS", keys.workspace_keys(workspace)))
    found = [await read(redis, digest.decode()) for digest in digests]
    return sorted((key for key in found if key), key=lambda key: (key.created_at_ms, key.id))


@raises_unavailable
async def revoke(redis: Redis, workspace: int, id: str, *, now_ms: Callable[[], int] = clock.now_ms) -> bool:
    """Revoke a key for ever; return whether it existed."""
    digest = await command(redis, "HGET", keys.workspace_keys(workspace), id)
    key = await read(redis, digest.decode()) if digest else None
    if key is None or key.id != id:
        return False
    if key.revoked_at_ms is None:
        revoked = msgspec.structs.replace(key, revoked_at_ms=now_ms())
        await command(redis, "SET", keys.api_key(key.digest), msgspec.json.encode(revoked), "XX")
    return True


@raises_unavailable
async def edit(redis: Redis, workspace: int, id: str, changes: dict[str, Any]) -> ApiKey:
    """Change `name`, `scope` or `expires_at_ms` of a key. Raises Refused, and Missing for a revoked or unknown one."""
    if "name" in changes:
        _check_name(changes["name"])
    while True:
        digest = await command(redis, "HGET", keys.workspace_keys(workspace), id)
        raw: bytes = (await command(redis, "GET", keys.api_key(digest.decode())) if digest else None) or b""
        key = _decoder.decode(raw) if raw else None
        if key is None or key.id != id or key.revoked_at_ms is not None:
            raise Missing(id)
        changed = msgspec.structs.replace(key, **changes)
        if await REPLACE.run(redis, [keys.api_key(key.digest)], raw, msgspec.json.encode(changed)):
            return changed


@raises_unavailable
async def make_room(redis: Redis, workspace: int, *, plans: Plans, now_ms: Callable[[], int] = clock.now_ms) -> None:
    """Make room for one more key. At the plan's limit, revoked and expired keys leave the list and are forgotten after
    a while, except the bootstrap key, which the next start would create again. Raises NotInPlan."""
    plan = await plan_of(redis, plans, workspace)
    if await command(redis, "HLEN", keys.workspace_keys(workspace)) < plan.keys:
        return
    dead = [key for key in await list_keys(redis, workspace) if not _lives(key, now_ms())]
    for key in dead:
        if key.name != BOOTSTRAP:
            await command(redis, "PEXPIRE", keys.api_key(key.digest), FORGOTTEN_MS)
            await drop_listing(redis, workspace, key.id)
    if await command(redis, "HLEN", keys.workspace_keys(workspace)) >= plan.keys:
        raise NotInPlan("limit", "keys", plan.says("keys", limit=plan.keys))


def _check_name(name: str) -> None:
    if not name or len(name) > MAX_NAME or not name.isprintable():
        raise Refused("name", "invalid_name", f"a key's name has 1 to {MAX_NAME} printable characters")


async def import_key(redis: Redis, key: ApiKey) -> bool:
    """Import a key; return whether it was new."""
    await _list(redis, key)
    return bool(await command(redis, "SET", keys.api_key(key.digest), msgspec.json.encode(key), "NX"))


async def drop_listing(redis: Redis, workspace: int, id: str) -> None:
    await command(redis, "HDEL", keys.workspace_keys(workspace), id)


async def _list(redis: Redis, key: ApiKey) -> None:
    await command(redis, "HSET", keys.workspace_keys(key.workspace), key.id, key.digest)


async def read(redis: Redis, digest: str) -> ApiKey | None:
    raw = await command(redis, "GET", keys.api_key(digest))
    return _decoder.decode(raw) if raw else None
