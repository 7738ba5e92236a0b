"""The schedule of a seed: fault, time, duration and target, all derived from bus and seed."""

import random
from typing import Literal, get_args

import msgspec

Bus = Literal["journal", "kafka"]
BUSES: tuple[Bus, ...] = get_args(Bus)


class Fault(msgspec.Struct, frozen=True):
    """A fault to inject. `promised`: the design promises that nothing is lost. `lasts_s`: bounds of its duration."""

    name: str
    lasts_s: tuple[float, float] = (0.0, 0.0)
    promised: bool = True
    buses: tuple[Bus, ...] = BUSES


POWER_CUT = "power cut"
ALL_FULL = "disk full, the warehouse's too"
# Faults that need a separate file system under the whole stack.
ON_A_VOLUME = (POWER_CUT, ALL_FULL)

FAULTS = (
    Fault("redirector killed"),
    Fault("redirector stopped, resumed", (0.5, 2.5)),
    Fault("redirector ended"),
    Fault("core killed"),
    Fault("core killed in an insert"),
    Fault("core killed in three inserts"),
    Fault("core stopped, resumed", (0.5, 2.5)),
    Fault("core stopped in an insert (slow warehouse)", (0.5, 2.5)),
    Fault("core stutters (slow machine)", (1.0, 2.0)),
    Fault("core ended"),
    Fault("Redis killed"),
    Fault("Redis restarted"),
    Fault("Redis stopped, resumed", (0.5, 3.0)),
    Fault("several killed"),
    Fault("all killed at once"),
    Fault("all killed, and again while starting", (0.1, 2.0)),
    Fault("supervisor killed"),
    Fault("supervisor stopped, a child killed, resumed", (0.5, 2.0)),
    Fault("up stopped and started"),
    Fault("clock steps", (0.8, 1.5)),
    Fault("disk full", (0.5, 1.5), promised=False),
    Fault(POWER_CUT, (1.0, 15.0), buses=("journal",)),
    Fault(ALL_FULL, (3.0, 9.0), promised=False, buses=("journal",)),
    Fault("broker restarted", (0.0, 0.5), buses=("kafka",)),
    Fault("broker away", (5.0, 10.0), buses=("kafka",)),
    Fault("broker stopped, resumed", (1.0, 5.0), buses=("kafka",)),
    Fault("ingest killed", buses=("kafka",)),
    Fault("ingest stopped, resumed", (1.0, 4.0), buses=("kafka",)),
    Fault("core stopped past its session, resumed (zombie)", (11.0, 13.0), buses=("kafka",)),
    Fault("consumer joins and leaves", (1.0, 4.0), buses=("kafka",)),
    Fault("record sent twice", buses=("kafka",)),
)


class DrillRun(msgspec.Struct, frozen=True):
    """One run. `dice` seeds every further random choice during the run."""

    seed: int
    bus: Bus
    fault: Fault
    after_s: float
    lasts_s: float
    afterwards_s: float
    dice: str


def faults_of(bus: Bus) -> list[Fault]:
    return [fault for fault in FAULTS if bus in fault.buses]


def scheduled(bus: Bus, seed: int, only: str | None = None) -> DrillRun:
    """Return the run of a seed. As many consecutive seeds as there are faults cover each fault once (starting at a
    multiple of that number). `only` names one fault for every seed."""
    faults = [fault for fault in faults_of(bus) if only in (None, fault.name)]
    cycle, place = divmod(seed, len(faults))
    random.Random(f"{bus} {cycle}").shuffle(faults)
    dice = random.Random(f"{bus} {seed}")
    fault = faults[place]
    return DrillRun(
        seed=seed,
        bus=bus,
        fault=fault,
        after_s=dice.uniform(0.3, 1.0),
        lasts_s=dice.uniform(*fault.lasts_s),
        afterwards_s=dice.uniform(0.4, 1.6),
        dice=f"{bus} {seed} run",
    )
