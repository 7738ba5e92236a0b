"""A source is proven once and then watched: what is done to it by hand is found in the next round, and named."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from clickhouse_connect.driver.client import Client

from aggregator import queries
from aggregator.audit import part_sums
from aggregator.audit.background import Kept, audit_round, read_kept, write_kept
from aggregator.audit.evidence import Evidence, JournalHead
from aggregator.audit.part_sums import read_content
from aggregator.audit.rechecks import on_client
from aggregator.audit.rollup_watch import RollupMemory
from aggregator.bus import PartitionId
from aggregator.erasure import erase, purge
from schemas.event import DIGEST, LINE_CHECK_SETTINGS, SourceClosed
from schemas.proof import Proof
from tests.aggregator import stock

# One with a digest, one without (as a damaged journal leaves it), one that is open.
WHOLE, PLAIN, OPEN = 2**63 - 5, 40, 77
HEADS = [JournalHead(OPEN, 120)]
EVIDENCE = Evidence(journals=lambda: HEADS)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    with stock.warehouse(tmp_path_factory.mktemp("warehouse")) as client:
        yield client


@pytest.fixture
def client(engine: Client) -> Client:
    stock.empty(engine)
    for source in (WHOLE, PLAIN):
        stock.store(engine, source, range(1, 101))
        stock.store(engine, source, range(101, 191))
    query = f"SELECT {DIGEST} FROM scans WHERE source = {WHOLE}"
    digest = engine.query(query, settings=LINE_CHECK_SETTINGS).result_rows[0][0]
    end = SourceClosed(WHOLE, 1, 200, [(191, 200)], digest)
    queries.insert_notes(engine, PartitionId("journal", "journal", WHOLE), [end])
    stock.close(engine, PLAIN, 190)
    stock.store(engine, OPEN, range(1, 101))
    return engine


def one_round(client: Client, kept: Kept, evidence: Evidence = EVIDENCE) -> Proof:
    return audit_round(client, evidence, kept, lambda: 1000, rechecks=[on_client(client)])


def red(proof: Proof) -> dict[int, str]:
    return {one.source: ", ".join(one.reasons) for one in proof.red_sources}


def test_given_out_is_stored_and_erased_and_refused(client: Client) -> None:
    kept = Kept()
    proof = one_round(client, kept)
    assert red(proof) == {}
    assert (proof.sources_proven, proof.sources_open) == (2, 1)
    assert (proof.given_out, proof.stored, proof.erased, proof.refused, proof.waiting) == (510, 480, 0, 10, 20)
    # Known ones count as before, without being looked at.
    again = one_round(client, kept)
    assert again == proof
    assert erase(client, [(1, 1), (1, 2)])
    erased = one_round(client, kept)
    assert red(erased) == {} and erased.sources_proven == 2
    assert erased.erased == 192 and erased.stored == 480 - 192
    assert erased.given_out == erased.stored + erased.erased + erased.refused + erased.waiting


def lost(client: Client, source: int) -> None:
    stock.remove(client, "scans", f"source = {source} AND seq = 17")


def doubled(client: Client, source: int) -> None:
    stock.store(client, source, [24])


def altered(client: Client, source: int) -> None:
    stock.change(client, "scans", "country = 'XX'", f"source = {source} AND seq = 33")


def lost_and_doubled(client: Client, source: int) -> None:
    """As many rows as there should be."""
    lost(client, source)
    doubled(client, source)


def half_erased(client: Client, source: int) -> None:
    client.command(f"INSERT INTO ledger (source, seq, code, check, reason) VALUES ({source}, 5, 1, 7, 'by hand')")


@pytest.mark.parametrize(
    ("damage", "source", "reason"),
    [
        (lost, WHOLE, "1 missing, first missing: 17"),
        (lost, PLAIN, "1 missing, first missing: 17"),
        (lost, OPEN, "1 missing, first missing: 17"),
        (doubled, WHOLE, "1 doubled"),
        (doubled, OPEN, "1 doubled"),
        (lost_and_doubled, PLAIN, "1 missing, 1 doubled, first missing: 17"),
        (half_erased, WHOLE, "1 half erased"),
    ],
)
def test_what_is_done_by_hand_is_found_in_the_next_round_and_named(
    client: Client, damage: Callable[[Client, int], None], source: int, reason: str
) -> None:
    kept = Kept()
    assert red(one_round(client, kept)) == {}
    damage(client, source)
    for _ in range(2):
        assert red(one_round(client, kept)) == {source: reason}, "it stays red until it is right"


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        (WHOLE, "altered: what is stored of 1-200 is not what the bus has on record"),
        (PLAIN, "altered since it was proven"),
    ],
)
def test_an_altered_row_is_found_by_its_content(client: Client, source: int, reason: str) -> None:
    kept = Kept()
    one_round(client, kept)
    altered(client, source)
    for _ in range(2):
        assert red(one_round(client, kept)) == {source: reason}
    stock.change(client, "scans", "country = 'XX'", f"source = {source} AND seq = 33")
    back = ["GB", "US", ""][33 % 3]
    stock.change(client, "scans", f"country = '{back}'", f"source = {source} AND seq = 33")
    assert red(one_round(client, kept)) == {}


def test_merges_and_purges_change_nothing(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each part is read once, in pieces; what is proven is not proven again."""
    monkeypatch.setattr(part_sums, "ROWS", 64)
    kept = Kept()
    proof = one_round(client, kept)
    erase(client, [(1, 3)])
    purge(client)
    client.command("OPTIMIZE TABLE scans FINAL")
    looked_at: list[int] = []
    monkeypatch.setattr(
        "aggregator.audit.source_watch.check_sources",
        lambda *args, besides, **more: _looked(looked_at, *args, besides=besides, **more),
    )
    merged = one_round(client, kept)
    assert red(merged) == {} and merged.sources_proven == proof.sources_proven
    assert merged.given_out == proof.given_out and merged.erased == 96
    assert looked_at == [OPEN]
    assert len(kept.parts) == len(part_sums.list_parts(client))


def _looked(looked_at: list[int], *args: object, **more: object) -> object:
    from aggregator.audit.sources import check_sources

    found = check_sources(*args, **more)  # type: ignore[arg-type]
    looked_at += [state.source for state in found.states]
    return found


def is_empty(kept: Kept) -> bool:
    # (Each has a key of its own.)
    return kept == Kept(rollups=RollupMemory(key=kept.rollups.key))


def test_it_goes_on_from_what_was_kept_and_does_without(client: Client, tmp_path: Path) -> None:
    path = tmp_path / "proof.msgpack"
    kept = read_kept(path)
    one_round(client, kept)
    write_kept(path, kept)
    again = read_kept(path)
    assert again == kept and again.sources.keys() == {WHOLE, PLAIN}
    lost(client, PLAIN)
    assert red(one_round(client, again)).keys() == {PLAIN}
    path.write_bytes(b"damaged")
    assert is_empty(read_kept(path))
    assert red(one_round(client, Kept())).keys() == {PLAIN}
    write_kept(path, Kept(rule="another", sources=kept.sources))
    assert is_empty(read_kept(path)), "what the checks were made of has changed"


def test_a_part_that_is_merged_away_while_it_is_read_is_read_again(client: Client) -> None:
    known: dict[str, part_sums.PartSums] = {}
    expected = read_content(client, {}, lambda: None)
    rests = 0

    def merge() -> None:
        nonlocal rests
        rests += 1
        if rests == 1:
            client.command("OPTIMIZE TABLE scans FINAL")

    few = part_sums.FEW
    try:
        part_sums.FEW = 0
        assert read_content(client, known, merge) == expected
    finally:
        part_sums.FEW = few


def test_tables_without_parts_of_their_own_are_read_by_month(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = read_content(client, {}, lambda: None)

    def none(client: Client, table: str = "scans") -> Sequence[part_sums.Part]:
        return []

    monkeypatch.setattr(part_sums, "list_parts", none)
    assert read_content(client, {}, lambda: None) == expected
