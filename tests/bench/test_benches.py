"""bench: each bench still measures, at sizes that say nothing of speed."""

from bench import BENCHES


def ignore(_: str) -> None:
    return


def test_analytics() -> None:
    bench = BENCHES["analytics"]()
    figures = list(bench.measure(bench.TINY, ignore))
    assert [one.unit for one in figures] == ["ms", "ms", "×"]
    assert all(one.value > 0 for one in figures)
    assert [one.at_most for one in figures] == [None, 50, 1.5]
