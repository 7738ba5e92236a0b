"""`/api/v1/token/`: an API key for two tokens, and a new token for an old one. The only routes that need no key."""

from starlette.responses import Response

from api.answers import Json
from api.auth import unauthorized
from api.body import read_object
from api.dialect import Call, Route
from api.dialects.agency import examples, tokens
from api.dialects.agency.tokens import AccessToken, RefreshRequest, TokenPair, TokenRequest
from api.input import convert
from codes import apikeys


async def create_token(call: Call) -> Response:
    body = await read_object(call.request)
    sent = convert(body, TokenRequest, body.keys())
    context = call.context
    key = None
    if len(sent.api_key) <= tokens.LONGEST:
        now_ms = round(context.now().timestamp() * 1000)
        key = await apikeys.authenticate(context.codes.redis, sent.api_key, now_ms=lambda: now_ms)
    if key is None:
        raise unauthorized("api_key is wrong, expired or revoked")
    secret = await tokens.current_secret(context)
    return Json(TokenPair(*(tokens.sign(context, secret, key, use) for use in ("access", "refresh"))))


async def refresh_token(call: Call) -> Response:
    body = await read_object(call.request)
    sent = convert(body, RefreshRequest, body.keys())
    key = await tokens.holder(call.context, sent.refresh, "refresh")
    if key is None:
        raise unauthorized("refresh is wrong or expired, or its key is revoked")
    return Json(AccessToken(tokens.sign(call.context, await tokens.current_secret(call.context), key, "access")))


ROUTES = (
    Route(
        method="POST",
        path="/api/v1/token/",
        scope=None,
        summary="Exchange a key for tokens",
        description="The tokens may do what the key may, in this API alone, and die with it.",
        handler=create_token,
        status=200,
        answer=TokenPair,
        body=TokenRequest,
        sent=examples.TOKEN_REQUEST,
        problems=(400,),
        example=examples.TOKENS,
    ),
    Route(
        method="POST",
        path="/api/v1/token/refresh/",
        scope=None,
        summary="Refresh an access token",
        description="A new access token, for as long as the key lives.",
        handler=refresh_token,
        status=200,
        answer=AccessToken,
        body=RefreshRequest,
        sent=examples.REFRESH,
        problems=(400,),
        example=examples.ACCESS,
    ),
)
