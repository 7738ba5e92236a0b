"""What other services counted is read apart, per code, and replaced as a whole by the next import."""

from datetime import date

import pytest
from clickhouse_connect.driver.client import Client

from aggregator.erasure import erase
from aggregator.imported_history import store
from analytics.imported import ImportedBeside, imported, imported_beside, imported_totals
from analytics.query.code_sets import ALL_CODES, CodeSet
from analytics.types import Day, Ranked
from schemas.imported import ImportedHistory, PastScans

MAY, JUNE = date(2025, 5, 31), date(2025, 6, 2)
FAIR = ImportedHistory(
    1,
    7,
    "shlink",
    (
        PastScans(5, MAY, "human", "DE", "news.example.org"),
        PastScans(1, JUNE, "bot"),
        PastScans(2, JUNE, "human", "DE"),
        PastScans(4),
    ),
)
OTHER = ImportedHistory(1, 8, "kutt", (PastScans(99),))
FOREIGN = ImportedHistory(2, 9, "kutt", (PastScans(3, MAY),))


@pytest.fixture
def stored(client: Client) -> Client:
    client.command("TRUNCATE TABLE imported_scans")
    store(client, [FAIR, OTHER, FOREIGN], 1)
    return client


def test_a_code(stored: Client) -> None:
    found = imported(stored, 1, 7)
    assert (found.total, found.undated) == (12, 4)
    assert found.services == [Ranked("shlink", 12)]
    assert found.kinds == [Ranked("human", 7), Ranked("", 4), Ranked("bot", 1)]
    assert found.countries == [Ranked("DE", 7), Ranked("", 5)]
    assert found.referrers == [Ranked("", 7), Ranked("news.example.org", 5)]
    assert found.daily == [Day(MAY, 5), Day(JUNE, 3)]
    assert imported(stored, 2, 7).total == 0 == imported(stored, 1, 70).total


def test_the_next_import_takes_the_place_of_the_last(stored: Client) -> None:
    more = ImportedHistory(1, 7, "shlink", (PastScans(6, MAY, "human", "DE"), PastScans(1)))
    for at in (2, 2, 3):
        store(stored, [FAIR, more], at)
    found = imported(stored, 1, 7)
    assert (found.total, found.undated, found.daily) == (7, 1, [Day(MAY, 6)])
    # Of another service it is kept beside.
    store(stored, [ImportedHistory(1, 7, "bitly", (PastScans(2, MAY),))], 1)
    assert imported(stored, 1, 7).services == [Ranked("shlink", 7), Ranked("bitly", 2)]
    store(stored, [ImportedHistory(1, 7, "shlink", ())], 4)
    assert imported(stored, 1, 7).services == [Ranked("bitly", 2)]


def test_totals_and_what_is_beside_an_answer(stored: Client) -> None:
    assert imported_totals(stored, 1, [7, 8, 9], kinds=["human"]) == {7: 11, 8: 99}
    assert imported_totals(stored, 1, [7], kinds=["human", "bot"]) == {7: 12}
    assert imported_totals(stored, 1, [], kinds=["human"]) == {}
    beside = imported_beside(stored, 1, ALL_CODES, MAY, MAY)
    assert (beside.scans, beside.undated, beside.services) == (5, 103, ["kutt", "shlink"])
    beside = imported_beside(stored, 1, CodeSet(frozenset({7})), MAY, JUNE)
    assert (beside.scans, beside.undated, beside.services) == (8, 4, ["shlink"])
    assert imported_beside(stored, 1, CodeSet(frozenset({7}), excluded=True), MAY, JUNE).undated == 99
    nothing = imported_beside(stored, 3, ALL_CODES, MAY, JUNE)
    assert imported_beside(stored, 1, CodeSet(frozenset()), MAY, JUNE) == nothing == ImportedBeside(0, 0, [])


def test_those_of_a_deleted_code_are_erased(stored: Client) -> None:
    erase(stored, [(1, 7)])
    assert imported(stored, 1, 7).total == 0
    assert imported_totals(stored, 1, [7, 8], kinds=["human"]) == {8: 99}
