"""JSON Web Tokens: sign, verify and rotate the two tokens that an API key is exchanged for.

A token names its key, which is looked up at each request: when the key is revoked or expires, the token stops working.
Only the routes below `/api/v1` accept tokens.

A refresh token is good until it expires, as the document says, unless its holder asks for rotation: then each is good
once, its answer has the next one, and one that is used again ends its whole family (docs/decisions/1206).
"""

import secrets
from datetime import timedelta
from typing import Annotated, Literal

import jwt
import msgspec
from msgspec import Meta

from api.context import ApiContext
from codes import apikeys, token_secrets
from codes.redis_client import Script, raises_unavailable
from codes.token_secrets import Secret
from schemas import keys
from schemas.code import ApiKey

ACCESS = timedelta(minutes=15)
REFRESH = timedelta(hours=24)
# No token lives longer, so a signing secret is kept this long after its last use.
LIFETIME_MS = round(REFRESH.total_seconds() * 1000)
# A token of ours has fewer than 400 characters.
MAX_LENGTH = 512

Use = Literal["access", "refresh"]


class TokenPair(msgspec.Struct, frozen=True):
    access: Annotated[str, Meta(description="Sent as `Authorization: Bearer <access>`; lives for 15 minutes.")]
    refresh: Annotated[str, Meta(description="Gives new access tokens for 24 hours.")]


class AccessToken(msgspec.Struct, frozen=True):
    access: Annotated[str, Meta(description="As in the answer of `POST /api/v1/token/`.")]


class RotatedTokens(AccessToken, frozen=True, omit_defaults=True):
    refresh: Annotated[str, Meta(description="Only with `rotate`: replaces the one that was sent.")] = ""


class _Claims(msgspec.Struct, frozen=True):
    """The claims of a token that we have signed."""

    sub: str
    workspace: int
    use: Use
    exp: int
    # Of a refresh token: its family, and its number in the family.
    family: str = ""
    turn: int = 0


# The value is the turn of a rotated family that is valid, or -1 after a used token was sent again. ARGV: the turn that
# was sent, whether to rotate, the family's remaining lifetime in ms. Returns whether the token is valid.
_USE = Script("""
local now = tonumber(redis.call('GET', KEYS[1]) or '0')
local sent = tonumber(ARGV[1])
if now ~= sent then
  redis.call('SET', KEYS[1], '-1', 'PX', ARGV[3])
  return 0
end
if ARGV[2] == '1' then redis.call('SET', KEYS[1], sent + 1, 'PX', ARGV[3]) end
return 1
""")


async def current_secret(context: ApiContext) -> Secret:
    return await token_secrets.current(context.codes.redis, lives_ms=LIFETIME_MS, now_ms=context.now_ms)


def sign(context: ApiContext, secret: Secret, key: ApiKey, use: Use, family: str = "", turn: int = 0) -> str:
    now = round(context.now().timestamp())
    lifetime = ACCESS if use == "access" else REFRESH
    exp = now + round(lifetime.total_seconds())
    claims = _Claims(sub=key.id, workspace=key.workspace, use=use, exp=exp, family=family, turn=turn)
    return jwt.encode(msgspec.to_builtins(claims) | {"iat": now}, secret.value, "HS256", headers={"kid": secret.id})


async def token_pair(context: ApiContext, key: ApiKey) -> TokenPair:
    secret = await current_secret(context)
    refresh = sign(context, secret, key, "refresh", secrets.token_hex(16))
    return TokenPair(sign(context, secret, key, "access"), refresh)


async def refresh(context: ApiContext, token: str, *, rotate: bool) -> RotatedTokens | None:
    """A new access token for a valid refresh token, and with `rotate` the next refresh token; None for any other."""
    claims = await _valid_claims(context, token, "refresh")
    key = await _key(context, claims) if claims is not None else None
    if claims is None or key is None:
        return None
    if not await _use(context, claims, rotate=rotate):
        return None
    secret = await current_secret(context)
    refresh = sign(context, secret, key, "refresh", claims.family, claims.turn + 1) if rotate else ""
    return RotatedTokens(sign(context, secret, key, "access"), refresh)


@raises_unavailable
async def _use(context: ApiContext, claims: _Claims, *, rotate: bool) -> bool:
    family_key = keys.token_family(claims.family)
    # (The newest token of a family may have its whole lifetime before it.)
    return bool(await _USE.run(context.codes.redis, [family_key], claims.turn, int(rotate), LIFETIME_MS + 60_000))


async def holder(context: ApiContext, token: str) -> ApiKey | None:
    """The key of an access token, if both are valid; else None."""
    claims = await _valid_claims(context, token, "access")
    return await _key(context, claims) if claims is not None else None


async def _valid_claims(context: ApiContext, token: str, use: Use) -> _Claims | None:
    claims = await _signed_claims(context, token) if len(token) <= MAX_LENGTH else None
    if claims is None or claims.use != use or claims.exp <= context.now().timestamp():
        return None
    return claims


async def _key(context: ApiContext, claims: _Claims) -> ApiKey | None:
    return await apikeys.get_active(context.codes.redis, claims.workspace, claims.sub, now_ms=context.now_ms)


async def _signed_claims(context: ApiContext, token: str) -> _Claims | None:
    """The claims of a token that we have signed, else None. Our own clock checks the expiry, not the library's."""
    try:
        secret_id = jwt.get_unverified_header(token).get("kid")
        if not isinstance(secret_id, str):
            return None
        redis = context.codes.redis
        secret = await token_secrets.find(redis, secret_id, lives_ms=LIFETIME_MS, now_ms=context.now_ms)
        if secret is None:
            return None
        claims = jwt.decode(
            token, secret.value, algorithms=["HS256"], options={"verify_exp": False, "verify_iat": False}
        )
        return msgspec.convert(claims, _Claims)
    except (jwt.PyJWTError, msgspec.ValidationError):
        return None
