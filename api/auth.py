"""Who is asking, and may they: bearer keys and their scopes.

Each request asks Redis once and keeps nothing, so a revoked key is refused from the next request on
(docs/decisions/0602).
"""

from starlette.requests import Request

from api.context import ApiContext
from api.problems import Problem
from codes import apikeys
from codes.apikeys import Scope
from schemas.code import ApiKey

# What each scope may do: a wider one may do everything that a narrower one may.
_RANK = {"read": 0, "write": 1, "admin": 2}
# Longer than any key is; nobody's megabyte is hashed to find that out.
_LONGEST = 256


def bearer(request: Request, longest: int = _LONGEST) -> str | None:
    """The secret in the Authorization header, or None when there is none to try."""
    scheme, _, secret = request.headers.get("authorization", "").partition(" ")
    secret = secret.strip(" ")
    if scheme.lower() != "bearer" or not secret or len(secret) > longest:
        return None
    # Header bytes arrive as Latin-1; a key has only ASCII.
    return secret if secret.isascii() and secret.isprintable() and " " not in secret else None


def unauthorized(message: str) -> Problem:
    return Problem(401, "unauthorized", message, None, {"WWW-Authenticate": 'Bearer realm="waymark"'})


async def known(request: Request, context: ApiContext) -> ApiKey:
    """The live key that was sent. Raises Problem (401)."""
    secret = bearer(request)
    if secret is None:
        raise unauthorized("send your API key as `Authorization: Bearer <key>`")
    key = await looked_up(request, context, secret)
    if key is None:
        raise unauthorized("this API key is wrong, revoked or expired")
    return key


async def looked_up(request: Request, context: ApiContext, secret: str) -> ApiKey | None:
    """The live key with this secret. Where many wrong ones come from, it takes its time, or raises Problem (429)."""
    digest = apikeys.digest_of(secret)
    await context.wrong_keys.turn(request, digest)
    key = await apikeys.authenticate(
        context.codes.redis, secret, now_ms=lambda: round(context.now().timestamp() * 1000)
    )
    context.wrong_keys.found(request, digest, right=key is not None)
    return key


def check_scope(key: ApiKey, scope: Scope) -> None:
    """Raises Problem (403) for a key that may not do this."""
    if _RANK[key.scope] < _RANK[scope]:
        raise Problem(403, "forbidden", f"this needs a key with the scope {scope}; this key's scope is {key.scope}")
