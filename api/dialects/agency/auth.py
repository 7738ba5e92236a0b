"""Authenticate callers by API key or access token, and exchange keys for tokens at `/api/v1/token/`."""

from typing import Annotated

import msgspec
from msgspec import Meta
from starlette.requests import Request
from starlette.responses import Response

from api.auth import bearer, find_key, unauthorized
from api.context import ApiContext
from api.dialect import Call, Route
from api.dialects.agency import examples, tokens
from api.dialects.agency.tokens import RotatedTokens, TokenPair
from api.parsing import convert, read_object
from api.responses import Json
from schemas.code import ApiKey


class TokenRequest(msgspec.Struct, frozen=True):
    api_key: Annotated[str, Meta(description="A key of the workspace. Its tokens may do what the key may.")]


class RefreshRequest(msgspec.Struct, frozen=True):
    refresh: Annotated[str, Meta(description="The `refresh` of `POST /api/v1/token/`, or of an earlier rotation.")]
    rotate: Annotated[
        bool,
        Meta(description="If true, the answer also has a new `refresh`, and this one is refused from then on."),
    ] = False


async def authenticate(request: Request, context: ApiContext) -> ApiKey:
    """The caller's key, sent itself or as an access token. Raises Problem (401)."""
    sent = bearer(request, tokens.MAX_LENGTH)
    if sent is None:
        raise unauthorized("send an access token or an API key as `Authorization: Bearer <token>`")
    key = await tokens.holder(context, sent) if sent.count(".") == 2 else None
    if key is None:
        key = await find_key(request, context, sent)
    if key is None:
        raise unauthorized("this token or key is wrong, expired or revoked")
    return key


async def create_token(call: Call) -> Response:
    body = await read_object(call.request)
    sent = convert(body, TokenRequest, body.keys())
    context = call.context
    key = None
    if len(sent.api_key) <= tokens.MAX_LENGTH:
        key = await find_key(call.request, context, sent.api_key)
    if key is None:
        raise unauthorized("api_key is wrong, expired or revoked")
    return Json(await tokens.token_pair(context, key))


async def refresh_token(call: Call) -> Response:
    body = await read_object(call.request)
    sent = convert(body, RefreshRequest, body.keys())
    found = await tokens.refresh(call.context, sent.refresh, rotate=sent.rotate)
    if found is None:
        raise unauthorized("refresh is wrong, used or expired, or its key is revoked")
    return Json(found)


ROUTES = (
    Route(
        method="POST",
        path="/api/v1/token/",
        scope=None,
        summary="Exchange a key for tokens",
        description="The tokens may do what the key may, in this API only, and stop working with it.",
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
        description="A new access token, as long as the key works. `rotate` also gives a new refresh token and ends "
        "the one that was sent; if that is sent again, every token of its family is refused.",
        handler=refresh_token,
        status=200,
        answer=RotatedTokens,
        body=RefreshRequest,
        sent=examples.REFRESH,
        problems=(400,),
        example=examples.ACCESS,
    ),
)
