"""The tools for assistants, by real client sessions over HTTP and over standard input and output. The quoted lines are
OpenQR's guides' own."""

import base64
import io
import json
import os
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import httpx2
import pytest
import redis
import zxingcpp
from mcp import Client, MCPError, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp.client.streamable_http import streamable_http_client
from mcp_types import CallToolResult
from PIL import Image

from api.dialects.openqr.schemas import NewDynamicCode
from infra.warehouse import Warehouse
from schemas import keys
from schemas.route import decode_route
from tests.api.served import Served, serving
from tests.api.service import store
from tests.servers.redis import RedisServer

NOBODY = "00000000-0000-4000-8000-000000000000"


@pytest.fixture(scope="module")
def served(redis_server: RedisServer, warehouse: Warehouse) -> Iterator[Served]:
    redis_server.flush()
    with serving(redis_server.url, warehouse) as found:
        yield found


@asynccontextmanager
async def over_http(served: Served, key: str | None = None, mode: Any = "auto") -> AsyncIterator[Client]:
    headers = {"Authorization": f"Bearer {key or served.key}"}
    async with (
        httpx2.AsyncClient(headers=headers, timeout=30) as http,
        Client(streamable_http_client(f"{served.url}/mcp", http_client=http), mode=mode) as client,
    ):
        yield client


@asynccontextmanager
async def over_stdio(served: Served, key: str | None = None) -> AsyncIterator[Client]:
    env = {**os.environ, "WAYMARK_API_URL": served.url, "WAYMARK_KEY": key or served.key}
    command = StdioServerParameters(command=sys.executable, args=["-m", "waymark", "mcp"], env=env)
    async with Client(stdio_client(command)) as client:
        yield client


def said(result: CallToolResult) -> dict[str, Any]:
    assert not result.is_error, result.content
    found: dict[str, Any] = result.structured_content or {}
    # For clients that read only text.
    assert json.loads(result.content[0].text) == found  # type: ignore[union-attr]
    return found


def refused(result: CallToolResult) -> str:
    assert result.is_error
    text: str = result.content[0].text  # type: ignore[union-attr]
    return text


async def day_of_a_code(client: Client) -> None:
    """ "create a code for the new menu and tell me last week's scans" — the same operations are exposed as tools"""
    made = said(await client.call_tool("create_code", {"destination": "https://example.com/menu", "label": "Menu"}))
    assert made["destination"] == "https://example.com/menu" and made["short_url"].endswith(made["slug"])
    listed = said(await client.call_tool("list_codes", {"limit": 1}))
    assert [code["id"] for code in listed["codes"]] == [made["id"]]
    edit = {"id": made["id"], "destination": "https://example.com/new", "tags": ["Menu"], "clear": ["label"]}
    edited = said(await client.call_tool("edit_code", edit))
    assert (edited["destination"], edited["tags"], edited["label"]) == ("https://example.com/new", ["menu"], None)
    scans = said(await client.call_tool("get_scans", {"id": made["id"]}))
    assert scans["id"] == made["id"] and scans["scans"]["total"] == 0
    assert said(await client.call_tool("delete_code", {"id": made["id"]})) == {"deleted": True}
    assert "404" in refused(await client.call_tool("get_scans", {"id": made["id"]}))


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_a_session_over_http(served: Served, mode: str) -> None:
    """the same data is a tool on the OpenQR MCP server"""
    async with over_http(served, mode=mode) as client:
        await day_of_a_code(client)


async def test_a_session_over_standard_input_and_output(served: Served) -> None:
    """To drive all of this from an AI assistant"""
    async with over_stdio(served) as client:
        await day_of_a_code(client)


async def test_the_tools(served: Served) -> None:
    async with over_http(served) as client:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
    assert set(tools) == {
        *("create_code", "create_codes", "edit_code", "delete_code", "get_scans", "draw_code"),
        *("list_codes", "search_codes", "list_folders", "list_tags", "query"),
    }
    assert all(tool.description and tool.title for tool in tools.values())
    assert tools["delete_code"].annotations and tools["delete_code"].annotations.destructive_hint
    assert tools["get_scans"].annotations and tools["get_scans"].annotations.read_only_hint
    of_a_code = set(NewDynamicCode.__struct_fields__)
    assert set(tools["create_code"].input_schema["properties"]) == of_a_code
    assert set(tools["edit_code"].input_schema["properties"]) == {"id", "keep_old", "clear", *of_a_code}
    assert tools["edit_code"].input_schema["required"] == ["id"]
    # Read by an assistant before each conversation.
    assert len(json.dumps([tool.input_schema for tool in tools.values()])) < 25_000


async def test_thirty_days_whatever_is_asked(served: Served) -> None:
    """over MCP, get_scans always reports a fixed 30-day window"""
    async with over_http(served) as client:
        made = said(await client.call_tool("create_code", {"destination": "https://example.com/"}))
        asked = await client.call_tool("get_scans", {"id": made["id"], "days": 7})
        assert refused(asked) == "get_scans does not take days; it takes id"
        scans = said(await client.call_tool("get_scans", {"id": made["id"]}))
        assert scans["analytics"]["days_window"] == 30 and len(scans["analytics"]["daily"]) == 30
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
    assert set(tools["get_scans"].input_schema["properties"]) == {"id"}


async def test_any_question(served: Served) -> None:
    async with over_http(served) as client:
        made = said(await client.call_tool("create_code", {"destination": "https://example.com/", "tags": ["asked"]}))
        asked = {"metrics": ["scans"], "filters": [["is", "code:tag", ["asked"]]], "dimensions": ["code", "time:day"]}
        found = said(await client.call_tool("query", {**asked, "date_range": "7d", "compare": None, "limit": 5}))
        assert found["results"] == [] and found["query"]["pagination"]["limit"] == 5
        by_slug = {"metrics": ["scans", "visitors"], "filters": [["is", "code", [made["slug"]]]]}
        found = said(await client.call_tool("query", by_slug))
        assert found["results"][0]["metrics"] == [0, 0]
        assert found["query"]["filters"] == [["is", "code", [made["id"]]]]
        wrong = refused(await client.call_tool("query", {"metrics": ["scans"], "dimensions": ["scan:planet"]}))
        assert wrong.startswith("dimensions[0]: ") and "scan:country" in wrong and "400" in wrong


async def test_its_scans_are_read(served: Served, warehouse: Warehouse, redis_server: RedisServer) -> None:
    """let an AI assistant answer "how many scans did the spring code get?" in plain English"""
    async with over_http(served) as client:
        made = said(await client.call_tool("create_code", {"destination": "https://example.com/", "label": "Spring"}))
        # No API shows what scans are counted under.
        with redis.Redis.from_url(redis_server.url) as here:
            raw = here.get(keys.route(keys.link_key("", made["slug"])))
        assert isinstance(raw, bytes)
        store(
            warehouse,
            decode_route(raw).birth,
            ({"country": "GB"}, {"country": "GB"}, {"days_ago": 1}, {"days_ago": 40}),
        )
        told = said(await client.call_tool("get_scans", {"id": made["id"]}))
    assert (told["scans"]["total"], told["scans"]["topCountry"]) == (4, "GB")
    assert told["analytics"]["window_total"] == 3
    assert [day["n"] for day in told["analytics"]["daily"]][-2:] == [1, 2]


async def test_what_the_api_refuses_is_told_in_its_words(served: Served) -> None:
    async with over_http(served) as client:
        text = refused(await client.call_tool("create_code", {"destination": "http://localhost/"}))
        assert "destination: the destination must be on a public host (400, " in text
        assert "404, not_found" in refused(await client.call_tool("delete_code", {"id": NOBODY}))
        for id in ("", "../folders", "a/b", "x?y=1", "é"):
            assert "list_codes" in refused(await client.call_tool("get_scans", {"id": id}))


async def test_a_key_may_no_more_than_over_http(served: Served) -> None:
    """every call here needs a free key"""
    async with httpx.AsyncClient(base_url=served.url, headers={"Authorization": f"Bearer {served.key}"}) as http:
        key = (await http.post("/v1/keys", json={"name": "reader", "scope": "read"})).json()
    async with over_http(served, key["secret"]) as client:
        assert said(await client.call_tool("list_codes", {}))["codes"] is not None
        assert "403, forbidden" in refused(await client.call_tool("create_code", {"destination": "https://a.example"}))


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer oqr_live_wrong"}, {"Authorization": "Basic eA=="}])
def test_nobody_without_a_key(served: Served, headers: dict[str, str]) -> None:
    response = httpx.post(f"{served.url}/mcp", headers=headers, json={})
    assert (response.status_code, response.json()["error"]["code"]) == (401, "unauthorized")
    assert response.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize("method", ["GET", "DELETE", "PUT"])
def test_only_posts(served: Served, method: str) -> None:
    response = httpx.request(method, f"{served.url}/mcp", headers={"Authorization": f"Bearer {served.key}"})
    assert (response.status_code, response.headers["allow"]) == (405, "POST")


def test_a_body_has_a_bound(served: Served) -> None:
    headers = {"Authorization": f"Bearer {served.key}", "Accept": "application/json, text/event-stream"}
    large = b'{"jsonrpc":"2.0","id":1,"method":"' + b"x" * (1024 * 1024) + b'"}'
    response = httpx.post(f"{served.url}/mcp", headers=headers, content=large)
    assert (response.status_code, response.json()["error"]["code"]) == (413, "body_too_large")


async def test_a_key_that_does_not_work_is_told_over_standard_input_and_output(served: Served) -> None:
    async with over_stdio(served, "oqr_live_wrong") as client:
        assert "401, unauthorized" in refused(await client.call_tool("list_codes", {}))


@pytest.mark.parametrize(
    ("tool", "sent", "says"),
    [
        ("create_code", {"destination": "https://example.com", "url": "x"}, "create_code does not take url; it takes "),
        ("list_codes", {"limits": 5}, "list_codes does not take limits; it takes limit, cursor, tag, folder_id"),
        ("list_codes", {"limit": "many"}, "limit must be a whole number"),
        ("list_folders", {"limit": 5}, "list_folders does not take limit; it takes nothing"),
        ("create_codes", {"codes": ["x"]}, "codes.0 must be an object"),
        ("create_codes", {"codes": []}, "items must have 1 to 200 entries"),
        ("edit_code", {"id": NOBODY, "clear": ["slug"]}, "clear.0 must be one of: "),
        ("create_code", {"destination": 5}, "destination must be text"),
        ("create_code", {}, "destination is missing"),
        ("edit_code", {"id": NOBODY, "status": "off"}, "status must be one of: active, paused"),
    ],
)
async def test_arguments_that_do_not_fit_are_told_in_plain_words(
    served: Served, tool: str, sent: dict[str, Any], says: str
) -> None:
    async with over_http(served) as client:
        assert refused(await client.call_tool(tool, sent)).startswith(says)


async def test_a_body_too_large_is_a_clean_413(served: Served) -> None:
    headers = {"Authorization": f"Bearer {served.key}"}
    async with httpx.AsyncClient(base_url=served.url, headers=headers) as client:
        answer = await client.post("/mcp", content=b'{"x": "' + b"a" * 1_100_000 + b'"}')
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "body_too_large")


async def test_an_edit_takes_all_that_patch_takes(served: Served) -> None:
    edit: dict[str, Any] = {
        "label": "null",
        "tags": ["Spring"],
        "status": "paused",
        "style": {"shape": "dots"},
        "expires_at": "2027-01-01T00:00:00Z",
        "expired_destination": "https://example.com/over",
        "scan_limit": 5,
        "password": "welcome-in",
        "query": "append",
        "variants": [{"url": "https://example.com/1", "weight": 3}, {"url": "https://example.com/2"}],
        # As some assistants send what is no text.
        "rules": json.dumps([{"if": {"country": ["GB"]}, "to": "https://example.com/gb"}]),
        "utm": {"source": "poster"},
        "apps": {"ios": "https://apps.apple.com/app/id1"},
        # As others send what they were not told to change.
        "folder_id": None,
        "content": None,
    }
    async with over_http(served) as client:
        made = said(await client.call_tool("create_code", {"destination": "https://example.com/menu"}))
        edited = said(await client.call_tool("edit_code", {"id": made["id"], **edit}))
        assert edited["has_password"] and edited["rules"][0]["to"] == "https://example.com/gb"
        assert [one["weight"] for one in edited["variants"]] == [3, 100]
        assert edited["apps"] == {"ios": "https://apps.apple.com/app/id1", "android": None}
        plain = ("label", "status", "style", "expires_at", "expired_destination", "scan_limit", "query", "utm")
        assert {name: edited[name] for name in plain} == {name: edit[name] for name in plain}
        moved = {"id": made["id"], "slug": "over-there", "keep_old": True, "aliases": ["posters/one"]}
        assert said(await client.call_tool("edit_code", moved))["aliases"] == ["posters/one", edited["slug"]]
        emptied = {"id": made["id"], "clear": ["label", "password", "expires_at", "apps", "scan_limit"]}
        cleared = said(await client.call_tool("edit_code", emptied))
        assert [cleared[name] for name in ("label", "expires_at", "apps", "scan_limit")] == [None] * 4
        assert not cleared["has_password"] and cleared["tags"] == ["spring"]
        wrong = {"id": made["id"], "variants": [{"url": "https://example.com/1", "weigth": 3}]}
        assert "weigth" in refused(await client.call_tool("edit_code", wrong))


async def test_a_page_is_made(served: Served) -> None:
    async with over_http(served) as client:
        page = {"type": "landing_page", "content": {"landingPageContent": {"title": "Hello"}}}
        made = said(await client.call_tool("create_code", page))
    assert (made["type"], made["content"]) == ("landing_page", page["content"])


async def test_many_at_once(served: Served) -> None:
    async with over_http(served) as client:
        codes = [
            {"destination": "https://example.com/1", "label": "One", "tags": None},
            {"destination": "http://localhost"},
        ]
        found = said(await client.call_tool("create_codes", {"codes": codes}))
    assert (found["created"], found["failed"]) == (1, 1)
    first, second = found["results"]
    assert first["short_url"].endswith(first["slug"]) and (first["index"], first["label"]) == (0, "One")
    assert (second["index"], second["error"]["field"]) == (1, "destination")


async def test_a_picture(served: Served) -> None:
    async with over_http(served) as client:
        made = said(await client.call_tool("create_code", {"destination": "https://example.com/menu"}))
        (picture,) = (await client.call_tool("draw_code", {"id": made["id"], "size": 300})).content
        (placed,) = (await client.call_tool("draw_code", {"id": made["id"], "placement": "window"})).content
        assert "placement" in refused(await client.call_tool("draw_code", {"id": made["id"], "placement": "x" * 51}))
        assert "404" in refused(await client.call_tool("draw_code", {"id": NOBODY}))
    assert picture.type == "image" and picture.mime_type == "image/png"
    data = base64.b64decode(picture.data)
    assert data.startswith(b"\x89PNG") and int.from_bytes(data[16:20]) == 300
    assert placed.type == "image"
    (read,) = zxingcpp.read_barcodes(Image.open(io.BytesIO(base64.b64decode(placed.data))).convert("L"))
    assert read.text.endswith(f"/q/{made['slug']}/?p=window")


async def test_a_search_by_text(served: Served) -> None:
    async with over_http(served) as client:
        codes: list[dict[str, Any]] = [
            {"destination": "https://example.com/tides", "label": "Harbour Wall"},
            {"destination": "https://example.com/x", "slug": "harbour-cafe", "tags": ["Quay"]},
            {"destination": "https://example.com/harbour", "label": "North"},
        ]
        for code in codes:
            said(await client.call_tool("create_code", code))

        async def found(**query: Any) -> tuple[list[str], Any]:
            answer = said(await client.call_tool("search_codes", query))
            return [one["destination"].rpartition("/")[2] for one in answer["codes"]], answer["next_cursor"]

        assert await found(text="HARBOUR") == (["harbour", "x", "tides"], None)
        assert await found(text="wall harb") == (["tides"], None)
        assert await found(text="quay") == (["x"], None)
        assert await found(text="harbour quayside") == ([], None)
        first, cursor = await found(text="harbour", limit=2)
        assert (first, await found(text="harbour", cursor=cursor)) == (["harbour", "x"], (["tides"], None))
        assert "q has at most 200" in refused(await client.call_tool("search_codes", {"text": "x" * 201}))


async def test_folders_and_tags(served: Served) -> None:
    async with httpx.AsyncClient(base_url=served.url, headers={"Authorization": f"Bearer {served.key}"}) as http:
        folder = (await http.post("/v1/folders", json={"name": "Menus"})).json()
    async with over_http(served) as client:
        assert folder in said(await client.call_tool("list_folders", {}))["folders"]
        codes = [
            {"destination": "https://a.example", "tags": tags} for tags in (["one-of-two"], ["one-of-two", "both"])
        ]
        said(await client.call_tool("create_codes", {"codes": codes}))
        tags = said(await client.call_tool("list_tags", {}))
    assert tags["complete"] and {"tag": "one-of-two", "codes": 2} in tags["tags"]
    assert {"tag": "both", "codes": 1} in tags["tags"]


@pytest.mark.parametrize(
    ("origin", "label", "status"),
    [("https://elsewhere.example", "x", 403), ("", "x" * 1_100_000, 413)],
    ids=["foreign origin", "too large"],
)
async def test_what_is_refused_before_a_tool_is_asked(served: Served, origin: str, label: str, status: int) -> None:
    """The official client is told, and goes on."""
    seen: list[int] = []

    async def note(response: httpx2.Response) -> None:
        seen.append(response.status_code)

    async with (
        httpx2.AsyncClient(
            headers={"Authorization": f"Bearer {served.key}"}, timeout=30, event_hooks={"response": [note]}
        ) as http,
        Client(streamable_http_client(f"{served.url}/mcp", http_client=http)) as client,
    ):
        http.headers |= {"Origin": origin} if origin else {}
        with pytest.raises(MCPError):
            await client.call_tool("create_code", {"destination": "https://example.com/", "label": label})
        assert seen[-1] == status
        http.headers.pop("Origin", None)
        assert said(await client.call_tool("list_folders", {}))["folders"] is not None
