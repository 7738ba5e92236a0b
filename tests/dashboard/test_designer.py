"""The designer in Chromium: a look is tried, refused, saved and printed."""

import pytest

from tests.dashboard.driving import base, clean, drive, sign_in
from tests.waymark.running import Up

pytestmark = [pytest.mark.browser, pytest.mark.proof]


def test_a_look_is_tried_saved_undone_and_kept(running: Up) -> None:
    code = running.create("https://example.com/x", label="Poster", slug="poster-1")
    flow = drive(
        base(running),
        [
            *sign_in(running, f"/codes/{code['id']}"),
            ["click", "link:Design"],
            ["see", ".badge:has-text('It scans')"],
            ["fill", 'input[name="color"]', "#dddddd"],
            # At once, at its field, and it cannot be saved.
            ["see", ".badge:has-text('It does not scan')"],
            ["see", ".colour + .problem:has-text('contrast is 1.4')"],
            ["see", ".design-live .button-primary[disabled]"],
            ["click", "button:Leaf"],
            ["click", 'input[name="frame"]'],
            ["fill", 'input[name="caption"]', "Menu <b>"],
            ["see", ".badge:has-text('It scans')"],
            ["click", "button:Keep this style"],
            ["fill", 'input[name="style-name"]', "House <script>alert(1)</script>"],
            ["press", "Enter"],
            ["see", ".look-kept:has-text('House <script>')"],
            ["click", ".design-live .button-primary"],
            ["see", ".toast:has-text('Saved')"],
            ["see", "link:Download PNG"],
        ],
    )
    clean(running, flow, "400 (Bad Request)")
    read = running.call("GET", f"/v1/dynamic/{code['id']}")[1]
    assert read["style"]["frame"]["caption"] == "Menu <b>" and read["style"]["shape"] == "classy"
    [kept] = running.call("GET", "/v1/styles")[1]["styles"]
    assert kept["style"] == read["style"]
    flow = drive(
        base(running),
        [
            *sign_in(running, f"/codes/{code['id']}/design"),
            ["see", ".badge:has-text('It scans')"],
            ["click", "button:Classic"],
            ["click", ".design-live .button-primary"],
            ["click", ".toast button:has-text('Undo')"],
            ["see", ".choice:has(input[value='classy']:checked)"],
        ],
    )
    clean(running, flow)
    assert running.call("GET", f"/v1/dynamic/{code['id']}")[1]["style"] == read["style"]


def test_a_sheet_of_the_codes_that_are_chosen(running: Up) -> None:
    for at in range(3):
        running.create(f"https://example.com/{at}", label=f"Table {at}", tags=["tables"])
    bad = running.create("https://example.com/9", label="Bad", tags=["tables"], style={"frame": {"caption": "中文"}})
    flow = drive(
        base(running),
        [
            *sign_in(running, "/codes"),
            ["click", "link:Print a sheet"],
            # (Until then the list of codes is there, with a choice of tags of its own.)
            ["see", "heading:A sheet to print"],
            ["choose", ".codes-search select >> nth=1", "tables"],
            ["see", "button:Download PDF (4)"],
            ["click", "button:Download PDF (4)"],
            # Which one, and why.
            ["see", "[role=alert]:has-text('Bad')"],
            ["see", "[role=alert]:has-text('no font here')"],
            ["click", ".sheet-row:has-text('Bad')"],
            ["axe"],
            ["saves", "button:Download PDF (3)"],
        ],
    )
    clean(running, flow, "400 (Bad Request)")
    assert flow.told("axe") == [[]]
    assert flow.told("saves") == ["codes.pdf"]
    assert running.call("DELETE", f"/v1/dynamic/{bad['id']}")[0] == 200
