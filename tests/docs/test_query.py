"""docs/query.md is right: each of its twenty questions is asked of a running Waymark, and answered as shown."""

from collections.abc import Iterator

import pytest

from tests.docs.query_page import PAGE, Asked, ask, asked, scan_the_proof, table
from tests.docs.query_world import fill
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
