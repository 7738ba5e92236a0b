"""JSON Web Tokens: an API key is exchanged for two of them, and they are worth what the key is worth.

A token names its key and is looked up with it at each request, so it dies when the key is revoked or expires. It is no
key: only the routes below `/api/v1` know it.

A refresh token is good until it expires, as the document says, unless its holder asks for rotation: then each is good
once, its answer brings the next one, and one that comes back ends all of its family (docs/decisions/1206).
"""

import secrets
from datetime import timedelta
from typing import Annotated, Literal

import jwt
import msgspec
from msgspec import Meta
from starlette.requests import Request

from api import auth
from api.context import ApiContext
from codes import apikeys, token_secrets
from codes.redis_client import Script, raises_unavailable
from codes.token_secrets import Secret
from schemas import keys
from schemas.code import ApiKey

ACCESS = timedelta(minutes=15)
REFRESH = timedelta(hours=24)
# What is signed lives no longer than this, so a secret is kept for as long after its last use.
LIVES_MS = round(REFRESH.total_seconds() * 1000)
# Ours have fewer than 400 characters.
LONGEST = 512

Use = Literal["access", "refresh"]


class TokenRequest(msgspec.Struct, frozen=True):
    api_key: Annotated[str, Meta(description="A key of the workspace. The token may do what the key may.")]


class TokenPair(msgspec.Struct, frozen=True):
    access: Annotated[str, Meta(description="Sent as `Authorization: Bearer <access>`; lives for 15 minutes.")]
    refresh: Annotated[str, Meta(description="Gives new access tokens for 24 hours.")]


class RefreshRequest(msgspec.Struct, frozen=True):
    refresh: Annotated[str, Meta(description="The `refresh` of `POST /api/v1/token/`, or of a rotation.")]
    rotate: Annotated[
        bool,
        Meta(description="The answer has a new `refresh`, too; this one is refused from then on."),
    ] = False


class AccessToken(msgspec.Struct, frozen=True):
    access: Annotated[str, Meta(description="As that of `POST /api/v1/token/`.")]


class RotatedTokens(AccessToken, frozen=True, omit_defaults=True):
    refresh: Annotated[str, Meta(description="Only with `rotate`: takes the place of the one that was sent.")] = ""


class _Claims(msgspec.Struct, frozen=True):
    """Of a token whose signature is ours."""

    sub: str
    workspace: int
    use: Use
    exp: int
    # Of a refresh token: whose descendant it is, and which.
    family: str = ""
    turn: int = 0


# Of a family that has been rotated: the turn that is good, or -1 when one came back that was not. ARGV: the turn that
# was sent, whether to rotate, how long the family lives from now. Returns whether it was good.
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


def _ms(context: ApiContext) -> int:
    return round(context.now().timestamp() * 1000)


async def current_secret(context: ApiContext) -> Secret:
    return await token_secrets.current(context.codes.redis, lives_ms=LIVES_MS, now_ms=lambda: _ms(context))


def sign(context: ApiContext, secret: Secret, key: ApiKey, use: Use, family: str = "", turn: int = 0) -> str:
    now = round(context.now().timestamp())
    lives = ACCESS if use == "access" else REFRESH
    exp = now + round(lives.total_seconds())
    claims = _Claims(sub=key.id, workspace=key.workspace, use=use, exp=exp, family=family, turn=turn)
    return jwt.encode(msgspec.to_builtins(claims) | {"iat": now}, secret.value, "HS256", headers={"kid": secret.id})


async def pair(context: ApiContext, key: ApiKey) -> TokenPair:
    secret = await current_secret(context)
    refresh = sign(context, secret, key, "refresh", secrets.token_hex(16))
    return TokenPair(sign(context, secret, key, "access"), refresh)


async def refreshed(context: ApiContext, token: str, *, rotate: bool) -> RotatedTokens | None:
    """A new access token for a refresh token that is good; with `rotate` the next refresh token, too."""
    claims = await _living(context, token, "refresh")
    key = await _key(context, claims) if claims is not None else None
    if claims is None or key is None:
        return None
    if not await _used(context, claims, rotate=rotate):
        return None
    secret = await current_secret(context)
    refresh = sign(context, secret, key, "refresh", claims.family, claims.turn + 1) if rotate else ""
    return RotatedTokens(sign(context, secret, key, "access"), refresh)


@raises_unavailable
async def _used(context: ApiContext, claims: _Claims, *, rotate: bool) -> bool:
    at = keys.token_family(claims.family)
    # (The newest of a family can live for a whole term from now.)
    return bool(await _USE.run(context.codes.redis, [at], claims.turn, int(rotate), LIVES_MS + 60_000))


async def holder(context: ApiContext, token: str) -> ApiKey | None:
    """The key behind an access token, if both live."""
    claims = await _living(context, token, "access")
    return await _key(context, claims) if claims is not None else None


async def _living(context: ApiContext, token: str, use: Use) -> _Claims | None:
    claims = await _claims(context, token) if len(token) <= LONGEST else None
    if claims is None or claims.use != use or claims.exp <= context.now().timestamp():
        return None
    return claims


async def _key(context: ApiContext, claims: _Claims) -> ApiKey | None:
    return await apikeys.get_active(context.codes.redis, claims.workspace, claims.sub, now_ms=lambda: _ms(context))


async def _claims(context: ApiContext, token: str) -> _Claims | None:
    """What a token says, if we have signed it. Its times are looked at by our own clock, not by the library's."""
    try:
        named = jwt.get_unverified_header(token).get("kid")
        if not isinstance(named, str):
            return None
        redis = context.codes.redis
        secret = await token_secrets.find(redis, named, lives_ms=LIVES_MS, now_ms=lambda: _ms(context))
        if secret is None:
            return None
        said = jwt.decode(token, secret.value, algorithms=["HS256"], options={"verify_exp": False, "verify_iat": False})
        return msgspec.convert(said, _Claims)
    except (jwt.PyJWTError, msgspec.ValidationError):
        return None


async def authenticate(request: Request, context: ApiContext) -> ApiKey:
    """The key of the caller, sent as it is or as an access token. Raises Problem (401)."""
    sent = auth.bearer(request, LONGEST)
    if sent is None:
        raise auth.unauthorized("send an access token or an API key as `Authorization: Bearer <token>`")
    key = await holder(context, sent) if sent.count(".") == 2 else None
    if key is None:
        key = await auth.looked_up(request, context, sent)
    if key is None:
        raise auth.unauthorized("this token or key is wrong, expired or revoked")
    return key
