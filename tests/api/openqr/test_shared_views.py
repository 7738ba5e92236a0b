"""`/v1/shared-views` and `/v1/shared`: links that show the scans of one code, or one report, and nothing else."""

from typing import Any

import httpx

from tests.api.service import Body, Service

QUERY: Body = {"metrics": ["scans"], "date_range": "28d", "dimensions": ["scan:country"]}
PASSWORD = "for the agency"


async def share(api: Service, **fields: Any) -> Body:
    response = await api.client.post("/v1/shared-views", json={"name": "Posters", **fields})
    assert response.status_code == 201, response.text
    found: Body = response.json()
    return found


async def open_view(api: Service, made: Body, password: str | None = None) -> httpx.Response:
    sent = {"token": made["url"].rpartition("/")[2]} | ({} if password is None else {"password": password})
    return await api.anonymous.post("/v1/shared/open", json=sent)


async def guest(api: Service, made: Body, password: str | None = None) -> httpx.AsyncClient:
    response = await open_view(api, made, password)
    assert response.status_code == 200, response.text
    return api.connect(Authorization=f"Bearer {response.json()['session']}")


async def two_codes(api: Service) -> tuple[Body, Body]:
    """One with two scans from Germany, and one with a scan from France."""
    shown = await api.make(label="Shown", tags=["ours"])
    other = await api.make(label="Other", destination="https://example.com/secret", tags=["hidden"])
    await api.scanned(shown["id"], {"country": "DE", "days_ago": 0.1}, {"country": "DE", "days_ago": 0.2})
    await api.scanned(other["id"], {"country": "FR", "days_ago": 0.1}, {"country": "FR", "days_ago": 400})
    return shown, other


async def test_a_link_is_made_listed_and_revoked(api: Service) -> None:
    code = await api.make()
    made = await share(api, code_id=code["id"], password=PASSWORD, expires_at="2026-05-30T00:00:00Z", embeddable=True)
    assert made["url"].startswith("http://api.example.net/shared/")
    listed = (await api.client.get("/v1/shared-views")).json()["shared_views"]
    assert listed == [{name: value for name, value in made.items() if name != "url"}]
    assert (listed[0]["has_password"], listed[0]["created_by"], listed[0]["opened_at"]) == (True, "test", None)
    opened = await open_view(api, made, PASSWORD)
    assert opened.headers["cache-control"] == "no-store" and "set-cookie" not in opened.headers
    [seen] = (await api.client.get("/v1/shared-views")).json()["shared_views"]
    assert (seen["opened_at"], seen["status"]) == ("2026-05-21T15:00:00Z", "active")
    api.clock.pass_by(days=10)
    assert (await api.client.get("/v1/shared-views")).json()["shared_views"][0]["status"] == "expired"
    path = f"/v1/shared-views/{made['id']}"
    theirs = await api.caller("theirs")
    assert (await theirs.delete(path)).status_code == 404
    assert (await theirs.get("/v1/shared-views")).json() == {"shared_views": []}
    assert (await api.client.delete(path)).json() == {"deleted": True}
    assert (await api.client.delete(path)).status_code == 404
    await theirs.aclose()


async def test_repeated_with_its_key_it_is_made_once(api: Service) -> None:
    body = {"name": "x", "code_id": (await api.make())["id"], "password": PASSWORD}
    sent = [await api.client.post("/v1/shared-views", json=body, headers={"Idempotency-Key": "a"}) for _ in range(2)]
    assert sent[0].json() == sent[1].json()
    assert (await open_view(api, sent[1].json(), PASSWORD)).status_code == 200


async def test_what_is_refused(api: Service) -> None:
    id = (await api.make())["id"]
    refused: list[tuple[Body, str]] = [
        ({}, "code_id"),
        ({"code_id": id, "report_id": id}, "code_id"),
        ({"code_id": "00000000-0000-4000-8000-000000000000"}, "code_id"),
        ({"code_id": "no id"}, "code_id"),
        ({"report_id": "no id"}, "report_id"),
        ({"code_id": id, "name": " x"}, "name"),
        ({"code_id": id, "password": "short"}, "password"),
        ({"code_id": id, "expires_at": "2026-05-21T14:00:00Z"}, "expires_at"),
        ({"code_id": id, "expires_at": "tomorrow"}, "expires_at"),
        ({"code_id": id, "embeddable": "yes"}, "embeddable"),
    ]
    for body, field in refused:
        response = await api.client.post("/v1/shared-views", json={"name": "x", **body})
        assert (response.status_code, response.json()["error"]["field"]) == (400, field), (body, response.text)


async def test_of_another_workspace_nothing_is_shared(api: Service) -> None:
    code = await api.make()
    report = (await api.client.post("/v1/reports", json={"name": "x", "query": QUERY})).json()
    theirs = await api.caller("theirs")
    for body in ({"code_id": code["id"]}, {"report_id": report["id"]}):
        assert (await theirs.post("/v1/shared-views", json={"name": "x", **body})).status_code == 400
    await theirs.aclose()


async def test_a_code_s_view_answers_about_that_code_alone(api: Service) -> None:
    shown, _ = await two_codes(api)
    client = await guest(api, await share(api, code_id=shown["id"]))
    answer = (await client.post("/v1/shared/query", json=QUERY)).json()
    assert [(row["dimensions"], row["metrics"]) for row in answer["results"]] == [(["DE"], [2])]
    assert answer["query"]["filters"] == [] and answer["meta"]["codes"] == {}
    # Nor does anything widen it: an "or" beside the filter, its opposite, a remainder, a comparison.
    for filters in (
        [["or", [["is", "scan:country", ["FR"]], ["is_not", "scan:country", ["FR"]]]]],
        [["not", ["is", "scan:country", ["ZZ"]]]],
        [["is_not", "scan:country", ["ZZ"]]],
        [["matches", "scan:country", [".*"]]],
    ):
        found = (await client.post("/v1/shared/query", json={**QUERY, "filters": filters})).json()
        assert [row["dimensions"] for row in found["results"]] == [["DE"]], filters
        assert found["query"]["filters"] == filters
    rest = {**QUERY, "include": {"remainder": True, "total_rows": True}, "pagination": {"limit": 1}}
    found = (await client.post("/v1/shared/query", json=rest)).json()
    assert (found["remainder"]["metrics"], found["meta"]["total_rows"]) == ([0], 1)
    # "All" is the life of this code, and not of the workspace.
    found = (await client.post("/v1/shared/query", json={**QUERY, "date_range": "all"})).json()
    assert found["query"]["date_range"] == ["2026-05-21", "2026-05-21"]
    nothing = {**QUERY, "dimensions": [], "filters": [["is", "scan:country", ["FR"]]]}
    assert (await client.post("/v1/shared/query", json=nothing)).json()["results"][0]["metrics"] == [0]
    await client.aclose()


async def test_nothing_about_codes_can_be_asked_for(api: Service) -> None:
    shown, other = await two_codes(api)
    client = await guest(api, await share(api, code_id=shown["id"]))
    for name in ("code", "code:folder", "code:tag", "code:domain", "code:destination", "code:label"):
        for filters in (
            [["is", name, [other["id"]]]],
            [["is_not", name, [shown["id"]]]],
            [["or", [["is", name, [other["slug"]]], ["is", "scan:country", ["DE"]]]]],
            [["and", [["not", ["contains", name, ["x"]]]]]],
        ):
            response = await client.post("/v1/shared/query", json={**QUERY, "filters": filters})
            assert response.status_code == 400 and "nothing of codes" in response.text, (filters, response.text)
        for field in ("dimensions", "breakdowns"):
            response = await client.post("/v1/shared/query", json={**QUERY, "dimensions": [], field: [name]})
            assert (response.status_code, response.json()["error"]["field"]) == (400, f"{field}[0]")
    for body in ({**QUERY, "workspace": 2}, {**QUERY, "code_id": other["id"]}, {**QUERY, "filters": {}}, {}):
        assert (await client.post("/v1/shared/query", json=body)).status_code == 400
    # Neither as a file, nor by the ways that keys have.
    as_file = await client.post("/v1/shared/query", json=QUERY, headers={"Accept": "text/csv"})
    assert as_file.headers["content-type"].startswith("application/json")
    assert (await client.post("/v1/query", json=QUERY)).status_code == 401
    assert (await client.get("/v1/shared/answer")).status_code == 404
    read = (await client.get("/v1/shared")).json()
    assert read == {"name": "Posters", "shows": "code", "question": None, "expires_at": None}
    await client.aclose()


async def test_a_cursor_of_another_question_is_refused(api: Service) -> None:
    shown, other = await two_codes(api)
    await api.scanned(other["id"], {"country": "IT", "days_ago": 0.1}, {"country": "ES", "days_ago": 0.1})
    page = {**QUERY, "pagination": {"limit": 1}}
    whole = (await api.client.post("/v1/query", json=page)).json()["meta"]["next_cursor"]
    client = await guest(api, await share(api, code_id=shown["id"]))
    response = await client.post("/v1/shared/query", json={**page, "pagination": {"limit": 1, "cursor": whole}})
    assert (response.status_code, response.json()["error"]["field"]) == (400, "pagination.cursor")
    await client.aclose()


async def test_a_report_s_view_answers_its_own_question(api: Service) -> None:
    _, other = await two_codes(api)
    query = {**QUERY, "filters": [["is", "code", [other["id"]]]]}
    report = (await api.client.post("/v1/reports", json={"name": "x", "query": query})).json()
    made = await share(api, report_id=report["id"])
    client = await guest(api, made)
    assert (await client.get("/v1/shared")).json()["question"] == QUERY
    answer = (await client.get("/v1/shared/answer")).json()
    assert [row["dimensions"] for row in answer["results"]] == [["FR"]]
    assert answer["query"]["filters"] == [] and other["id"] not in str(answer)
    # No other question.
    assert (await client.post("/v1/shared/query", json=QUERY)).status_code == 404
    # Where codes lead is in no shared view, also if the report asks for it later.
    hidden = {**QUERY, "dimensions": ["code:destination"]}
    assert (await api.client.patch(f"/v1/reports/{report['id']}", json={"query": hidden})).status_code == 200
    for response in (await client.get("/v1/shared/answer"), await open_view(api, made)):
        assert (response.status_code, response.json()["error"]["code"]) == (400, "not_shareable")
        assert "secret" not in response.text
    refused = await api.client.post("/v1/shared-views", json={"name": "x", "report_id": report["id"]})
    assert (refused.status_code, refused.json()["error"]["field"]) == (400, "report_id")
    await api.client.delete(f"/v1/reports/{report['id']}")
    assert (await client.get("/v1/shared/answer")).status_code == 404
    assert (await open_view(api, made)).status_code == 404
    await client.aclose()


async def test_the_proof_says_no_more_than_its_verdict(api: Service) -> None:
    shown, _ = await two_codes(api)
    client = await guest(api, await share(api, code_id=shown["id"]))
    found = (await client.get("/v1/shared/proof")).json()
    assert found == {"verdict": "unknown", "complete_until": "2026-05-21T15:00:00.250Z"}
    await client.aclose()


async def test_one_that_is_open_ends_with_its_link(api: Service) -> None:
    code = await api.make()
    made = await share(api, code_id=code["id"])
    client = await guest(api, made)
    assert (await client.get("/v1/shared")).status_code == 200
    await api.client.delete(f"/v1/shared-views/{made['id']}")
    assert (await client.get("/v1/shared")).status_code == 401
    assert (await client.post("/v1/shared/query", json=QUERY)).status_code == 401
    assert (await open_view(api, made)).status_code == 404
    await client.aclose()


async def test_it_expires_and_so_does_its_session(api: Service) -> None:
    code = await api.make()
    ending = await share(api, code_id=code["id"], expires_at="2026-05-21T16:00:00Z")
    lasting = await share(api, code_id=code["id"])
    clients = [await guest(api, ending), await guest(api, lasting)]
    api.clock.pass_by(hours=2)
    assert [(await one.get("/v1/shared")).status_code for one in clients] == [401, 200]
    assert (await open_view(api, ending)).status_code == 404
    api.clock.pass_by(hours=11)
    assert (await clients[1].get("/v1/shared")).status_code == 401
    assert (await open_view(api, lasting)).status_code == 200
    for one in clients:
        await one.aclose()


async def test_a_deleted_code_shows_nothing(api: Service) -> None:
    code = await api.make()
    made = await share(api, code_id=code["id"])
    client = await guest(api, made)
    await api.client.delete(f"/v1/dynamic/{code['id']}")
    assert (await client.post("/v1/shared/query", json=QUERY)).status_code == 404
    assert (await open_view(api, made)).status_code == 404
    await client.aclose()


async def test_wrong_passwords_are_refused_and_slow_down(api: Service) -> None:
    made = await share(api, code_id=(await api.make())["id"], password=PASSWORD)
    for password, code in ((None, "password_needed"), ("", "password_needed"), ("wrong!", "wrong_password")):
        response = await open_view(api, made, password)
        assert (response.status_code, response.json()["error"]["code"]) == (403, code)
        assert "Posters" not in response.text
    assert (await open_view(api, made, PASSWORD)).status_code == 200
    # From all addresses together: a bucket of the view, which right ones do not empty.
    bucket = api.context.view_passwords._buckets.of(made["id"], 0.2, 100)
    bucket.left = 0.5
    refused = await open_view(api, made, "guess 1")
    assert (refused.status_code, refused.json()["error"]["code"]) == (429, "too_many_wrong_passwords")
    assert int(refused.headers["retry-after"]) >= 1
    bucket.left = 1.5
    assert [(await open_view(api, made, PASSWORD)).status_code for _ in range(3)] == [200] * 3

    # From one address, by the same bucket as wrong keys.
    async def at_once(_: float) -> None:
        """The waiting itself is tested elsewhere."""

    api.context.wrong_keys._sleep = at_once
    tokens = [f"guess{at}" for at in range(80)]
    told = [(await api.anonymous.post("/v1/shared/open", json={"token": one})).status_code for one in tokens]
    assert told[0] == 404 and 429 in told


async def test_a_session_that_nobody_signed_is_refused(api: Service) -> None:
    made = await share(api, code_id=(await api.make())["id"])
    session = (await open_view(api, made)).json()["session"]
    head, body, signature = session.split(".")
    access = (await api.client.post("/api/v1/token/", json={"api_key": await api.key()})).json().get("access", "x")
    unsigned = "eyJhbGciOiJub25lIn0"
    for forged in ("", "x", f"{head}.{body}.", f"{unsigned}.{body}.", f"{head}.{body}.{signature[::-1]}", access):
        response = await api.anonymous.get("/v1/shared", headers={"Authorization": f"Bearer {forged}"})
        assert response.status_code == 401, forged
    assert (
        await api.anonymous.get("/api/v1/dynamic/", headers={"Authorization": f"Bearer {session}"})
    ).status_code == 401
    # The cookie of a signed-in browser is no way in, either.
    assert (await api.client.get("/v1/shared")).status_code == 401


async def test_it_has_a_rate_of_its_own(api: Service) -> None:
    """Whoever has a link cannot take the calls of the workspace's keys."""
    client = await guest(api, await share(api, code_id=(await api.make())["id"]))
    plan = await api.codes.plan(1)
    bucket = api.context.rates._keys.of("shared:1", plan.calls_per_second, plan.burst_calls)
    bucket.left = -1e6
    assert (await client.get("/v1/shared")).status_code == 429
    assert (await api.client.get("/v1/shared-views")).status_code == 200
    await client.aclose()


async def test_only_what_may_be_embedded_is_framed_and_nothing_is_indexed(api: Service) -> None:
    code = await api.make()
    framed, other = [await share(api, code_id=code["id"], embeddable=is_so) for is_so in (True, False)]
    for made, is_so in ((framed, True), (other, False), ({"url": "/shared/unknown"}, False)):
        page = await api.anonymous.get(made["url"])
        assert page.status_code == 200 and page.headers["x-robots-tag"] == "noindex, nofollow, noarchive"
        policy = page.headers["content-security-policy"]
        assert policy.endswith("frame-ancestors *" if is_so else "frame-ancestors 'none'")
        assert ("x-frame-options" in page.headers) is not is_so
        assert page.headers["referrer-policy"] == "no-referrer"
    await api.client.delete(f"/v1/shared-views/{framed['id']}")
    page = await api.anonymous.get(framed["url"])
    assert page.headers["content-security-policy"].endswith("'none'")


async def test_a_read_key_lists_and_makes_none(api: Service) -> None:
    made = await share(api, code_id=(await api.make())["id"])
    reader = await api.caller(scope="read")
    listed = await reader.get("/v1/shared-views")
    assert listed.status_code == 200 and "url" not in listed.text
    assert (await reader.post("/v1/shared-views", json={"name": "x"})).status_code == 403
    assert (await reader.delete(f"/v1/shared-views/{made['id']}")).status_code == 403
    await reader.aclose()
