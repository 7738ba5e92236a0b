"""Sessions of shared views: what a link and its password are exchanged for.

A session is a signed token that names its view and nothing else. It is no key: only routes of the scope `shared` take
it, and those take nothing else. It is sent in a header and never a cookie, so that it works in frames of other sites,
and leaves alone whoever is signed in to the dashboard of the same browser. The view is looked up at each request.
"""

import secrets
from datetime import timedelta
from typing import Literal

import jwt
import msgspec
from starlette.requests import Request

from api.auth import bearer, unauthorized
from api.context import ApiContext
from codes import shared_views, token_secrets
from schemas.code import SharedView

LIFETIME = timedelta(hours=12)
# Signing secrets are shared with QR Code Agency's tokens, the longest of which lives for a day.
_SECRET_MS = 24 * 3600 * 1000
_MAX_LENGTH = 512


class _Claims(msgspec.Struct, frozen=True):
    use: Literal["shared view"]
    view: str
    workspace: int
    exp: int
    id: str


async def sign(context: ApiContext, view: SharedView) -> str:
    secret = await token_secrets.current(context.codes.redis, lives_ms=_SECRET_MS, now_ms=context.now_ms)
    exp = round((context.now() + LIFETIME).timestamp())
    claims = _Claims("shared view", view.id, view.workspace, exp, secrets.token_hex(8))
    return jwt.encode(msgspec.to_builtins(claims), secret.value, "HS256", headers={"kid": secret.id})


async def authenticate(request: Request, context: ApiContext) -> SharedView:
    """The view whose session this request carries, while both last. Raises Problem (401)."""
    token = bearer(request, _MAX_LENGTH)
    if token is None:
        raise unauthorized("send the session of a shared view as `Authorization: Bearer <session>`")
    claims = await _claims(context, token)
    view = None
    if claims is not None and claims.exp > context.now().timestamp():
        redis = context.codes.redis
        view = await shared_views.get_active(redis, claims.workspace, claims.view, now_ms=context.now_ms)
    if view is None:
        raise unauthorized("this session of a shared view is wrong, or has ended")
    return view


async def _claims(context: ApiContext, token: str) -> _Claims | None:
    """The claims of a session that we have signed. Our own clock checks the expiry, not the library's."""
    try:
        secret_id = jwt.get_unverified_header(token).get("kid")
        if not isinstance(secret_id, str):
            return None
        secret = await token_secrets.find(context.codes.redis, secret_id, lives_ms=_SECRET_MS, now_ms=context.now_ms)
        if secret is None:
            return None
        claims = jwt.decode(token, secret.value, algorithms=["HS256"], options={"verify_exp": False})
        return msgspec.convert(claims, _Claims)
    except (jwt.PyJWTError, msgspec.ValidationError):
        return None
