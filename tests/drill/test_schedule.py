"""drill.schedule: a seed stands for one fault, always the same."""

import pytest

from drill.faults import INJECT
from drill.schedule import BUSES, FAULTS, Bus, faults_of, scheduled


@pytest.mark.parametrize("bus", BUSES)
def test_a_cycle_of_seeds_meets_every_fault_once(bus: Bus) -> None:
    count = len(faults_of(bus))
    for cycle in (0, 1, 7):
        met = [scheduled(bus, seed).fault.name for seed in range(cycle * count, (cycle + 1) * count)]
        assert sorted(met) == sorted(fault.name for fault in faults_of(bus))


@pytest.mark.parametrize("bus", BUSES)
def test_a_seed_says_everything(bus: Bus) -> None:
    assert [scheduled(bus, seed) for seed in range(50)] == [scheduled(bus, seed) for seed in range(50)]
    for seed in range(200):
        run = scheduled(bus, seed)
        low, high = run.fault.lasts_s
        assert low <= run.lasts_s <= high


def test_one_fault_can_be_had_alone_with_moments_of_its_own() -> None:
    runs = [scheduled("journal", seed, "power cut") for seed in range(20)]
    assert {run.fault.name for run in runs} == {"power cut"}
    assert len({run.lasts_s for run in runs}) == 20


def test_every_fault_can_be_injected() -> None:
    assert {fault.name for fault in FAULTS} == set(INJECT)


def test_only_a_full_disk_may_lose() -> None:
    assert [fault.name for fault in FAULTS if not fault.promised] == ["disk full", "disk full, the warehouse's too"]
