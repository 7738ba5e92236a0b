"""JSON Web Tokens: an API key is exchanged for two of them, and they are worth what the key is worth.

A token names its key and is looked up with it at each request, so it dies when the key is revoked or expires. It is no
key: only the routes below `/api/v1` know it.
"""

from datetime import timedelta
from typing import Annotated, Literal

import jwt
import msgspec
from msgspec import Meta
from starlette.requests import Request

from api import auth
from api.context import ApiContext
from codes import apikeys, signing
from codes.signing import Secret
from schemas.code import ApiKey

ACCESS = timedelta(minutes=15)
REFRESH = timedelta(hours=24)
# What is signed lives no longer than this, so a secret is kept for as long after its last use.
LIVES_MS = round(REFRESH.total_seconds() * 1000)
# Ours have fewer than 300 characters.
LONGEST = 512

Use = Literal["access", "refresh"]


class TokenRequest(msgspec.Struct, frozen=True):
    api_key: Annotated[str, Meta(description="A key of the workspace. The token may do what the key may.")]


class TokenPair(msgspec.Struct, frozen=True):
    access: Annotated[str, Meta(description="Sent as `Authorization: Bearer <access>`; lives for 15 minutes.")]
    refresh: Annotated[str, Meta(description="Gives new access tokens for 24 hours.")]


class RefreshRequest(msgspec.Struct, frozen=True):
    refresh: Annotated[str, Meta(description="The `refresh` of `POST /api/v1/token/`.")]


class AccessToken(msgspec.Struct, frozen=True):
    access: Annotated[str, Meta(description="As that of `POST /api/v1/token/`.")]


class _Claims(msgspec.Struct, frozen=True):
    """Of a token whose signature is ours."""

    sub: str
    workspace: int
    use: Use
    exp: int


def _ms(context: ApiContext) -> int:
    return round(context.now().timestamp() * 1000)


async def current_secret(context: ApiContext) -> Secret:
    return await signing.newest(context.codes.redis, lives_ms=LIVES_MS, now_ms=lambda: _ms(context))


def sign(context: ApiContext, secret: Secret, key: ApiKey, use: Use) -> str:
    now = round(context.now().timestamp())
    lives = ACCESS if use == "access" else REFRESH
    claims = _Claims(sub=key.id, workspace=key.workspace, use=use, exp=now + round(lives.total_seconds()))
    return jwt.encode(msgspec.to_builtins(claims) | {"iat": now}, secret.value, "HS256", headers={"kid": secret.id})


async def holder(context: ApiContext, token: str, use: Use) -> ApiKey | None:
    """The key behind a token of that use, if both live."""
    claims = await _claims(context, token) if len(token) <= LONGEST else None
    if claims is None or claims.use != use or claims.exp <= context.now().timestamp():
        return None
    return await apikeys.living(context.codes.redis, claims.workspace, claims.sub, now_ms=lambda: _ms(context))


async def _claims(context: ApiContext, token: str) -> _Claims | None:
    """What a token says, if we have signed it. Its times are looked at by our own clock, not by the library's."""
    try:
        named = jwt.get_unverified_header(token).get("kid")
        if not isinstance(named, str):
            return None
        redis = context.codes.redis
        secret = await signing.find(redis, named, lives_ms=LIVES_MS, now_ms=lambda: _ms(context))
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
    key = await holder(context, sent, "access") if sent.count(".") == 2 else None
    if key is None:
        key = await apikeys.authenticate(context.codes.redis, sent, now_ms=lambda: _ms(context))
    if key is None:
        raise auth.unauthorized("this token or key is wrong, expired or revoked")
    return key
