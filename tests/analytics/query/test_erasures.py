"""While scans of a deleted code are erased, and after a kill in the middle of it, an answer is that of the scans."""

from datetime import UTC, datetime
from typing import Any

import pytest
from clickhouse_connect.driver.client import Client

from aggregator.erasure import erase
from analytics.query.answer import Answer, answer
from analytics.query.erasures import undisturbed
from analytics.query.grammar import parse
from analytics.types import Unavailable
from analytics.window import instant
from tests.analytics.query.scans import Attributes, codes_of, scans_of, store

WORKSPACE = 1
CODES = codes_of(WORKSPACE)
# Two months of them: each is erased by itself.
FIRST, END = datetime(2028, 3, 1, tzinfo=UTC), datetime(2028, 5, 1, tzinfo=UTC)
EVERYTHING = {"date_range": ["2028-03-01", "2028-04-30"], "kinds": ["human", "bot", "preview", "prefetch"]}
QUESTIONS: list[dict[str, Any]] = [
    {"metrics": ["scans", "visitors"], "dimensions": ["time:month"]},
    {"metrics": ["scans"], "dimensions": ["scan:country"], "pagination": {"limit": 2}, "include": {"remainder": True}},
    {"metrics": ["scans"], "dimensions": ["code"]},
]


@pytest.fixture(scope="module")
def filled(client: Client) -> Client:
    store(client, [one for one in scans_of(WORKSPACE, CODES) if FIRST <= instant(one.ts_ms) < END])
    return client


def asked(client: Client, question: dict[str, Any]) -> Answer:
    query = parse(EVERYTHING | question)
    attributes = Attributes(CODES)
    return answer(client, query, workspace=WORKSPACE, now=END, complete_until=END, codes=attributes)


def counted(client: Client) -> int:
    query = f"SELECT count() FROM scans WHERE workspace = {WORKSPACE} AND outcome IN ('redirect', 'page')"
    return int(client.query(query).result_rows[0][0])


def scans_in(found: Answer) -> int:
    rows = [*found.results, *([found.remainder] if hasattr(found.remainder, "metrics") else [])]
    return sum(int(str(row.metrics[0])) for row in rows)


class Killed(Exception):
    pass


def test_at_each_step_of_an_erasure_every_breakdown_adds_up_to_the_scans(filled: Client) -> None:
    before = counted(filled)
    seen = []

    def look(what: str, done: int, of: int) -> None:
        scans = counted(filled)
        seen.append((what, [scans_in(asked(filled, question)) - scans for question in QUESTIONS]))

    erase(filled, [(WORKSPACE, CODES[0].number)], progress=look)
    assert {what for what, _ in seen} >= {"erasing", "in the ledger", "subtracted", "out of scans"}
    assert all(off == [0, 0, 0] for _, off in seen), seen
    assert counted(filled) < before
    assert asked(filled, QUESTIONS[0]).meta.source == "rollup"


@pytest.mark.parametrize("step", ["in the ledger", "subtracted", "out of scans", "out of the workspace's sums"])
def test_after_a_kill_the_scans_are_counted_until_the_sums_are_right_again(filled: Client, step: str) -> None:
    code = CODES[1 + ["in the ledger", "subtracted", "out of scans", "out of the workspace's sums"].index(step)]

    def kill(what: str, done: int, of: int) -> None:
        if what == step:
            raise Killed

    with pytest.raises(Killed):
        erase(filled, [(WORKSPACE, code.number)], progress=kill)
    for question in QUESTIONS:
        found = asked(filled, question)
        assert (scans_in(found), found.meta.source) == (counted(filled), "raw")
    erase(filled, [(WORKSPACE, code.number)])
    for question in QUESTIONS:
        found = asked(filled, question)
        assert (scans_in(found), found.meta.source) == (counted(filled), "rollup")


def test_what_is_erased_while_it_is_read_is_read_again(filled: Client) -> None:
    reads = []

    def read(sums: bool) -> int:
        reads.append(sums)
        if len(reads) == 1:
            filled.command("INSERT INTO ledger (source, seq, workspace, code, reason) VALUES (99, 1, 1, 1, 'erased')")
        return len(reads)

    assert undisturbed(filled, WORKSPACE, read) == 2
    assert reads == [True, True]


def test_what_was_erased_since_the_last_answer_is_noticed(filled: Client) -> None:
    undisturbed(filled, WORKSPACE, lambda sums: 0)
    filled.command("INSERT INTO ledger (source, seq, workspace, code, reason) VALUES (98, 1, 1, 1, 'erased')")
    reads = []

    def read(sums: bool) -> int:
        reads.append(sums)
        return len(reads)

    assert undisturbed(filled, WORKSPACE, read) == 2
    assert undisturbed(filled, WORKSPACE, read) == 3


def test_where_erasing_does_not_end_it_says_so(filled: Client) -> None:
    seqs = iter(range(2, 1000))

    def read(sums: bool) -> int:
        filled.command(
            f"INSERT INTO ledger (source, seq, workspace, code, reason) VALUES (99, {next(seqs)}, 1, 1, 'erased')"
        )
        return 0

    with pytest.raises(Unavailable, match="ask again"):
        undisturbed(filled, WORKSPACE, read, within_s=0.2)
