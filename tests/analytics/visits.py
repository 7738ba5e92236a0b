"""Visits for tests: drawn by hypothesis around the edges that matter, stored as journal lines are."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from clickhouse_connect.driver.client import Client
from hypothesis import strategies as st

from infra.rollups import add_values
from schemas.event import COUNTED, EVENT_COLUMNS, KINDS, OUTCOMES, ScanEvent

# A leap day on the way, a change of year behind it, and a Monday.
NOW = datetime(2028, 3, 6, 10, 0, tzinfo=UTC)
_MIDNIGHT = NOW.replace(hour=0)

# Mostly within days of `NOW`, at and beside midnights; some years ago; some ahead (a clock that is wrong).
_moments = st.one_of(
    st.builds(
        lambda days, ms: _MIDNIGHT - timedelta(days=days) + timedelta(milliseconds=ms),
        st.integers(-2, 12),
        st.sampled_from([-1, 0, 1, 899_999, 900_000, 43_200_000, 86_399_999]) | st.integers(0, 86_399_999),
    ),
    st.integers(0, 800).map(lambda days: _MIDNIGHT - timedelta(days=days, milliseconds=-1)),
)

# `Unknown` and `Direct` occur as real values too, and there are more referrers than a top list shows.
_countries = st.sampled_from(["", "GB", "IE", "US", "Unknown", "Zz"])
_devices = st.sampled_from(["", "mobile", "desktop", "tablet"])
_hosts = st.sampled_from(["", "Direct", "Direct2", "D", *(f"{letter}.example" for letter in "abcdefghijé")])
_places = st.sampled_from(
    [
        ("", None, None),
        ("Montreal", 45.5, -73.6),
        ("Laval", 45.5, -73.6),
        ("", 45.5, -73.6),
        ("Null\tIsland", 0.0, 0.0),
        ("", -0.0, 0.0),
        ("Nowhere", None, None),
    ]
)


@st.composite
def _visit(draw: st.DrawFn) -> ScanEvent:
    city, lat, lon = draw(_places)
    texts: dict[str, Any] = dict.fromkeys(EVENT_COLUMNS, "")
    return ScanEvent(
        **texts
        | {
            "source": 0,
            "seq": 0,
            "ts_ms": round(draw(_moments).timestamp() * 1000),
            "code": 0,
            "workspace": 1,
            "kind": draw(st.sampled_from(["human", "human", "human", *KINDS])),
            "outcome": draw(st.sampled_from([*COUNTED, *COUNTED, *COUNTED, *OUTCOMES])),
            "country": draw(_countries),
            "city": city,
            "lat": lat,
            "lon": lon,
            "device": draw(_devices),
            "referrer_host": draw(_hosts),
            "slug": draw(st.sampled_from(["spring", "spring", "intro/one", ""])),
            "variant": draw(st.sampled_from(["", "a", "b"])),
            "visitor": draw(st.integers(0, 5) | st.integers(2**64 - 3, 2**64 - 1)),
        }
    )


visits = st.lists(_visit(), max_size=60)
# An example has several codes, which are stored at once: an insert costs more than the questions of a code.
CODES = 8

_next = iter(range(1, 1 << 30))
# A code has fewer batches.
MOST = 10


def store(client: Client, batches: Iterable[list[ScanEvent]]) -> int:
    """Inserts each batch of visits as the aggregator does, as those of a code that nobody else has."""
    return store_codes(client, [batches])[0]


def store_codes(client: Client, codes: Iterable[Iterable[list[ScanEvent]]]) -> list[int]:
    """The same for several codes: one insert has the first batch of each, the next their second ones."""
    numbers = []
    rounds: list[list[bytes]] = []
    source = next(_next)
    seq = 0
    for batches in codes:
        number = next(_next)
        numbers.append(number)
        for nth, batch in enumerate(batches):
            if nth == len(rounds):
                rounds.append([])
            for visit in batch:
                seq += 1
                own = msgspec.structs.replace(visit, source=source * MOST + nth, seq=seq, code=number)
                rounds[nth].append(msgspec.json.encode(own))
    columns = ["ts_ms" if name == "ts" else name for name in EVENT_COLUMNS]
    for nth, lines in enumerate(rounds):
        if lines:
            client.raw_insert("scans", columns, b"\n".join(lines), fmt="JSONCompactEachRow")
            add_values(client, f"source = {source * MOST + nth}")
    return numbers


def at(visit: ScanEvent) -> datetime:
    return datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=visit.ts_ms)


def counted(visits: Iterable[ScanEvent], kinds: Iterable[str]) -> list[ScanEvent]:
    wanted = set(kinds)
    return [visit for visit in visits if visit.kind in wanted and visit.outcome in COUNTED]
