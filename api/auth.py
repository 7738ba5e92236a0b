"""Authentication by bearer keys or by a session of the dashboard, and their scopes.

Each request asks Redis once and nothing is cached, so a revoked key is refused from the next request on
(docs/decisions/0602).
"""

from starlette.requests import Request

from api import session_cookie
from api.context import ApiContext
from api.problems import Problem
from codes import apikeys, sessions
from codes.apikeys import Scope
from schemas.code import ApiKey

# A wider scope includes the narrower ones.
_RANK = {"read": 0, "write": 1, "admin": 2}
# Longer than any key, so that no megabyte is hashed in vain.
_LONGEST = 256


def bearer(request: Request, longest: int = _LONGEST) -> str | None:
    """The secret in the Authorization header, or None."""
    scheme, _, secret = request.headers.get("authorization", "").partition(" ")
    secret = secret.strip(" ")
    if scheme.lower() != "bearer" or not secret or len(secret) > longest:
        return None
    # Header bytes arrive as Latin-1; a key has only ASCII.
    return secret if secret.isascii() and secret.isprintable() and " " not in secret else None


def unauthorized(message: str) -> Problem:
    return Problem(401, "unauthorized", message, None, {"WWW-Authenticate": 'Bearer realm="waymark"'})


async def authenticate(request: Request, context: ApiContext) -> ApiKey:
    """The valid key of a request: in its header, or that of the session in its cookie. Raises Problem (401, 403)."""
    secret = bearer(request)
    if secret is None and "authorization" not in request.headers and (cookie := session_cookie.read(request, context)):
        session_cookie.check_origin(request)
        signed_in = await sessions.authenticate(context.codes.redis, cookie, now_ms=context.now_ms)
        if signed_in is None:
            raise unauthorized("you are signed out: sign in again")
        session, owner = signed_in
        request.state.session = session
        return owner
    if secret is None:
        raise unauthorized("send your API key as `Authorization: Bearer <key>`")
    key = await find_key(request, context, secret)
    if key is None:
        raise unauthorized("this API key is wrong, revoked or expired")
    return key


async def find_key(request: Request, context: ApiContext, secret: str) -> ApiKey | None:
    """The valid key with this secret, or None. Slow for an address that sends many wrong ones; raises Problem (429)."""
    digest = apikeys.digest_of(secret)
    await context.wrong_keys.turn(request, digest)
    key = await apikeys.authenticate(context.codes.redis, secret, now_ms=context.now_ms)
    context.wrong_keys.found(request, digest, right=key is not None)
    return key


def check_scope(key: ApiKey, scope: Scope) -> None:
    """Raises Problem (403) for a key whose scope is too narrow."""
    if _RANK[key.scope] < _RANK[scope]:
        raise Problem(403, "forbidden", f"this needs a key with the scope {scope}; this key's scope is {key.scope}")
