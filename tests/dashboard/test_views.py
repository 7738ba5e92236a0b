"""Every view, full of what strangers may have written: accessible, whole at each width, nothing executed, no other host
asked."""

import json
import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.dashboard.driving import base, clean, page, sign_in
from tests.dashboard.views import PARTS, TABS
from tests.waymark.running import Up, wait_for

pytestmark = [pytest.mark.browser, pytest.mark.proof]

SRC = Path(__file__).parents[2] / "dashboard" / "src"

VIEWS = (
    "/",
    "/codes",
    "/codes/print",
    "/codes/{id}",
    "/codes/{id}/design",
    *(f"/codes/{{id}}/{part}" for part in PARTS if part != "page"),
    "/codes/{page}/page",
    "/settings",
    *(f"/settings/{tab}" for tab in TABS),
    "/settings/nothing",
    "{shared}",
)

MARKUP = "<script>alert(1)</script><img src=x onerror=alert(2)>" + "W" * 200
# Names of keys and the like must be printable; labels and what scans bring may be anything.
LONG = "\u202e \u2066 evil" + MARKUP
DESK, PHONE = ("1440", "900"), ("360", "740")


def test_each_route_is_one_of_the_views() -> None:
    app = (SRC / "app.tsx").read_text()
    routes = re.findall(r'<Route path="([^"]+)"', app)
    assert len(routes) >= 7
    shapes = [
        re.sub(r"/:part\?", "(/[a-z]+)?", route).replace(":id", r"\{(?:id|page)\}").replace("/*", "/.+")
        for route in routes
    ]
    assert [
        route
        for route, shape in zip(routes, shapes, strict=True)
        if not any(re.fullmatch(shape, view) for view in VIEWS)
    ] == []
    tabs = re.search(r"TABS = \[(.*?)\]", (SRC / "state" / "settings.ts").read_text())
    assert tabs is not None
    assert tuple(re.findall(r'"(\w+)"', tabs[1])) == TABS
    assert set(re.findall(r'open === "(\w+)"', (SRC / "views" / "code.tsx").read_text())) == set(PARTS)


@pytest.fixture(scope="module")
def hostile(running: Up) -> dict[str, str]:
    """A code, and one of everything else, named by who means no good."""
    code = running.create(
        "https://example.com/" + "x" * 2_000 + "?a=<script>",
        label=LONG[:200],
        tags=[LONG[:40], "W" * 40],
        slug="hostile-1",
        variants=[
            {"url": "https://example.com/" + "y" * 300, "weight": 1, "label": LONG[:60]},
            {"url": "https://example.com/b", "weight": 1},
        ],
        rules=[{"if": {"language": ["de"]}, "to": "https://example.com/" + "z" * 300, "label": LONG[:60]}],
    )
    running.create("https://example.com/plain", slug="plain-1")
    for way, body in (
        ("keys", {"name": MARKUP[:60], "scope": "read"}),
        ("folders", {"name": MARKUP[:60]}),
        ("webhooks", {"url": "https://example.com/" + "h" * 200, "label": MARKUP[:60], "events": ["code.created"]}),
        (
            "reports",
            {
                "name": MARKUP[:60],
                "query": {
                    "metrics": ["scans"],
                    "date_range": "28d",
                    "filters": [["is", "scan:referrer_host", [MARKUP[:100]]]],
                },
            },
        ),
        ("styles", {"name": MARKUP[:60], "style": {"shape": "dots"}}),
        ("domains", {"domain": "a-name-that-is-as-long-as-one-label-of-a-domain-may-be-" + "a" * 8 + ".example.com"}),
    ):
        status, answer = running.call("POST", f"/v1/{way}", body)
        assert status == 201, (way, answer)
    for n in range(3):
        headers = {
            "Referer": f"https://evil{n}.example/" + "<script>alert(3)</script>" + "r" * 10_000,
            "Accept-Language": "ar-\u202e"[:3] + "x" * 100,
            "User-Agent": "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) <script>alert(4)</script>"
            + "u" * 5_000,
        }
        running.scan(
            "hostile-1?p=%3Cscript%3Ealert(5)%3C/script%3E" + "p" * 100 + "&utm_campaign=" + "%E2%80%AE" + "c" * 500,
            **headers,
        )
    running.scan("hostile-1")
    wait_for(lambda: running.total(code) == 4)
    status, shared = running.call("POST", "/v1/shared-views", {"name": MARKUP[:60], "code_id": code["id"]})
    assert status == 201, shared
    status, menu = running.call(
        "POST",
        "/v1/dynamic",
        {
            "type": "vcard_plus",
            "content": {"vCardContent": {"first_name": MARKUP[:60], "last_name": "W" * 60}},
            "label": LONG[:200],
        },
    )
    assert status == 201, menu
    return {"id": str(code["id"]), "page": menu["id"], "shared": urlsplit(shared["url"]).path}


def test_no_view_has_a_fault(running: Up, hostile: dict[str, str]) -> None:
    found: dict[str, object] = {}
    with page(base(running)) as flow:
        flow.run(
            ["open", "/"],
            ["see", "heading:Sign in"],
            ["axe"],
            ["look", "dark", *PHONE],
            ["axe"],
            ["overflow"],
            *sign_in(running),
        )
        for view in ("/", *VIEWS):
            before = len(flow.steps)
            flow.run(
                ["look", "light", *DESK],
                ["open", view.format(**hostile)],
                ["settled"],
                ["jumps"],
                ["press", "End"],
                ["settled"],
                ["axe"],
                ["overflow"],
                ["look", "dark", *DESK],
                ["axe", "color-contrast"],
                ["look", "dark", *PHONE],
                ["axe"],
                ["overflow"],
            )
            told = [one["told"] for one in flow.steps[before:] if one["verb"] in ("axe", "jumps", "overflow")]
            if any(told):
                found[view] = told
        assert [*flow.told("axe")[:2], flow.told("overflow")[0]] == [[], [], []]
    assert found == {}, json.dumps(found, indent=1)
    clean(running, flow)
