"""Codes in the dashboard: the list and what is done to many, and what one code can do."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.dashboard.driving import Flow, base, clean, drive, sign_in
from tests.waymark.running import Up, wait_for

pytestmark = [pytest.mark.browser, pytest.mark.proof]


def run(running: Up, *steps: list[str], meant: Sequence[str] = ()) -> Flow:
    """The first step opens a page."""
    flow = drive(base(running), [*sign_in(running, steps[0][1]), *steps[1:]])
    clean(running, flow, *meant)
    return flow


def codes(running: Up) -> dict[str, dict[str, Any]]:
    return {one["slug"]: one for one in running.call("GET", "/v1/dynamic")[1]["codes"]}


def test_many_are_created_found_and_changed(running: Up) -> None:
    rows = ("Name;URL;Slug;Tags", "One;https://old.example.com/1;many-1;a", "Two;https://old.example.com/2;many-2;a, b")
    table = "\n".join((*rows, "Bad;nowhere;;"))
    flow = run(
        running,
        ["open", "/codes"],
        ["click", "button:Create many"],
        ["fill", 'textarea[name="table"]', table],
        ["see", "dialog .problem:has-text('no http')"],
        ["click", "dialog button:has-text('Create (2)')"],
        # What could not be made is still there.
        ["see", "dialog td:has-text('nowhere')"],
        ["press", "Escape"],
        ["click", "button:Folders"],
        ["fill", 'input[name="folder"]', "Spring"],
        ["click", "dialog button:has-text('Make')"],
        ["see", ".folder-name"],
        ["press", "Escape"],
        ["choose", 'select[name="tag"]', "a"],
        ["click", ".code-all input"],
        ["click", "button:Move to a folder"],
        ["choose", 'select[name="many-folder"]', "Spring"],
        ["click", "dialog button:has-text('Apply')"],
        ["see", ".toast:has-text('Changed: 2')"],
        ["click", ".code-all input"],
        ["click", "button:Change destinations"],
        ["fill", 'input[name="find"]', "old.example.com"],
        ["fill", 'input[name="replace"]', "new.example.com"],
        ["see", ".repoint li:nth-child(2) ins:has-text('new.example.com')"],
        ["axe"],
        ["click", "dialog button:has-text('Change (2)')"],
        ["see", ".code-line:has-text('new.example.com/1')"],
        ["fill", 'input[name="q"]', "two"],
        ["gone", ".code-row:has-text('One')"],
        ["click", ".code-all input"],
        ["click", "button:Pause"],
        ["see", ".code-row .badge-warn"],
        ["address"],
        ["axe"],
        ["wide"],
    )
    assert flow.told("axe") == [[], []]
    assert re.search(r"\?(?=.*tag=a)(?=.*q=two)", flow.told("address")[0])
    now = codes(running)
    assert [now[slug]["destination"] for slug in ("many-1", "many-2")] == [
        "https://new.example.com/1",
        "https://new.example.com/2",
    ]
    assert [now[slug]["status"] for slug in ("many-1", "many-2")] == ["active", "paused"]
    assert None not in {now[slug]["folder_id"] for slug in ("many-1", "many-2")}


def test_an_export_is_looked_at_then_imported_then_there(running: Up, tmp_path: Path) -> None:
    export = tmp_path / "links.csv"
    export.write_text("slug,destination\nold-1,https://example.com/1\nhealthz,https://example.com/2\n")
    steps = [
        ["open", "/codes"],
        ["click", "button:Import"],
        ["upload", 'input[name="export"]', str(export)],
        ["see", "dialog td:has-text('reserved')"],
        ["axe"],
        ["wide"],
        ["click", "dialog button:has-text('Import (1)')"],
    ]
    first = [
        ["see", "dialog li:has-text('1 made')"],
        ["click", "button:Show the folder"],
        ["see", ".code-row"],
        ["address"],
    ]
    again = [["see", "dialog li:has-text('there from')"], ["press", "Escape"]]
    flow = run(running, *steps, *first, *steps, *again)
    assert flow.told("axe") == [[], []] and flow.told("wide") == [0, 0]
    made = codes(running)["old-1"]
    assert f"folder={made['folder_id']}" in flow.told("address")[0]
    # The second time nothing was new, so it made no folder.
    assert sum(one["name"].startswith("links, ") for one in running.call("GET", "/v1/folders")[1]["folders"]) == 1
    assert "healthz" not in codes(running)


def test_a_list_by_scans_ends_with_those_without_any(running: Up) -> None:
    for n in range(3):
        running.create("https://example.com/x", slug=f"rank-{n}", tags=["rank"])
    for n, times in ((0, 1), (1, 2)):
        for _ in range(times):
            running.scan(f"rank-{n}")
    # (The list asks questions, which count a scan a moment later.)
    question = {"metrics": ["scans"], "date_range": "all", "timezone": "UTC", "dimensions": ["code"]}

    def counted() -> int:
        return sum(row["metrics"][0] for row in running.call("POST", "/v1/query", question)[1]["results"])

    wait_for(lambda: counted() == 3)
    flow = run(
        running,
        ["open", "/codes?sort=scans&tag=rank"],
        ["see", ".code-row:nth-child(3)"],
        *(["text", f".code-row:nth-child({n}) strong"] for n in (1, 2, 3)),
    )
    assert flow.told("text") == ["/rank-1", "/rank-0", "/rank-2"]


def test_what_one_code_does_is_edited_in_its_parts(running: Up) -> None:
    code = running.create("https://example.com/all", slug="parts-1", label="Parts")
    path = f"/codes/{code['id']}"
    flow = run(
        running,
        ["open", f"{path}/rules"],
        ["click", "button:Add a rule"],
        ["choose", 'select[name="kind-0"]', "language"],
        ["fill", 'input[name="value-0"]', "de, fr-CH"],
        ["fill", 'input[name="to"]', "http://localhost/"],
        ["click", "dialog button:has-text('Save')"],
        # The problem stands at its field, and what was typed is still there.
        ["see", "dialog [role=alert]:has-text('public')"],
        ["fill", 'input[name="to"]', "https://example.com/german"],
        ["axe"],
        ["click", "dialog button:has-text('Save')"],
        ["see", ".rule-sentence:has-text('the language is German or Swiss French')"],
        ["click", "button:Add a rule"],
        ["choose", 'select[name="kind-0"]', "device"],
        ["click", "dialog label:has-text('Phone')"],
        ["fill", 'input[name="to"]', "https://example.com/phone"],
        ["click", "dialog button:has-text('Save')"],
        ["see", ".rule:nth-child(2):has-text('the device is Phone')"],
        ["click", "button:Earlier: 2"],
        ["see", ".rule:nth-child(1):has-text('the device is Phone')"],
        ["axe"],
        ["click", ".parts a:has-text('Variants')"],
        ["click", "button:Add a variant"],
        ["fill", 'input[name="url-1"]', "https://example.com/other"],
        ["click", "form:has(input[name=url-1]) button:has-text('Save')"],
        ["see", ".plain-table tbody tr:nth-child(2)"],
        ["see", "p:has-text('Too few scans')"],
        ["axe"],
        ["click", ".parts a:has-text('Placements')"],
        ["fill", 'textarea[name="placements"]', "window\ndoor"],
        ["loaded", ".placement:nth-child(2) img"],
        ["click", "button:Download pictures (2)"],
        ["axe"],
        ["click", ".parts a:has-text('Settings')"],
        ["fill", 'input[name="scan_limit"]', "0"],
        ["click", "form:has(input[name=scan_limit]) button"],
        ["see", "form:has(input[name=scan_limit]) [role=alert]"],
        ["fill", 'input[name="scan_limit"]', "500"],
        ["fill", 'input[name="password"]', "open sesame"],
        ["click", "form:has(input[name=scan_limit]) button"],
        ["see", ".toast:has-text('Live everywhere')"],
        ["click", "form:has(input[name=password]) button:has-text('Save')"],
        ["see", "button:Remove the password"],
        ["axe"],
        ["wide"],
        meant=["400 (Bad Request)"] * 2,
    )
    assert flow.told("axe") == [[]] * 5
    now = codes(running)["parts-1"]
    assert [rule["to"] for rule in now["rules"]] == ["https://example.com/phone", "https://example.com/german"]
    assert [one["url"] for one in now["variants"]] == ["https://example.com/all", "https://example.com/other"]
    assert (now["scan_limit"], now["has_password"]) == (500, True)


def test_a_scan_is_tried_an_edit_put_back_and_a_page_written(running: Up) -> None:
    rules = [{"if": {"os": "iOS", "days": ["sun"], "zone": "Europe/Paris"}, "to": "https://example.com/brunch"}]
    code = running.create("https://example.com/one", slug="tried-1", rules=rules)
    path = f"/codes/{code['id']}"
    flow = run(
        running,
        ["open", f"{path}/rules"],
        ["reads", ".tester-sentence", "https://example.com/brunch"],
        ["reads", ".tester-sentence", "Paris, France"],
        ["fill", 'input[name="test-os"]', "Android"],
        ["reads", ".tester-rules", "Not the case: the system is iOS"],
        ["reads", ".tester-sentence", "https://example.com/one"],
        ["axe"],
        # What was changed can be put back.
        ["fill", 'input[name="destination"]', "https://example.com/two"],
        ["click", "form:has(input[name=destination]) button"],
        ["click", ".parts a:has-text('History')"],
        ["reads", ".history", "https://example.com/two"],
        ["click", "button:Put back: https://example.com/one"],
        ["see", ".history-entry:nth-child(3)"],
        ["axe"],
        # A page is drawn while it is written; what is wrong stands at its field.
        ["open", "/codes"],
        ["click", "button:Create a code"],
        ["choose", 'dialog select[name="type"]', "vcard_plus"],
        ["fill", 'dialog input[name="first_name"]', "Ada <script>"],
        ["framed", ".phone-screen", "h1:has-text('Ada <script>')"],
        ["click", "dialog button:has-text('Create a code')"],
        ["see", ".field:has(input[name=last_name]) [role=alert]:has-text('missing')"],
        ["fill", 'dialog input[name="last_name"]', "Lovelace"],
        ["gone", "dialog [role=alert]"],
        ["axe"],
        ["click", "dialog button:has-text('Create a code')"],
        ["click", ".parts a:has-text('Page')"],
        ["fill", 'input[name="email"]', "ada@"],
        ["see", ".field:has(input[name=email]) [role=alert]"],
        ["fill", 'input[name="email"]', "ada@example.com"],
        ["framed", ".phone-screen", "a[href='mailto:ada@example.com']"],
        ["click", ".page-editor button:has-text('Save')"],
        ["see", ".toast:has-text('Live everywhere')"],
        ["axe"],
        ["wide"],
    )
    assert flow.told("axe") == [[]] * 4
    assert flow.told("wide") == [0]
    now = codes(running)
    assert now["tried-1"]["destination"] == "https://example.com/one"
    (page,) = (one for one in now.values() if one["type"] == "vcard_plus")
    assert page["content"]["vCardContent"]["email"] == "ada@example.com"
    assert running.scan(page["slug"])[0] == 200
