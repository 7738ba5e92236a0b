"""The dashboard as people use it, in Chromium, on a real `waymark up`."""

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
import zxingcpp
from PIL import Image

from harness.agents import PHONE as PHONE_AGENT
from tests.dashboard.driving import DESK, PHONE, base, clean, drive, link, sign_in
from tests.waymark.running import Up, up, wait_for

pytestmark = [pytest.mark.browser, pytest.mark.proof]

TILE = ".tile-value"


@pytest.fixture(scope="module")
def running() -> Iterator[Up]:
    with up() as one:
        yield one


def test_from_the_printed_link_to_a_scan_that_follows_an_edit(running: Up, tmp_path: Path) -> None:
    shot = tmp_path / "code.png"
    flow = drive(
        base(running),
        [
            ["open", link(running)],
            ["see", "heading:Overview"],
            ["address"],
            ["click", "link:Codes"],
            ["click", "button:Create a code"],
            ["fill", 'input[name="destination"]', "http://localhost/"],
            ["click", "dialog button:has-text('Create')"],
            ["see", "[role=alert]:has-text('public host')"],
            ["fill", 'input[name="destination"]', "https://example.com/before"],
            ["fill", 'input[name="label"]', "Poster <script>alert(1)</script>"],
            ["fill", 'input[name="slug"]', "poster-1"],
            ["fill", 'input[name="tags"]', "print, spring"],
            ["click", "dialog button:has-text('Create')"],
            ["see", "h1:has-text('Poster')"],
            ["loaded", ".code-picture img"],
            ["shot", str(shot), ".code-picture img"],
        ],
    )
    clean(running, flow, "400 (Bad Request)")
    # The token has left the address at once.
    assert flow.told("address") == ["/"]
    found = zxingcpp.read_barcode(Image.open(io.BytesIO(shot.read_bytes())))
    assert found is not None
    assert found.text == f"http://localhost:{running.redirect_port}/q/poster-1/"
    assert running.scan("q/poster-1/") == (302, "https://example.com/before")
    [code] = [one for one in running.call("GET", "/v1/dynamic")[1]["codes"] if one["slug"] == "poster-1"]
    wait_for(lambda: running.total(code) == 1)
    flow = drive(
        base(running),
        [
            *sign_in(running),
            ["reads", TILE, "1"],
            ["reads", ".live", "1"],
            ["open", f"/codes/{code['id']}"],
            ["fill", 'input[name="destination"]', "https://example.com/after"],
            ["click", "button:Save"],
            ["see", ".toast:has-text('Live everywhere')"],
        ],
    )
    clean(running, flow)
    assert running.scan("q/poster-1/") == (302, "https://example.com/after")
    wait_for(lambda: running.total(code) == 2)


def test_a_link_signs_in_once(running: Up) -> None:
    running.stop()
    running.start()
    first = link(running)
    flow = drive(
        base(running),
        [["open", first], ["see", "heading:Overview"], ["click", "button:Sign out"], ["see", "heading:Sign in"]],
    )
    clean(running, flow)
    flow = drive(base(running), [["open", first], ["see", "[role=alert]:has-text('has been used')"]])
    clean(running, flow, "401 (Unauthorized)")


def test_filters_periods_and_tables_are_in_the_address(running: Up) -> None:
    code = running.create("https://example.com/x", label="Menu", slug="menu-1", tags=["food"])
    for _ in range(3):
        running.scan("menu-1", **{"Accept-Language": "de"})
    running.scan("menu-1", **{"Accept-Language": "fr", "User-Agent": PHONE_AGENT})
    wait_for(lambda: running.total(code) == 4)
    flow = drive(
        base(running),
        [
            *sign_in(running),
            ["open", f"/?f=code~{code['id']}"],
            ["reads", TILE, "4"],
            ["click", "tab:Language"],
            ["click", ".bar-main:has-text('German')"],
            ["reads", TILE, "3"],
            ["address"],
            ["click", "button:Show as a table"],
            ["see", ".series-table td:has-text('3')"],
            ["choose", ".period select >> nth=0", "today"],
            ["address"],
            ["click", "button:Remove: Language"],
            ["reads", TILE, "4"],
        ],
    )
    clean(running, flow)
    first, then = flow.told("address")
    assert "scan%3Alanguage%7Ede" in first
    assert "period=today" in then


def test_a_read_key_sees_everything_and_changes_nothing(running: Up) -> None:
    running.create("https://example.com/y", label="Seen", slug="seen-1")
    status, made = running.call("POST", "/v1/keys", {"name": "reader", "scope": "read"})
    assert status == 201
    flow = drive(
        base(running),
        [
            ["open", "/"],
            ["fill", "textbox:API key", made["secret"]],
            ["click", "button:Sign in"],
            ["click", "link:Codes"],
            ["see", ".code-row:has-text('Seen')"],
            ["gone", "button:Create a code"],
            ["click", ".code-main:has-text('Seen')"],
            ["see", 'input[name="destination"][disabled]'],
            ["gone", "button:Delete"],
        ],
    )
    clean(running, flow)


@pytest.mark.parametrize(("scheme", "size"), [("light", DESK), ("dark", DESK), ("light", PHONE), ("dark", PHONE)])
def test_every_view_is_accessible_and_fits(running: Up, scheme: str, size: dict[str, int]) -> None:
    code = running.create("https://example.com/z", label="A" * 200 + " \u202e evil", tags=["one", "two"])
    running.scan(code["slug"])
    wait_for(lambda: running.total(code) == 1)
    views = ["/", "/codes", f"/codes/{code['id']}", "/settings/nothing"]
    steps = [["open", "/"], ["see", "heading:Sign in"], ["axe"], ["wide"], *sign_in(running)]
    for view in views:
        steps += [["open", view], ["see", "h1"], ["axe"], ["wide"]]
    flow = drive(base(running), steps, scheme=scheme, **size)
    clean(running, flow)
    assert flow.told("axe") == [[]] * 5
    assert [wide for wide in flow.told("wide") if wide > 0] == []


def test_by_keyboard_alone(running: Up) -> None:
    assert running.key is not None
    flow = drive(
        base(running),
        [
            ["open", "/"],
            ["see", "heading:Sign in"],
            ["press", "Tab"],
            ["focus"],
            *([["press", letter] for letter in running.key]),
            ["press", "Enter"],
            ["see", "heading:Overview"],
            ["press", "Tab"],
            ["focus"],
            ["press", "Enter"],
        ],
    )
    clean(running, flow)
    assert flow.told("focus") == ["key", "Skip to content"]
