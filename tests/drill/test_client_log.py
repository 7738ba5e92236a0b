"""drill.client_log: what was given against what is stored."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from drill.client_log import ClientLog, Count, by_label, compare
from drill.runner import Outcome


def client_log(sent: int, given: set[int]) -> ClientLog:
    made = ClientLog("7")
    for _ in range(sent):
        made.next()
    made.given |= given
    return made


def test_a_loss_a_double_and_a_stranger_are_seen() -> None:
    # 1 is right, 2 was lost, 3 is there three times, 4 was not answered and stored, 9 was never sent.
    found = compare(client_log(4, {1, 2, 3}), {1: 1, 3: 3, 4: 1, 9: 1})
    assert found == Count(given=3, stored=6, lost=1, doubled=2, strange=1)


@given(st.lists(st.integers(1, 40)), st.sets(st.integers(1, 40)))
def test_the_figures_add_up(rows: list[int], answered: set[int]) -> None:
    found = compare(client_log(40, answered), Counter(rows))
    assert found.stored == len(rows)
    assert found.stored - found.doubled - len(set(rows) - answered) == found.given - found.lost


def test_campaigns_are_told_apart() -> None:
    made = client_log(2, set())
    told = [(made.campaign(1), 1), (made.campaign(2), 2), ("drill-8-1", 1), ("spring sale", 4), ("", 9)]
    assert by_label(told) == {"7": {1: 1, 2: 2}, "8": {1: 1}}


def test_a_power_cut_is_forgiven_the_last_moment_before_it() -> None:
    made = client_log(5, set())
    for visit, at in enumerate((1.0, 8.95, 9.0, 9.3, 12.0), start=1):
        made.gave(visit, at)
    made.power_cut(9.1, over=9.5, within_s=0.12)
    # The fourth was in a buffer when the lights went out; the fifth came after the restart.
    assert made.given == {1, 2, 5}
    found = compare(made, {1: 1})
    assert (found.lost, found.doubled) == (2, 0)
    count, oldest_s = made.gone({1})
    assert (count, round(oldest_s, 3)) == (1, 0.1)
    assert made.gone({1, 3}) == (0, 0.0)


def test_what_fails_a_run() -> None:
    fine = Outcome(1, "one", promised=True, given=5, stored=6)
    assert not fine.failed
    assert Outcome(1, "one", promised=True, lost=1, refused=1).failed
    assert Outcome(1, "one", promised=True, doubled=1).failed
    assert Outcome(1, "one", promised=True, problems=["no audit"]).failed
    assert not Outcome(1, "full", promised=False, lost=3, refused=3).failed
    # A loss that nobody counted is one too many.
    assert Outcome(1, "full", promised=False, lost=3, refused=2).failed
