"""The settings: domains, keys, sessions, webhooks, reports, exports, files, plan and use, system."""

import http.client
from pathlib import Path

import pytest

from tests.dashboard.driving import base, clean, drive
from tests.waymark.running import Up

pytestmark = [pytest.mark.browser, pytest.mark.proof]


@pytest.fixture(scope="module")
def running(server: Up) -> Up:
    """The workspace `default`, whose branding the notices of the short host have."""
    return server


def test_what_is_made_in_the_settings_is_there(running: Up, tmp_path: Path) -> None:
    file = tmp_path / "menu.pdf"
    file.write_bytes(b"%PDF-1.4 menu")
    flow = drive(
        base(running),
        [
            # (By the form, so that the session is one of a browser.)
            ["open", "/"],
            ["fill", "textbox:API key", running.key or ""],
            ["click", "button:Sign in"],
            ["click", "link:Settings"],
            ["fill", 'input[name="domain"]', "not a domain"],
            ["click", "button:Add a domain"],
            ["see", '[role=alert]:near(input[name="domain"])'],
            ["fill", 'input[name="domain"]', "go.example.com"],
            ["click", "button:Add a domain"],
            ["see", ".record:has-text('_waymark.go.example.com')"],
            ["click", "link:Branding"],
            ["fill", 'input[name="name"]', "Café <b>Mirador</b>"],
            ["fill", 'input[name="accent"]', "#ffd400"],
            ["see", '[role=alert]:near(input[name="accent"])'],
            ["fill", 'input[name="accent"]', "#b3380b"],
            ["see", "iframe[src*='b3380b']"],
            ["click", "button:Save"],
            ["see", ".toast:has-text('Live on every page')"],
            ["click", "link:API keys"],
            ["click", "button:Create a key"],
            ["fill", 'input[name="name"]', "Till <b>2</b>"],
            ["click", "dialog button:has-text('Create')"],
            ["see", ".secret code:has-text('oqr_live_')"],
            ["text", ".secret code"],
            ["click", "button:I have copied it"],
            ["click", ".settings-row:has-text('Till <b>2</b>') button:has-text('Revoke')"],
            ["gone", ".settings-row:has-text('Till <b>2</b>')"],
            ["click", "link:Sessions"],
            ["see", ".settings-row:has-text('this one'):has-text('Chrome')"],
            ["open", "/settings/reports?period=12mo&f=scan:country~DE"],
            ["click", "button:Save this view"],
            ["fill", 'dialog input[name="name"]', "Germany"],
            ["click", "dialog button:has-text('Save')"],
            ["see", ".settings-row:has-text('Germany'):has-text('12 months')"],
            ["click", ".settings-row button:has-text('Delete')"],
            ["gone", ".settings-row:has-text('Germany')"],
            ["click", ".toast button:has-text('Undo')"],
            ["see", ".settings-row:has-text('Germany')"],
            ["click", "link:Webhooks"],
            ["click", "button:Create a webhook"],
            ["fill", 'input[name="url"]', "https://127.0.0.1/hook"],
            ["click", "dialog button:has-text('Create')"],
            ["see", '[role=alert]:near(input[name="url"])'],
            ["fill", 'input[name="url"]', "https://example.com/hook"],
            ["click", "text=A report crosses a threshold"],
            ["click", "button:Add a threshold"],
            ["click", "dialog button:has-text('Create') >> nth=-1"],
            ["see", ".secret code:has-text('whsec_')"],
            ["click", "dialog button[aria-label=Close]"],
            ["click", "summary:has-text('example.com/hook')"],
            ["click", "button:Send a test"],
            ["see", ".toast:has-text('on its way')"],
            ["click", "link:Exports"],
            ["click", "button:Schedule an export"],
            ["fill", 'dialog input[name="name"]', "All scans"],
            ["click", "dialog button:has-text('Schedule')"],
            ["see", "summary:has-text('All scans')"],
            ["click", "link:Files"],
            ["upload", "input[type=file]", str(file)],
            ["see", "a:has-text('menu.pdf')"],
            ["click", "link:Plan and use"],
            ["see", ".usage-one:has-text('Files'):has-text('1 of 10,000')"],
            ["click", "link:System"],
            ["see", ".facts:has-text('Warehouse')"],
            ["click", "link:Reports"],
            ["click", "link:Open"],
            ["see", ".filter:has-text('Germany')"],
            ["address"],
        ],
    )
    clean(running, flow, *["400 (Bad Request)"] * 3)
    # The short host shows it.
    short = http.client.HTTPConnection("localhost", running.redirect_port, timeout=30)
    short.request("GET", "/never")
    page = short.getresponse().read().decode()
    short.close()
    assert "Café &lt;b&gt;Mirador" in page and "--accent:#b3380b" in page
    assert flow.told("address")[-1].startswith("/?period=12mo")
    # What was revoked is refused.
    assert running.call("GET", "/v1/dynamic", key=flow.told("text")[0])[0] == 401
    [webhook] = running.call("GET", "/v1/webhooks")[1]["webhooks"]
    assert webhook["thresholds"][0]["above"] == 1000
