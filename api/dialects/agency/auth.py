"""`/api/v1/token/`: an API key for two tokens, and a new token for an old one. The only routes that need no key."""

from starlette.responses import Response

from api.auth import looked_up, unauthorized
from api.dialect import Call, Route
from api.dialects.agency import examples, tokens
from api.dialects.agency.tokens import RefreshRequest, RotatedTokens, TokenPair, TokenRequest
from api.parsing import convert, read_object
from api.responses import Json


async def create_token(call: Call) -> Response:
    body = await read_object(call.request)
    sent = convert(body, TokenRequest, body.keys())
    context = call.context
    key = None
    if len(sent.api_key) <= tokens.LONGEST:
        key = await looked_up(call.request, context, sent.api_key)
    if key is None:
        raise unauthorized("api_key is wrong, expired or revoked")
    return Json(await tokens.pair(context, key))


async def refresh_token(call: Call) -> Response:
    body = await read_object(call.request)
    sent = convert(body, RefreshRequest, body.keys())
    found = await tokens.refreshed(call.context, sent.refresh, rotate=sent.rotate)
    if found is None:
        raise unauthorized("refresh is wrong, used or expired, or its key is revoked")
    return Json(found)


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
        description="A new access token, for as long as the key lives. With `rotate` there is a new refresh token too, "
        "and the one that was sent is good no longer; when it is sent again, all that descend from it are refused.",
        handler=refresh_token,
        status=200,
        answer=RotatedTokens,
        body=RefreshRequest,
        sent=examples.REFRESH,
        problems=(400,),
        example=examples.ACCESS,
    ),
)
