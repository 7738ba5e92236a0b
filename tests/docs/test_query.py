"""docs/query.md is right: each of its twenty questions is asked of a running Waymark, and answered as shown."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.query_page import PAGE, Asked, ask, asked, scan_the_proof, table
from tests.docs.query_world import fill
from tests.examples.calls import curl
from tests.servers import require
from tests.waymark.running import Up, up

QUESTIONS = asked(PAGE.read_text())


@pytest.fixture(scope="module")
def running() -> Iterator[Up]:
    with up() as one:
        fill(one)
        scan_the_proof(one)
        yield one


def test_there_are_twenty() -> None:
    assert [int(one.title.partition(".")[0]) for one in QUESTIONS] == list(range(1, 21))


@pytest.mark.parametrize("one", QUESTIONS, ids=lambda one: str(one.title))
def test_the_answer_is_as_shown(running: Up, one: Asked) -> None:
    answer = ask(running, one.question)
    assert table(answer) == one.table
    assert answer["meta"]["exact"] is True
    if one.address:
        status, same = running.call("GET", one.address.replace("|", "%7C"))
        assert status == 200, same
        assert same["results"] == answer["results"]


def test_the_calls_of_the_page(running: Up, tmp_path: Path) -> None:
    require.programs("curl", why="the documented calls are curl's")
    calls = [text for text in re.findall(r"```sh\n(.*?)```", PAGE.read_text(), re.DOTALL) if text.startswith("curl ")]
    known = {"WAYMARK": f"http://127.0.0.1:{running.api_port}", "WAYMARK_KEY": running.key or ""}
    (query, address, tops, report) = (curl(call, tmp_path, **known) for call in calls[:4])
    assert (query[0], query[1]["query"]["timezone"]) == (200, "Europe/Berlin")
    assert (address[0], address[1]["query"]["filters"]) == (200, [["is", "code:tag", ["poster"]]])
    assert (tops[0], [one["dimension"] for one in tops[1]["breakdowns"]]) == (200, tops[1]["query"]["breakdowns"])
    assert (report[0], report[1]["name"]) == (201, "Posters by week")
