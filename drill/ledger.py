"""What a client knows: which visits it sent, of which it was given the redirect, and for how long it got none."""

from collections.abc import Iterable, Mapping

import msgspec

# What marks a visit in the warehouse: the campaign that its query names.
MARK = "drill"


class Ledger:
    """One for each run. `given` are visits whose 302 arrived whole; everything else that was sent may have been
    stored or not, since its answer was lost on the way."""

    def __init__(self, label: str) -> None:
        self.label = label
        self.sent = 0
        self.given: set[int] = set()
        self.longest_outage_s = 0.0

    def next(self) -> int:
        self.sent += 1
        return self.sent

    def campaign(self, visit: int) -> str:
        return f"{MARK}-{self.label}-{visit}"

    def outage(self, seconds: float) -> None:
        self.longest_outage_s = max(self.longest_outage_s, seconds)


class Count(msgspec.Struct, frozen=True):
    """A ledger against the warehouse. `strange` were stored, but never sent."""

    given: int
    stored: int
    lost: int
    doubled: int
    strange: int


def by_label(campaigns: Iterable[tuple[str, int]]) -> dict[str, dict[int, int]]:
    """Label → visit → rows, from campaigns and their numbers of rows; other campaigns are not ours."""
    found: dict[str, dict[int, int]] = {}
    for campaign, rows in campaigns:
        mark, _, rest = campaign.partition("-")
        label, _, visit = rest.rpartition("-")
        if mark == MARK and visit.isdecimal():
            found.setdefault(label, {})[int(visit)] = rows
    return found


def compare(ledger: Ledger, stored: Mapping[int, int]) -> Count:
    return Count(
        given=len(ledger.given),
        stored=sum(stored.values()),
        lost=len(ledger.given - stored.keys()),
        doubled=sum(rows - 1 for rows in stored.values()),
        strange=sum(not 1 <= visit <= ledger.sent for visit in stored),
    )
