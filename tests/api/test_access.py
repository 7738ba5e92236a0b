"""Keys: which are let in, what their scope allows, and whose codes they reach."""

from datetime import timedelta

import pytest

from codes import apikeys
from codes.apikeys import Scope
from codes.workspaces import ensure_workspace
from tests.api.service import Service

OPERATIONS = [
    ("GET", "", "read"),
    ("GET", "/{id}", "read"),
    ("GET", "/{id}/scans", "read"),
    ("POST", "", "write"),
    ("PATCH", "/{id}", "write"),
    ("DELETE", "/{id}", "write"),
]


@pytest.mark.parametrize(("method", "path", "needs"), OPERATIONS)
@pytest.mark.parametrize("scope", ["read", "write", "admin"])
async def test_a_scope_allows_what_it_says(api: Service, method: str, path: str, needs: Scope, scope: Scope) -> None:
    id = (await api.make())["id"]
    caller = await api.caller(scope=scope)
    response = await caller.request(
        method, "/v1/dynamic" + path.format(id=id), json={"destination": "https://example.com/b"}
    )
    if scope == "read" and needs == "write":
        assert (response.status_code, response.json()["error"]["code"]) == (403, "forbidden")
        assert (await api.client.get(f"/v1/dynamic/{id}")).json()["destination"] == "https://example.com/a"
        assert len((await api.client.get("/v1/dynamic")).json()["codes"]) == 1
    else:
        assert response.status_code in (200, 201)


async def test_an_expired_key_is_out_at_its_moment(api: Service) -> None:
    key = await api.key(lasts=timedelta(seconds=10))
    caller = api.connect(Authorization=f"Bearer {key}")
    api.clock.pass_by(seconds=9.999)
    assert (await caller.get("/v1/dynamic")).status_code == 200
    api.clock.pass_by(seconds=0.001)
    assert (await caller.get("/v1/dynamic")).status_code == 401


async def test_a_revoked_key_is_out_with_the_next_request(api: Service) -> None:
    workspace = (await ensure_workspace(api.redis, "ours")).number
    key, secret = await apikeys.create_key(api.redis, workspace, "short-lived", "write")
    caller = api.connect(Authorization=f"Bearer {secret}")
    for _ in range(3):
        assert (await caller.get("/v1/dynamic")).status_code == 200
    assert await apikeys.revoke(api.redis, workspace, key.id)
    assert (await caller.get("/v1/dynamic")).status_code == 401


async def test_any_prefix_is_a_key(api: Service) -> None:
    workspace = (await ensure_workspace(api.redis, "ours")).number
    for prefix in ("qrav_", "exa-", "sk_live_"):
        _, secret = await apikeys.create_key(api.redis, workspace, "other", "read", prefix=prefix)
        assert (await api.connect(Authorization=f"Bearer {secret}").get("/v1/dynamic")).status_code == 200


async def test_another_workspace_sees_and_changes_nothing(api: Service) -> None:
    code = await api.make(slug="ours")
    theirs = await api.caller("theirs")
    for method, path, _ in OPERATIONS[1:]:
        if "{id}" in path:
            response = await theirs.request(method, "/v1/dynamic" + path.format(id=code["id"]), json={"label": "x"})
            assert (response.status_code, response.json()["error"]["code"]) == (404, "not_found")
    assert (await theirs.get("/v1/dynamic")).json()["codes"] == []
    assert (await api.client.get(f"/v1/dynamic/{code['id']}")).json() == code


async def test_who_may_not_ask_does_not_learn_what_is_there(api: Service) -> None:
    code = await api.make()
    answers = [
        (await api.anonymous.get(f"/v1/dynamic/{id}", headers={"Authorization": "Bearer no"})).json()
        for id in (code["id"], "00000000-0000-4000-8000-000000000000", "x")
    ]
    assert answers[0] == answers[1] == answers[2]
    assert answers[0]["error"]["code"] == "unauthorized"


async def test_a_code_remembers_the_key_that_made_it(api: Service) -> None:
    code = await api.make()
    workspace = (await ensure_workspace(api.redis, "ours")).number
    stored = await api.codes.get(workspace, code["id"])
    assert stored is not None and stored.created_by in {key.id for key in await apikeys.list_keys(api.redis, workspace)}
