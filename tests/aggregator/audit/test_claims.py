"""What must be stored of a source, by what its journal, the register and its notes say."""

from collections.abc import Mapping

from aggregator.audit.claims import Claim, Point, claim_of
from aggregator.audit.evidence import Account, Copy, Evidence, JournalHead, Ranges

SOURCE = 7
HERE, AWAY = Evidence(), Evidence(elsewhere=True, silent_before_ms=1000)


def account(
    copy: Copy, last: int, *, closed: bool = False, digest: int = 1, refused: int = 0, at: int = 2000
) -> Account:
    return Account(copy, SOURCE, last, refused, digest, closed, at)


def of(
    *registered: Account,
    highest: int = 0,
    head: JournalHead | None = None,
    notes: Mapping[str, tuple[Account, Ranges]] | None = None,
    evidence: Evidence = HERE,
) -> Claim:
    return claim_of(SOURCE, highest, head, notes or {}, registered, evidence)


def test_an_open_journal_may_have_more_than_is_stored() -> None:
    claim = of(account("Redis", 90), highest=80, head=JournalHead(SOURCE, 100, ((95, 96),)))
    assert (claim.end, claim.last, claim.bound, claim.cut, claim.lost) == ("open", 100, 80, 0, False)
    assert (claim.refused, claim.refused_within) == (2, 0)


def test_a_journal_that_lost_its_end_lacks_what_the_register_knows() -> None:
    claim = of(account("Redis", 807), highest=700, head=JournalHead(SOURCE, 707))
    assert (claim.last, claim.bound, claim.cut) == (807, 700, 100)


def test_a_journal_that_is_not_there_is_lost_where_there_is_no_other_machine() -> None:
    claim = of(account("Redis", 807), account("the journals' register", 800))
    assert (claim.end, claim.last, claim.bound, claim.lost) == ("open", 807, 807, True)


def test_a_journal_elsewhere_is_an_open_account_up_to_its_head_note() -> None:
    notes = {"head": (account("the bus", 500), ())}
    claim = of(account("Redis", 807), highest=600, notes=notes, evidence=AWAY)
    assert (claim.end, claim.last, claim.bound, claim.lost) == ("open", 807, 500, False)
    assert claim.silent_since_ms is None


def test_a_source_that_nobody_has_heard_of_is_silent() -> None:
    notes = {"head": (account("the bus", 500, at=700), ())}
    assert of(account("Redis", 807, at=900), notes=notes, evidence=AWAY).silent_since_ms == 900
    assert of(account("Redis", 807, at=1100), notes=notes, evidence=AWAY).silent_since_ms is None


def test_copies_may_be_behind_but_not_beyond_the_end() -> None:
    closed = {"closed": (account("the bus", 100, closed=True), ())}
    assert of(account("Redis", 90), account("the journals' register", 95), notes=closed).contradictions == ()
    claim = of(account("Redis", 110), notes=closed)
    assert claim.contradictions == ("the bus says that it ended at 100, Redis that it reached 110",)
    assert (claim.end, claim.last, claim.bound) == ("closed", 110, 110)


def test_an_end_that_could_not_be_proven_leaves_the_register_behind() -> None:
    notes = {"closed": (Account("the bus", SOURCE, 105, 0, None, True, 0), ())}
    assert of(account("Redis", 100, closed=True), notes=notes).contradictions == ()


def test_copies_that_differ_about_the_same_events_are_named() -> None:
    one, other = account("Redis", 100, digest=1), account("the journals' register", 100, digest=2)
    assert of(one, other).contradictions == ("Redis and the journals' register differ about what was in 1-100",)
    fewer = account("the journals' register", 100, refused=3)
    assert of(one, fewer).contradictions == ("Redis counts 0 refused of 1-100, the journals' register 3",)


def test_each_number_that_a_digest_is_known_for_is_a_point() -> None:
    said = [account("Redis", 90, digest=5), account("the journals' register", 100, digest=6)]
    notes = {"closed": (account("the bus", 100, closed=True, digest=6), ())}
    assert of(*said, notes=notes).points == (
        Point(90, 0, 5, ("Redis",)),
        Point(100, 0, 6, ("the journals' register", "the bus")),
    )


def test_rows_that_nobody_speaks_for_have_no_end() -> None:
    assert of(highest=3).end == "none"
