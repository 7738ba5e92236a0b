"""The clients' record of a run: scans sent, scans answered with a redirect, and the longest outage."""

from collections.abc import Collection, Iterable, Mapping

import msgspec

# Marks a visit in the warehouse: its query names a campaign with this prefix.
MARK = "drill"


class ClientLog:
    """The log of one run. `given`: visits that received a complete 302. Any other sent visit may be stored or not,
    since its answer was lost on the way."""

    def __init__(self, label: str) -> None:
        self.label = label
        self.sent = 0
        self.given: set[int] = set()
        # Given so shortly before a power cut that they may be lost; visit → seconds before the cut.
        self.last_moments: dict[int, float] = {}
        self._given_at: dict[int, float] = {}
        self.longest_outage_s = 0.0

    def next(self) -> int:
        self.sent += 1
        return self.sent

    def campaign(self, visit: int) -> str:
        return f"{MARK}-{self.label}-{visit}"

    def gave(self, visit: int, at: float) -> None:
        self.given.add(visit)
        self._given_at[visit] = at

    def power_cut(self, at: float, over: float, within_s: float) -> None:
        """Withdraw the promise for visits given up to `within_s` before the cut, or between the cut and `over`."""
        for visit, given_at in self._given_at.items():
            if at - within_s < given_at <= over and visit in self.given:
                self.given.discard(visit)
                self.last_moments[visit] = at - given_at

    def gone(self, stored: Collection[int]) -> tuple[int, float]:
        """Count the visits of the last moments before power cuts that are not stored; return also how long before the
        cut the oldest was given."""
        ages = [age for visit, age in self.last_moments.items() if visit not in stored and age > 0]
        return len(ages), max(ages, default=0.0)

    def outage(self, seconds: float) -> None:
        self.longest_outage_s = max(self.longest_outage_s, seconds)


class Count(msgspec.Struct, frozen=True):
    """A client log compared with the warehouse. `strange`: stored, but never sent."""

    given: int
    stored: int
    lost: int
    doubled: int
    strange: int


def by_label(campaigns: Iterable[tuple[str, int]]) -> dict[str, dict[int, int]]:
    """Group campaigns and their numbers of rows by label: label → visit → rows. Ignores foreign campaigns."""
    found: dict[str, dict[int, int]] = {}
    for campaign, rows in campaigns:
        mark, _, rest = campaign.partition("-")
        label, _, visit = rest.rpartition("-")
        if mark == MARK and visit.isdecimal():
            found.setdefault(label, {})[int(visit)] = rows
    return found


def compare(log: ClientLog, stored: Mapping[int, int]) -> Count:
    return Count(
        given=len(log.given),
        stored=sum(stored.values()),
        lost=len(log.given - stored.keys()),
        doubled=sum(rows - 1 for rows in stored.values()),
        strange=sum(not 1 <= visit <= log.sent for visit in stored),
    )
