"""The overview in Chromium, on a real `waymark up`: moving, filtered, proven, taken along."""

import pytest

from harness.agents import PHONE as PHONE_AGENT
from tests.dashboard.driving import base, clean, drive, sign_in
from tests.waymark.running import Up, wait_for

pytestmark = [pytest.mark.browser, pytest.mark.proof]

TILE = ".tile-value"


def test_without_scans_it_says_what_to_do_and_a_lost_connection_is_mended(running: Up) -> None:
    flow = drive(
        base(running),
        [
            *sign_in(running),
            ["see", ".first-scan:has-text('No scans yet')"],
            # Nothing else: no eight empty cards.
            ["gone", ".panels"],
            ["axe"],
            ["network", "off"],
            ["see", ".banner"],
            ["network", "on"],
            ["see", ".toast:has-text('Connected again')"],
            ["gone", ".banner"],
            ["press", "?"],
            ["see", "dialog:has-text('Shortcuts')"],
            ["axe"],
        ],
    )
    flow.end["faults"] = [one for one in flow.end["faults"] if "ERR_INTERNET_DISCONNECTED" not in one]
    clean(running, flow)
    assert flow.told("axe") == [[], []]


def test_a_scan_moves_the_number_and_values_filter_in_and_out(running: Up) -> None:
    code = running.create("https://example.com/x", label="Menu", slug="menu-1")
    for language in ("de", "de", "de", "fr"):
        running.scan("menu-1", **{"Accept-Language": language})
    wait_for(lambda: running.total(code) == 4)
    flow = drive(
        base(running),
        [
            *sign_in(running),
            ["reads", TILE, "4"],
            ["reads", ".live-value", "4"],
            ["see", ".live-open"],
            ["visit", f"http://localhost:{running.redirect_port}/menu-1", PHONE_AGENT],
            ["reads", ".live-value", "5"],
            ["see", ".live-last:has-text('Menu')"],
            ["reads", TILE, "5"],
            ["click", ".proof-mark"],
            ["reads", ".account-sum", "Given out5"],
            ["axe"],
            ["press", "Escape"],
            ["click", "tab:Language"],
            ["click", ".bar-main:has-text('German')"],
            ["reads", TILE, "3"],
            ["click", ".bar-main:has-text('German')"],
            ["reads", TILE, "2"],
            ["address"],
            ["click", ".filter-main"],
            ["reads", TILE, "3"],
            ["click", "button:Choose more values: Language"],
            ["click", "dialog .bar-main:has-text('French')"],
            ["press", "Escape"],
            ["reads", TILE, "4"],
            ["text", ".filter-main"],
            ["click", "button:Show as a table"],
            ["see", ".series-table td:has-text('4')"],
            ["choose", ".period select >> nth=0", "today"],
            ["reads", TILE, "4"],
            ["address"],
            ["click", ".panel-foot .menu-export summary"],
            ["download", ".panel-foot button:has-text('CSV') >> visible=true"],
            ["click", ".series .menu-export summary"],
            ["download", ".series button:has-text('PNG')"],
            ["click", ".series .menu-export summary"],
            ["download", ".series button:has-text('SVG')"],
        ],
    )
    clean(running, flow)
    address, today = flow.told("address")
    assert "period=today" in today
    assert "f=%21scan%3Alanguage%7Ede" in address
    assert "tab=scan%3Alanguage" in address
    assert flow.told("text") == ["Language is German or French"]
    assert flow.told("axe") == [[]]
    rows, picture, drawing = flow.told("download")
    assert rows.splitlines()[1].startswith(f'"{code["id"]}",4,1')
    assert "PNG" in picture
    assert drawing.startswith("<svg")
    assert drawing.count("<polyline") == 2


def test_periods_zones_and_codes_are_found_by_keyboard(running: Up) -> None:
    code = running.create("https://example.com/y", label="Window <b>poster</b>", slug="window-1")
    running.scan("window-1")
    wait_for(lambda: running.total(code) == 1)
    flow = drive(
        base(running),
        [
            *sign_in(running),
            ["click", ".zone"],
            ["choose", "dialog select", "Asia/Tokyo"],
            ["press", "Escape"],
            ["gone", "dialog"],
            ["see", ".zone:has-text('Tokyo')"],
            ["see", "button:Earlier"],
            ["press", "["],
            ["see", ".none-here"],
            ["address"],
            ["press", "Control+k"],
            ["fill", ".palette-input", "all time"],
            ["press", "Enter"],
            ["gone", ".palette-input"],
            ["gone", ".none-here"],
            ["address"],
            ["press", "Control+k"],
            ["fill", ".palette-input", "window"],
            ["see", ".palette-option:has-text('Window <b>')"],
            ["axe"],
            ["press", "Enter"],
            ["see", "h1:has-text('Window <b>poster</b>')"],
        ],
    )
    clean(running, flow)
    earlier, always = flow.told("address")
    assert "from=" in earlier
    assert "zone=Asia%2FTokyo" in earlier
    assert "period=all" in always
    assert flow.told("axe") == [[]]
