"""bench: the load is what it says, and wrong answers are not counted as speed."""

from collections.abc import Iterator

import pytest

from bench import load
from bench.baseline import served
from bench.machine import cpu_seconds


@pytest.fixture(scope="module")
def bare() -> Iterator[tuple[int, int]]:
    with served("bare") as server:
        yield server.port, server.pid


def test_our_client_asks_for_every_path_once(bare: tuple[int, int]) -> None:
    port, pid = bare
    before = cpu_seconds(pid)
    done = load.each(port, [f"/{number}" for number in range(500)])
    assert done.answers == 500
    assert done.per_second > 0
    assert 0 < cpu_seconds(pid) - before < 10


def test_hot_load_without_wrk(bare: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    for keep_alive in (True, False):
        done = load.hot(bare[0], "/x", seconds=1, tries=50, connections=3, keep_alive=keep_alive)
        assert (done.answers, done.cut_off) == (50, 0)
        assert 0 < done.p50_ms <= done.p99_ms


def test_answers_that_are_no_redirects_are_an_error() -> None:
    with served("usual") as server, pytest.raises(load.WrongAnswers, match="404"):
        load.each(server.port, ["/known", "/a/path/that/is/none"])


def test_what_wrk_says_is_understood() -> None:
    text = (
        "  1 threads and 32 connections\n  Latency Distribution\n     50%  811.00us\n     75%    1.20ms\n"
        "     90%    3.00ms\n     99%    1.02s \n  95107 requests in 2.10s, 10.1MB read\nRequests/sec:  45289.05\n"
    )
    found = load._read_wrk(text)
    assert (found.answers, found.seconds) == (95107, 2.1)
    assert (found.p50_ms, found.p99_ms) == pytest.approx((0.811, 1020))
    with pytest.raises(load.WrongAnswers):
        load._read_wrk(text + "  Non-2xx or 3xx responses: 3\n")
