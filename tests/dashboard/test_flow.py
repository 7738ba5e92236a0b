"""The dashboard as people use it, from the printed link to signing out: at a desk, on a phone, by keyboard, with a read
key. In Chromium, on a real `waymark up`."""

import io
import json
import urllib.error
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import zxingcpp
from PIL import Image

from harness.agents import PHONE as PHONE_AGENT
from tests.dashboard.driving import DESK, PHONE, base, clean, drive, link, page, sign_in
from tests.dashboard.views import TABS
from tests.waymark.running import Up

pytestmark = [pytest.mark.browser, pytest.mark.proof]

TILE = ".tile-value"
BAD = "400 (Bad Request)"


def decoded(picture: Path) -> str:
    found = zxingcpp.read_barcode(Image.open(io.BytesIO(picture.read_bytes())))
    assert found is not None
    return str(found.text)


def session_of(running: Up, key: str) -> str:
    """The cookie of somebody who signs in elsewhere."""
    asked = urllib.request.Request(
        f"{base(running)}/v1/session",
        json.dumps({"key": key}).encode(),
        {"Content-Type": "application/json", "User-Agent": "curl/8"},
    )
    with urllib.request.urlopen(asked, timeout=30) as answer:
        return str(answer.headers["Set-Cookie"]).partition(";")[0]


def code_of(running: Up, slug: str) -> dict[str, object]:
    [code] = [one for one in running.call("GET", "/v1/dynamic")[1]["codes"] if one["slug"] == slug]
    return dict(code)


@pytest.mark.parametrize(("name", "size"), [("desk", DESK), ("phone", PHONE)])
def test_from_signing_in_to_signing_out(server: Up, tmp_path: Path, name: str, size: dict[str, int]) -> None:
    assert server.key is not None
    shot = tmp_path / "code.png"
    slug = f"poster-{name}"
    with page(base(server), scheme="light", **size) as flow:
        if name == "desk":
            flow.run(["open", link(server)], ["see", "heading:Overview"], ["address"])
            # The token has left the address at once.
            assert flow.told("address") == ["/"]
        else:
            flow.run(["open", "/"], ["fill", "textbox:API key", server.key], ["click", "button:Sign in"])
        flow.run(
            ["click", "link:Codes"],
            ["click", "button:Create a code"],
            ["fill", 'input[name="destination"]', "http://localhost/"],
            ["click", "dialog button:has-text('Create')"],
            # What is wrong stands at its field; the rest is kept.
            ["see", "[role=alert]:has-text('public host')"],
            ["fill", 'input[name="destination"]', "https://example.com/before"],
            ["fill", 'input[name="label"]', f"{name} <script>alert(1)</script>"],
            ["fill", 'input[name="slug"]', slug],
            ["fill", 'input[name="tags"]', "print, spring"],
            ["click", "dialog button:has-text('Create')"],
            ["see", f"h1:has-text('{name} <script>')"],
            ["loaded", ".code-picture img"],
            ["shot", str(shot), ".code-picture img"],
            ["see", ".live-open"],
        )
        address = decoded(shot)
        assert address == f"http://localhost:{server.redirect_port}/q/{slug}/"
        flow.run(
            ["visit", address, PHONE_AGENT, "de"],
            ["reads", ".live-value", "1"],
            ["fill", 'input[name="destination"]', "https://example.com/after"],
            ["click", "button:Save"],
            ["see", ".toast:has-text('Live everywhere')"],
            ["visit", address, PHONE_AGENT, "fr"],
            ["reads", ".live-value", "2"],
            ["reads", TILE, "2"],
            # Filtered by clicks, and compared.
            ["click", "tab:Language"],
            ["click", ".bar-main:has-text('German')"],
            ["reads", TILE, "1"],
            ["see", ".filter:has-text('Language is German')"],
            ["choose", ".period select >> nth=1", "none"],
            ["gone", ".bars-compared"],
            ["choose", ".period select >> nth=1", "year_over_year"],
            ["see", ".bars-compared .change:has-text('new')"],
            ["address"],
            ["click", "button:Remove: Language"],
            ["reads", TILE, "2"],
            # Designed, and taken along.
            ["click", "link:Design"],
            ["click", "button:Leaf"],
            ["see", ".badge:has-text('It scans')"],
            ["click", ".design-live .button-primary"],
            ["see", ".toast:has-text('Saved')"],
            ["download", "link:Download PNG"],
        )
        assert flow.told("visit") == ["https://example.com/before", "https://example.com/after"]
        assert (
            "scan%3Alanguage%7Ede" in flow.told("address")[-1] and "compare=year_over_year" in flow.told("address")[-1]
        )
        assert "PNG" in flow.told("download")[0]
        # Shared with somebody without a key, and no longer.
        flow.run(
            ["open", f"/codes/{code_of(server, slug)['id']}"],
            ["click", "button:Share"],
            ["click", "button:Make a link"],
            ["text", ".secret code"],
            ["click", "link:All shared views"],
            ["see", "button:Revoke"],
        )
        shared = flow.told("text")[-1]
        flow.run(["open", urlsplit(shared).path], ["reads", TILE, "2"], ["gone", "link:Codes"])
        flow.run(["open", "/settings/shared"], ["click", "button:Revoke"], ["gone", ".settings-row"])
        flow.run(["open", urlsplit(shared).path], ["see", "h1:has-text('leads nowhere')"])
        # A key and a session are revoked; from then on they are refused.
        cookie = session_of(server, server.key)
        flow.run(
            ["open", "/settings/keys"],
            ["click", "button:Create a key"],
            ["fill", 'input[name="name"]', f"Till {name}"],
            ["click", "dialog button:has-text('Create')"],
            ["text", ".secret code"],
            ["click", "button:I have copied it"],
            ["click", f".settings-row:has-text('Till {name}') button:has-text('Revoke')"],
            ["gone", f".settings-row:has-text('Till {name}')"],
            ["open", "/settings/sessions"],
            ["see", ".settings-row:has-text('this one')"],
            ["click", ".settings-row:has-text('curl/8') button"],
            ["gone", ".settings-row:has-text('curl/8')"],
        )
        assert server.call("GET", "/v1/dynamic", key=flow.told("text")[-1])[0] == 401
        ended = urllib.request.Request(
            f"{base(server)}/v1/session", headers={"Cookie": cookie, "X-Waymark-Dashboard": "1"}
        )
        with pytest.raises(urllib.error.HTTPError, match="401"):
            urllib.request.urlopen(ended, timeout=30)
        flow.run(
            ["click", "button:Sign out"], ["see", "heading:Sign in"], ["open", "/codes"], ["see", "heading:Sign in"]
        )
    clean(server, flow, BAD, "404 (Not Found)")
    assert code_of(server, slug)["style"]


def test_a_link_signs_in_once(server: Up) -> None:
    """It was used above, by this process or by none."""
    first = link(server)
    drive(base(server), [["open", first], ["see", "h1"]])
    flow = drive(base(server), [["open", first], ["see", "[role=alert]:has-text('has been used')"]])
    clean(server, flow, "401 (Unauthorized)")


# Nobody who may only read has any of these.
CHANGES = "main .button-primary:enabled, .button-danger:enabled, input[type=file]:enabled, .toast button"
VIEWS = (
    "/",
    "/codes",
    "/codes/{id}",
    "/codes/{id}/rules",
    "/codes/{id}/variants",
    "/codes/{id}/placements",
    "/codes/{id}/history",
    "/codes/{id}/settings",
    "/codes/{id}/design",
    *(f"/settings/{tab}" for tab in TABS if tab != "system"),
)


def test_a_read_key_sees_everything_and_changes_nothing(running: Up) -> None:
    code = running.create("https://example.com/y", label="Seen", slug="seen-1")
    _, made = running.call("POST", "/v1/keys", {"name": "reader", "scope": "read"})
    running.call("POST", "/v1/domains", {"domain": "read.example.com"})
    secret = made["secret"]
    with page(base(running)) as flow:
        flow.run(
            ["open", "/"],
            ["fill", "textbox:API key", secret],
            ["click", "button:Sign in"],
            ["click", "link:Codes"],
            ["click", ".code-main:has-text('Seen')"],
            ["see", 'input[name="destination"][disabled]'],
            ["gone", "link:System"],
        )
        for view in VIEWS:
            flow.run(["open", view.format(id=code["id"])], ["settled"], ["texts", CHANGES])
        flow.run(["open", "/settings"], ["see", ".record:has-text('_waymark.read.example.com')"])
    clean(running, flow)
    assert dict(zip(VIEWS, flow.told("texts"), strict=True)) == {view: [] for view in VIEWS}
    # Nothing but questions and tries was asked.
    asked = {one.replace(str(code["id"]), "{id}") for one in flow.end["writes"]}
    assert asked <= {
        "POST /v1/session",
        "POST /v1/query",
        "POST /v1/dynamic/{id}/qr/preview",
        "POST /v1/dynamic/{id}/test",
    }
    refused = [
        running.call("PATCH", f"/v1/dynamic/{code['id']}", {"label": "x"}, key=secret)[0],
        running.call("DELETE", f"/v1/dynamic/{code['id']}", key=secret)[0],
        running.call("POST", "/v1/keys", {"name": "more", "scope": "admin"}, key=secret)[0],
    ]
    assert refused == [403] * 3


PALETTE = (["press", "Control+k"], ["see", ".palette-input"])


def test_by_keyboard_alone(running: Up) -> None:
    """Each control is reached by Tab, and shows that it is (`tab`)."""
    assert running.key is not None
    with page(base(running)) as flow:
        flow.run(
            ["open", "/"],
            ["tab", "textbox:API key"],
            ["type", running.key],
            ["press", "Enter"],
            ["see", "heading:Overview"],
            ["press", "Tab"],
            ["focus"],
            ["press", "Enter"],
            ["press", "g"],
            ["press", "c"],
            ["see", "heading:Codes"],
            ["tab", "button:Create a code"],
            ["press", "Enter"],
            ["tab", 'dialog input[name="destination"]'],
            ["type", "https://example.com/keys"],
            ["tab", 'dialog input[name="slug"]'],
            ["type", "keys-1"],
            ["press", "Enter"],
            ["see", "h1:has-text('keys-1')"],
            ["see", ".live-open"],
            ["visit", f"http://localhost:{running.redirect_port}/keys-1", PHONE_AGENT],
            ["reads", TILE, "1"],
            ["tab", 'input[name="destination"]'],
            ["press", "Control+a"],
            ["type", "https://example.com/typed"],
            ["press", "Enter"],
            ["see", ".toast:has-text('Live everywhere')"],
            ["tab", ".bar-main"],
            ["press", "Enter"],
            ["see", ".filter"],
            ["press", "x"],
            ["gone", ".filter"],
            ["tab", ".period select >> nth=1", "Shift+Tab"],
            ["type", "No"],
            ["gone", ".bars-compared"],
            ["tab", "link:Design", "Shift+Tab"],
            ["press", "Enter"],
            ["tab", "button:Leaf"],
            ["press", "Enter"],
            ["see", ".badge:has-text('It scans')"],
            ["see", ".design-live .button-primary:not([disabled])"],
            ["tab", ".design-live .button-primary"],
            ["press", "Enter"],
            ["see", ".toast:has-text('Saved')"],
            ["tab", "link:Download PNG"],
            *PALETTE,
            ["type", "keys-1"],
            ["see", ".palette-option:has-text('keys-1')"],
            ["press", "Enter"],
            ["tab", "button:Share"],
            ["press", "Enter"],
            ["see", 'dialog input[name="name"]'],
            ["tab", "button:Make a link"],
            ["press", "Enter"],
            ["text", ".secret code"],
            ["tab", "link:All shared views"],
            ["press", "Enter"],
            ["tab", "button:Revoke"],
            ["press", "Enter"],
            ["gone", ".settings-row"],
            *PALETTE,
            ["type", "sign out"],
            ["press", "Enter"],
            ["see", "heading:Sign in"],
        )
    clean(running, flow)
    assert flow.told("focus") == ["Skip to content"]
    code = code_of(running, "keys-1")
    assert code["destination"] == "https://example.com/typed" and code["style"]


def test_two_people_who_edit_one_code_do_not_overwrite_each_other(running: Up) -> None:
    code = running.create("https://example.com/both", slug="both-1")
    path = f"/v1/dynamic/{code['id']}"
    with page(base(running)) as flow:
        flow.run(*sign_in(running, f"/codes/{code['id']}"), ["see", "h1:has-text('both-1')"])
        assert running.call("PATCH", path, {"destination": "https://example.com/theirs"})[0] == 200
        flow.run(
            ["fill", 'input[name="destination"]', "https://example.com/mine"],
            ["click", "button:Save"],
            ["see", ".toast:has-text('Somebody else')"],
            # Theirs is shown, and what was typed is still there.
            ["see", ".hint:has-text('https://example.com/theirs')"],
            ["value", 'input[name="destination"]'],
        )
    clean(running, flow, "412 (Precondition Failed)")
    assert flow.told("value") == ["https://example.com/mine"]
    assert running.call("GET", path)[1]["destination"] == "https://example.com/theirs"
