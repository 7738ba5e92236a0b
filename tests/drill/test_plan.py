"""drill.plan: a seed stands for one fault, always the same."""

import pytest

from drill.faults import INJECT
from drill.plan import BUSES, FAULTS, Bus, faults_of, planned


@pytest.mark.parametrize("bus", BUSES)
def test_a_cycle_of_seeds_meets_every_fault_once(bus: Bus) -> None:
    count = len(faults_of(bus))
    for cycle in (0, 1, 7):
        met = [planned(bus, seed).fault.name for seed in range(cycle * count, (cycle + 1) * count)]
        assert sorted(met) == sorted(fault.name for fault in faults_of(bus))


@pytest.mark.parametrize("bus", BUSES)
def test_a_seed_says_everything(bus: Bus) -> None:
    assert [planned(bus, seed) for seed in range(50)] == [planned(bus, seed) for seed in range(50)]
    for seed in range(200):
        plan = planned(bus, seed)
        low, high = plan.fault.lasts_s
        assert low <= plan.lasts_s <= high


def test_one_fault_can_be_had_alone_with_moments_of_its_own() -> None:
    plans = [planned("journal", seed, "power cut") for seed in range(20)]
    assert {plan.fault.name for plan in plans} == {"power cut"}
    assert len({plan.lasts_s for plan in plans}) == 20


def test_every_fault_can_be_injected() -> None:
    assert {fault.name for fault in FAULTS} == set(INJECT)


def test_only_a_full_disk_may_lose() -> None:
    assert [fault.name for fault in FAULTS if not fault.promised] == ["disk full", "disk full, the warehouse's too"]
