"""Codes in the dashboard: the list and what is done to many, and what one code can do."""

import re
from collections.abc import Iterator

import pytest

from tests.dashboard.driving import Flow, drive
from tests.waymark.running import Up, up, wait_for

pytestmark = [pytest.mark.browser, pytest.mark.proof]


@pytest.fixture(scope="module")
def running() -> Iterator[Up]:
    with up() as one:
        yield one


def run(running: Up, *steps: list[str], **size: int) -> Flow:
    assert running.key is not None
    sign_in = [
        ["open", "/"],
        ["fill", "textbox:API key", running.key],
        ["click", "button:Sign in"],
        ["see", "heading:Overview"],
    ]
    flow = drive(f"http://localhost:{running.api_port}", [*sign_in, *steps], **size)
    assert flow.end == {**flow.end, "faults": [], "hosts": [f"localhost:{running.api_port}"]}
    return flow


def codes(running: Up) -> dict[str, dict[str, object]]:
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


def test_a_list_by_scans_ends_with_those_without_any(running: Up) -> None:
    made = [running.create("https://example.com/x", slug=f"rank-{n}", tags=["rank"]) for n in range(3)]
    for n, times in ((0, 1), (1, 2)):
        for _ in range(times):
            running.scan(f"rank-{n}")
    wait_for(lambda: [running.total(code) for code in made] == [1, 2, 0])
    flow = run(
        running,
        ["open", "/codes?sort=scans&tag=rank"],
        ["see", ".code-row:nth-child(3)"],
        *(["text", f".code-row:nth-child({n}) strong"] for n in (1, 2, 3)),
    )
    assert flow.told("text") == ["/rank-1", "/rank-0", "/rank-2"]
