"""Every rollup is watched: an entry changed by hand turns the proof red and names the rollup, the day and the owner."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from clickhouse_connect.driver.client import Client

from aggregator.audit import rollup_watch
from aggregator.audit.background import Kept, audit_round, read_kept, write_kept
from aggregator.audit.evidence import Evidence
from aggregator.audit.rechecks import on_client
from aggregator.audit.rollups import compare
from aggregator.erasure import erase, purge
from aggregator.rebuild import rebuild
from infra.rollups import ROLLUPS
from schemas.proof import Proof
from tests.aggregator import stock

SOURCE = 5
MINUTE = 60_000


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """Tests repair what they damage, so that the scans are stored once."""
    with stock.warehouse(tmp_path_factory.mktemp("warehouse")) as client:
        stock.store(client, SOURCE, range(1, 201))
        stock.store(client, SOURCE, range(201, 261))
        stock.close(client, SOURCE, 260)
        yield client


class Clock:
    def __init__(self) -> None:
        self.ms = 1_000_000
        self.slow_s = 0.0
        self._s = 0.0

    def now_ms(self) -> int:
        return self.ms

    def __call__(self) -> float:
        self._s += self.slow_s
        return self._s


def one_round(client: Client, kept: Kept, clock: Clock | None = None) -> Proof:
    clock = clock or Clock()
    return audit_round(client, Evidence(), kept, clock.now_ms, clock, rechecks=[on_client(client)])


@pytest.fixture(scope="module")
def proven(engine: Client, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a first round leaves."""
    kept = Kept()
    proof = one_round(engine, kept)
    assert (proof.red_days, proof.days_waiting, proof.rollups_day) == ((), 0, date(2028, 1, 2))
    path = tmp_path_factory.mktemp("kept") / "proof.msgpack"
    write_kept(path, kept)
    return path


DAY = {"workspace_by_month": date(2027, 12, 1)}
# A change that leaves the count as it is, and one that leaves all but the count.
COUNTS = [(table, "n = n + 1") for table in ROLLUPS]
OTHERS = [
    ("scans_by_time", "last = last + toIntervalMinute(1)"),
    ("workspace_by_time", "visitors = arrayReduce('uniqExactState', [toUInt64(1), 2, 3, 4, 5, 6, 7, 8, 9, 77])"),
    ("workspace_by_time", "fingerprint = fingerprint + 1"),
    ("scans_by_value", "value = 'FR'"),
    ("workspace_by_value", "value = 'FR'"),
]


@pytest.mark.parametrize(("table", "change"), [*COUNTS, *OTHERS])
def test_an_entry_changed_by_hand_is_found_in_the_next_round(
    engine: Client, proven: Path, table: str, change: str
) -> None:
    rollup, kept = ROLLUPS[table], read_kept(proven)
    day = DAY.get(table, date(2027, 12, 31))
    some = "kind = 'human'" if rollup.people else "dimension = 'country' AND value = 'GB' AND kind = 'human'"
    of_day = f"{rollup.day} = '{day}'"
    if "value" in change:
        # (A column of the key cannot be changed in place.)
        engine.command(f"DELETE FROM {table} WHERE {of_day} AND {some}", settings={"lightweight_deletes_sync": 2})
    else:
        stock.change(engine, table, change, f"{of_day} AND {some}")
    # Not waited for, though no other day is looked at: it is older than the newest.
    found = one_round(engine, kept)
    wrong = {(one.rollup, one.day) for one in found.red_days}
    expected = {(table, day)}
    if table == "workspace_by_value":
        # The months follow from it, and are now as wrong as their source.
        expected.add(("workspace_by_month", date(2027, 12, 1)))
    assert wrong == expected
    red = next(one for one in found.red_days if one.rollup == table)
    assert red.owner == rollup.owner[-1] and red.entries > 0
    assert set(red.owners) <= ({1} if red.owner == "workspace" else {1, 2, 3, 4, 5})
    assert {(one.rollup, one.day) for one in one_round(engine, kept).red_days} == expected, "it stays red"
    rebuild(engine)
    repaired = one_round(engine, kept)
    assert (repaired.red_days, repaired.days_waiting) == ((), 0)


def test_rebuild_merges_and_erasure_leave_it_green_and_compare_only_what_changed(
    engine: Client, proven: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = read_kept(proven)
    compared: list[str] = []

    def watched(client: Client, rollup: object, part: object) -> object:
        compared.append(rollup.table)  # type: ignore[attr-defined]
        return compare(client, rollup, part)  # type: ignore[arg-type]

    monkeypatch.setattr(rollup_watch, "compare", watched)
    rebuild(engine, anew=True)
    for table in ("scans", *ROLLUPS):
        engine.command(f"OPTIMIZE TABLE {table} FINAL")
    assert one_round(engine, kept).red_days == ()
    assert compared == [], "merging changes no content"
    assert erase(engine, [(1, 4)])
    purge(engine)
    assert one_round(engine, kept).red_days == ()
    assert set(compared) == set(ROLLUPS)


def test_the_newest_day_is_compared_every_ten_minutes(engine: Client, proven: Path) -> None:
    kept, clock = Kept(), Clock()
    first = one_round(engine, kept, clock)
    newest = f"toDate(bucket, 'UTC') = '{first.rollups_day}'"
    stock.change(engine, "scans_by_time", "n = n + 5", newest)
    clock.ms += MINUTE
    waits = one_round(engine, kept, clock)
    assert (waits.red_days, waits.rollups_at_ms) == ((), first.at_ms), "it says as of when"
    clock.ms += 10 * MINUTE
    late = one_round(engine, kept, clock)
    assert [(one.rollup, one.day) for one in late.red_days] == [("scans_by_time", first.rollups_day)]
    rebuild(engine)
    clock.ms += MINUTE
    assert one_round(engine, kept, clock).red_days == (), "what is red is looked at in each round"


def test_a_round_compares_so_much_and_the_next_goes_on(engine: Client) -> None:
    kept, clock = Kept(), Clock()
    clock.slow_s = 2 * rollup_watch.WORK_S
    waiting: list[int] = []
    while not waiting or waiting[-1]:
        proof = one_round(engine, kept, clock)
        waiting.append(proof.days_waiting)
        assert proof.red_days == ()
        assert len(waiting) < 30
    assert waiting == sorted(waiting, reverse=True) and len(waiting) > 5
