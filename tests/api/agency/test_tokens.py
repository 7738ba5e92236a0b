"""QR Code Agency's tokens: short-lived, of this API alone, and worth what their key is worth."""

import asyncio
import base64
import json
from datetime import timedelta
from typing import Any

import httpx
import jwt
import pytest

from api.dialects import DIALECTS
from api.dialects.agency import DIALECT
from codes import apikeys
from codes.apikeys import Scope
from codes.workspaces import ensure_workspace
from tests.api.agency.calls import LIST, NEW
from tests.api.service import Service

TOKEN = "/api/v1/token/"
REFRESH = "/api/v1/token/refresh/"


async def exchanged(api: Service, key: str) -> dict[str, str]:
    response = await api.anonymous.post(TOKEN, json={"api_key": key})
    assert response.status_code == 200, response.text
    found: dict[str, str] = response.json()
    return found


async def status(api: Service, token: str, path: str = LIST) -> int:
    return (await api.anonymous.get(path, headers={"Authorization": f"Bearer {token}"})).status_code


async def test_a_key_is_exchanged_for_tokens(api: Service) -> None:
    """All routes require a JWT bearer token."""
    tokens = await exchanged(api, await api.key())
    assert list(tokens) == ["access", "refresh"]
    assert await status(api, tokens["access"]) == 200
    made = await api.anonymous.post(LIST, json=NEW, headers={"Authorization": f"bearer {tokens['access']}"})
    assert made.status_code == 201
    # Without a slash at the end too.
    assert (await api.anonymous.post("/api/v1/token", json={"api_key": await api.key()})).status_code == 200


async def test_a_key_is_a_bearer_too(api: Service) -> None:
    """Authorization: Bearer <jwt>"""
    assert await status(api, await api.key()) == 200
    workspace = (await ensure_workspace(api.redis, "ours")).number
    _, odd = await apikeys.create_key(api.redis, workspace, "odd", "read", secret="eyJhb.eyJz.dG9r")
    assert await status(api, odd) == 200


@pytest.mark.parametrize("body", [{}, {"api_key": None}, {"api_key": 7}, {"key": "x"}])
async def test_what_is_no_request(api: Service, body: dict[str, Any]) -> None:
    """Authorization: Bearer <jwt>"""
    response = await api.anonymous.post(TOKEN, json=body)
    assert response.status_code == 400
    assert response.json()["detail"].startswith("api_key ")


@pytest.mark.parametrize("key", ["", "oqr_live_wrong", "x" * 10_000, "\x00", "é"])
async def test_a_wrong_key_gets_no_token(api: Service, key: str) -> None:
    """Authorization: Bearer <jwt>"""
    response = await api.anonymous.post(TOKEN, json={"api_key": key})
    assert (response.status_code, response.json()) == (401, {"detail": "api_key is wrong, expired or revoked"})


async def test_an_access_token_lives_for_a_quarter_of_an_hour(api: Service) -> None:
    """Authorization: Bearer <jwt>"""
    tokens = await exchanged(api, await api.key())
    api.clock.pass_by(minutes=14, seconds=59)
    assert await status(api, tokens["access"]) == 200
    api.clock.pass_by(seconds=2)
    assert await status(api, tokens["access"]) == 401


async def test_a_refresh_token_gives_access_for_a_day(api: Service) -> None:
    """Authorization: Bearer <jwt>"""
    tokens = await exchanged(api, await api.key())
    api.clock.pass_by(hours=23)
    response = await api.anonymous.post(REFRESH, json={"refresh": tokens["refresh"]})
    assert response.status_code == 200
    assert list(response.json()) == ["access"]
    assert await status(api, response.json()["access"]) == 200
    api.clock.pass_by(hours=1, seconds=1)
    assert (await api.anonymous.post(REFRESH, json={"refresh": tokens["refresh"]})).status_code == 401


async def test_a_holder_who_asks_for_rotation_has_each_refresh_token_once(api: Service) -> None:
    """Authorization: Bearer <jwt>"""
    first = (await exchanged(api, await api.key()))["refresh"]

    async def refreshed(token: str, **more: bool) -> httpx.Response:
        return await api.anonymous.post(REFRESH, json={"refresh": token, **more})

    # Until somebody asks, nothing is used up.
    assert [(await refreshed(first)).json().keys() for _ in range(2)] == [{"access"}, {"access"}]
    answer = (await refreshed(first, rotate=True)).json()
    assert list(answer) == ["access", "refresh"] and await status(api, answer["access"]) == 200
    second = answer["refresh"]
    api.clock.pass_by(hours=23)
    assert (await refreshed(second)).status_code == 200
    both = await asyncio.gather(*(refreshed(second, rotate=True) for _ in range(2)))
    assert sorted(one.status_code for one in both) == [200, 401]
    # One came back: whoever has its descendants may have stolen it.
    third = next(one.json()["refresh"] for one in both if one.status_code == 200)
    assert (await refreshed(third)).status_code == 401
    other = (await exchanged(api, await api.key()))["refresh"]
    assert (await refreshed(other, rotate=True)).status_code == 200
    assert (await refreshed(other)).status_code == 401


async def test_each_token_has_one_use(api: Service) -> None:
    """Authorization: Bearer <jwt>"""
    tokens = await exchanged(api, await api.key())
    assert await status(api, tokens["refresh"]) == 401
    for wrong in (tokens["access"], await api.key(), "", "x"):
        assert (await api.anonymous.post(REFRESH, json={"refresh": wrong})).status_code == 401
    assert (await api.anonymous.post(REFRESH, json={})).status_code == 400


async def test_a_token_works_in_this_api_only(api: Service) -> None:
    """All routes require a JWT bearer token."""
    tokens = await exchanged(api, await api.key())
    others = [
        route.path
        for dialect in DIALECTS
        if dialect is not DIALECT
        for route in dialect.routes
        if route.method == "GET" and "{" not in route.path and route.scope is not None
    ]
    assert {"/v1/dynamic", "/api/qr/codes"} <= set(others)
    for path in others:
        for token in tokens.values():
            assert await status(api, token, path) == 401


@pytest.mark.parametrize("how", ["revoked", "expired"])
async def test_tokens_die_with_their_key(api: Service, how: str) -> None:
    """Authorization: Bearer <jwt>"""
    workspace = (await ensure_workspace(api.redis, "ours")).number
    until = api.clock.ms() + 60_000 if how == "expired" else None
    key, secret = await apikeys.create_key(api.redis, workspace, "short-lived", "write", until)
    tokens = await exchanged(api, secret)
    assert await status(api, tokens["access"]) == 200
    if how == "revoked":
        await apikeys.revoke(api.redis, workspace, key.id)
    else:
        api.clock.pass_by(seconds=60)
    assert await status(api, tokens["access"]) == 401
    assert (await api.anonymous.post(REFRESH, json={"refresh": tokens["refresh"]})).status_code == 401
    assert (await api.anonymous.post(TOKEN, json={"api_key": secret})).status_code == 401


@pytest.mark.parametrize(("scope", "expected"), [("read", 403), ("write", 201), ("admin", 201)])
async def test_a_token_may_do_what_its_key_may(api: Service, scope: Scope, expected: int) -> None:
    """Authorization: Bearer <jwt>"""
    token = (await exchanged(api, await api.key(scope=scope)))["access"]
    assert await status(api, token) == 200
    response = await api.anonymous.post(LIST, json=NEW, headers={"Authorization": f"Bearer {token}"})
    assert response.status_code == expected


async def test_the_secret_rotates_and_the_old_one_holds_while_its_tokens_live(api: Service) -> None:
    """Authorization: Bearer <jwt>"""
    key = await api.key()
    first = await exchanged(api, key)
    api.clock.pass_by(hours=23, minutes=59)
    second = await exchanged(api, key)
    assert jwt.get_unverified_header(second["access"])["kid"] == jwt.get_unverified_header(first["access"])["kid"]
    api.clock.pass_by(minutes=1)
    third = await exchanged(api, key)
    assert jwt.get_unverified_header(third["access"])["kid"] != jwt.get_unverified_header(second["access"])["kid"]
    assert await status(api, second["access"]) == 200
    assert await status(api, third["access"]) == 200
    api.clock.pass_by(hours=23, minutes=58)
    assert (await api.anonymous.post(REFRESH, json={"refresh": second["refresh"]})).status_code == 200


def part(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


async def test_a_token_that_we_did_not_sign_is_nobodys(api: Service) -> None:
    """Authorization: Bearer <jwt>"""
    good = (await exchanged(api, await api.key()))["access"]
    head, body, signature = good.split(".")
    claims = jwt.decode(good, options={"verify_signature": False})
    kid = jwt.get_unverified_header(good)["kid"]
    forged = [
        f"{head}.{part(claims | {'exp': 2**40})}.{signature}",
        f"{part({'alg': 'none', 'typ': 'JWT', 'kid': kid})}.{body}.",
        f"{part({'alg': 'none', 'kid': kid})}.{body}.{signature}",
        jwt.encode(claims, "x" * 32, "HS256", headers={"kid": kid}),
        jwt.encode(claims, "x" * 32, "HS256"),
        jwt.encode(claims, "x" * 32, "HS256", headers={"kid": "another"}),
        f"{part({'alg': 'HS256', 'kid': 7})}.{body}.{signature}",
        f"{head}.{body}.{signature[:-2]}",
        f"{head}.{body}.",
        "..",
        "a.b.c",
        f"{good}.x",
        good + "A" * 600,
    ]
    for token in forged:
        assert await status(api, token) == 401, token
    assert await status(api, good) == 200


async def test_a_signed_token_must_say_all(api: Service) -> None:
    """Authorization: Bearer <jwt>"""
    good = (await exchanged(api, await api.key()))["access"]
    claims = jwt.decode(good, options={"verify_signature": False})
    header = jwt.get_unverified_header(good)
    raw = await api.redis.get("{wm}:token-secrets")
    assert isinstance(raw, bytes)
    secret = base64.b64decode(json.loads(raw)[0]["value"])

    def signed(said: dict[str, Any]) -> str:
        return jwt.encode(said, secret, "HS256", headers={"kid": header["kid"]})

    assert await status(api, signed(claims)) == 200
    for name in ("sub", "workspace", "use", "exp"):
        assert await status(api, signed({key: value for key, value in claims.items() if key != name})) == 401
    for wrong in ({"sub": "x"}, {"workspace": claims["workspace"] + 1}, {"use": "refresh"}, {"exp": "never"}):
        assert await status(api, signed(claims | wrong)) == 401


async def test_many_processes_begin_with_one_secret(api: Service) -> None:
    """Authorization: Bearer <jwt>"""
    key = await api.key(lasts=timedelta(hours=1))
    tokens = await asyncio.gather(*(exchanged(api, key) for _ in range(20)))
    assert len({jwt.get_unverified_header(each["access"])["kid"] for each in tokens}) == 1


async def test_answers_with_tokens_are_kept_by_nobody(api: Service) -> None:
    """Authorization: Bearer <jwt>"""
    response: httpx.Response = await api.anonymous.post(TOKEN, json={"api_key": await api.key()})
    assert response.headers["cache-control"] == "no-store"
