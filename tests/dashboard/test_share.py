"""Shared views: made in the dashboard, opened by somebody without a key, revoked."""

from urllib.parse import urlsplit

import httpx
import pytest

from harness.agents import PHONE as PHONE_AGENT
from tests.dashboard.driving import PHONE, base, clean, drive, sign_in
from tests.waymark.running import Up, wait_for

pytestmark = [pytest.mark.browser, pytest.mark.proof]

TITLE = "Posters <b>May</b>"
SCANS = 'section[aria-label="Scans"] .tile-value'


def test_a_code_is_shared_opened_by_password_and_revoked(running: Up) -> None:
    code = running.call("POST", "/v1/dynamic", {"destination": "https://example.com/a", "label": "Posters"})[1]
    running.call("POST", "/v1/dynamic", {"destination": "https://example.com/b", "label": "Other"})
    for _ in range(3):
        httpx.get(code["short_url"], headers={"User-Agent": PHONE_AGENT}, timeout=5)
    shared = drive(
        base(running),
        [
            *sign_in(running),
            ["open", f"/codes/{code['id']}"],
            ["click", "button:Share"],
            ["fill", 'dialog input[name="name"]', TITLE],
            ["fill", 'dialog input[name="password"]', "short"],
            ["click", "button:Make a link"],
            ["see", '[role=alert]:near(input[name="password"])'],
            ["fill", 'dialog input[name="password"]', "for the agency"],
            ["click", "text=May be embedded"],
            ["axe"],
            ["click", "button:Make a link"],
            ["text", ".secret code"],
            ["text", ".secret >> nth=1 >> code"],
        ],
    )
    clean(running, shared, "400 (Bad Request)")
    link, frame = shared.told("text")
    assert frame.startswith(f'<iframe src="{link}"') and "<b>" not in frame
    path = urlsplit(link).path
    counted = {"metrics": ["scans"], "date_range": "today", "timezone": "UTC"}
    wait_for(lambda: running.call("POST", "/v1/query", counted)[1]["results"][0]["metrics"] == [3])

    guest = drive(
        base(running),
        [
            ["open", path],
            ["fill", 'input[name="password"]', "guessed"],
            ["click", "button:Open"],
            ["see", "[role=alert]:has-text('wrong')"],
            ["axe"],
            ["fill", 'input[name="password"]', "for the agency"],
            ["click", "button:Open"],
            ["reads", SCANS, "3"],
            ["reads", ".live-value", "3"],
            ["see", f"h1:has-text('{TITLE}')"],
            ["click", ".bar-main:has-text('Phone')"],
            ["see", ".filter:has-text('Phone')"],
            ["reads", SCANS, "3"],
            ["gone", "a[href^='/codes']"],
            ["gone", "button:Share"],
            ["text", "body"],
            ["click", "h2:has-text('Map')"],
            ["see", ".week"],
            ["axe"],
            ["wide"],
        ],
        scheme="dark",
        **PHONE,
    )
    clean(running, guest, "403 (Forbidden)", "403 (Forbidden)")
    assert (shared.told("axe"), guest.told("axe"), guest.told("wide")) == ([[]], [[], []], [0])
    assert "Other" not in guest.told("text")[0] and "example.com" not in guest.told("text")[0]

    revoked = drive(
        base(running),
        [
            *sign_in(running),
            ["open", "/settings/shared"],
            ["see", f".settings-row:has-text('{TITLE}'):has-text('opened'):has-text('embeddable')"],
            ["click", "button:Revoke"],
            ["gone", ".settings-row"],
            ["open", path],
            ["see", "h1:has-text('leads nowhere')"],
            # Whoever is signed in stays so.
            ["open", "/"],
            ["see", "heading:Overview"],
        ],
    )
    clean(running, revoked, "404 (Not Found)")
