"""Each promise of QR Code Agency's reference about analytics. The quoted lines are the reference's own."""

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from schemas.event import COUNTED, KINDS, OUTCOMES
from tests.api.agency.calls import LIST, A, B, made, patched, read
from tests.api.service import NOW, Body, Service

BLOCKS = [
    "short_id", "name", "total_scans", "scans_in_period", "period_days", "by_day", "top_referers", "top_clients",
    "top_countries", "top_cities", "top_devices", "top_os", "top_browsers", "scan_heatmap_by_hour", "geo_pins",
    "by_variant",
]  # fmt: skip


async def analytics(api: Service, code: Body, query: str = "") -> Body:
    response = await api.client.get(f"{LIST}{code['short_id']}/analytics/{query}")
    assert response.status_code == 200, response.text
    found: Body = response.json()
    return found


async def scanned(api: Service, code: Body, *scans: Body) -> None:
    api.stored(await api.birth_of(code["short_id"]), scans)


async def test_every_block_is_there_without_scans(api: Service) -> None:
    """the response shape stays the same"""
    code = await made(api)
    found = await analytics(api, code)
    assert list(found) == BLOCKS
    assert found == {
        "short_id": code["short_id"],
        "name": code["name"],
        "total_scans": 0,
        "scans_in_period": 0,
        "period_days": 30,
        **{name: [] for name in BLOCKS[5:13]},
        "scan_heatmap_by_hour": [[0] * 24] * 7,
        "geo_pins": [],
        "by_variant": [],
    }


@pytest.mark.parametrize(
    ("query", "days"),
    [("", 30), ("?days=1", 1), ("?days=365", 365), ("?days=0", 1), ("?days=366", 365), ("?days=-3", 1)],
)
async def test_days(api: Service, query: str, days: int) -> None:
    """days301 to 365"""
    code = await made(api)
    await scanned(api, code, *[{"days_ago": ago} for ago in (0, 29, 30, 364, 365)])
    found = await analytics(api, code, query)
    within = sum(ago < days for ago in (0, 29, 30, 364, 365))
    assert (found["period_days"], found["scans_in_period"], found["total_scans"]) == (days, within, 5)


@pytest.mark.parametrize("days", ["", "x", "7d", "1.5", "%00"])
async def test_days_that_are_no_number(api: Service, days: str) -> None:
    """days301 to 365"""
    code = await made(api)
    response = await api.client.get(f"{LIST}{code['short_id']}/analytics/?days={days}")
    assert response.status_code == 400
    assert response.json()["detail"].startswith("days must be a whole number")


async def test_every_hit_counts(api: Service) -> None:
    """Each hit creates a DynamicQrScan audit row."""
    code = await made(api)
    scans = [{"kind": kind, "outcome": outcome, "client": "iOS"} for kind in KINDS for outcome in OUTCOMES]
    await scanned(api, code, *scans)
    found = await analytics(api, code)
    counted = len(KINDS) * len(COUNTED)
    assert (found["total_scans"], found["scans_in_period"]) == (counted, counted)
    assert found["top_clients"] == [{"client": "Bot", "count": 6}, {"client": "iOS", "count": 2}]


async def test_by_day(api: Service) -> None:
    """One entry per day in the window (zero-fill not included)"""
    code = await made(api)
    await scanned(api, code, *[{"days_ago": ago} for ago in (0, 0, 3, 7)])
    assert (await analytics(api, code, "?days=7"))["by_day"] == [
        {"day": "2026-05-18", "count": 1},
        {"day": "2026-05-21", "count": 2},
    ]


LISTS = [
    ("top_referers", "referer", "referrer", "(direct)"),
    ("top_countries", "country", "country", "Unknown"),
    ("top_devices", "device", "model", "Unknown"),
    ("top_os", "os", "os", "Unknown"),
    ("top_browsers", "browser", "browser", "Unknown"),
]


@pytest.mark.parametrize(("block", "name", "column", "empty"), LISTS)
async def test_top_tens(api: Service, block: str, name: str, column: str, empty: str) -> None:
    """Top 10 by raw Referer header. (direct) for missing / Top 10 by ISO 3166 code from edge headers / Top 10 device
    families (iPhone, iPad, Pixel, etc.) / Top 10 OS families / Top 10 browser families"""
    code = await made(api)
    values = [f"V{letter}" for letter in "LKJIHGFEDCBA"]
    await scanned(api, code, *[{column: value} for value in values], {column: "VL"}, {}, {}, {})
    assert (await analytics(api, code))[block] == [
        {name: empty, "count": 3},
        {name: "VL", "count": 2},
        *({name: f"V{letter}", "count": 1} for letter in "ABCDEFGH"),
    ]


async def test_clients(api: Service) -> None:
    """Coarse UA bucket (iOS, Android, macOS, Windows, Linux, Bot, other)"""
    code = await made(api)
    people = ["iOS", "Android", "macOS", "Windows", "Linux", "other", ""]
    await scanned(api, code, *[{"client": client} for client in people], *[{"kind": kind} for kind in KINDS[1:]])
    assert (await analytics(api, code))["top_clients"] == [
        {"client": "Bot", "count": 3},
        {"client": "other", "count": 2},
        *({"client": client, "count": 1} for client in ("Android", "Linux", "Windows", "iOS", "macOS")),
    ]


async def test_cities(api: Service) -> None:
    """Top 10 "City, Country" """
    code = await made(api)
    cities = [("Montreal", "CA"), ("Montreal", "CA"), ("Paris", "FR"), ("Paris", "US"), ("Nowhere", ""), ("", "GB")]
    await scanned(api, code, *[{"city": city, "country": country} for city, country in cities])
    assert (await analytics(api, code))["top_cities"] == [
        {"city": "Montreal, CA", "count": 2},
        *({"city": city, "count": 1} for city in ("Nowhere", "Paris, FR", "Paris, US")),
    ]


async def test_the_heatmap(api: Service) -> None:
    """7 x 24 grid: weekdays vs hours of day"""
    code = await made(api)
    # The clock stands on a Thursday, 15:00 UTC.
    await scanned(api, code, {}, {"days_ago": 7}, {"days_ago": 1}, {"days_ago": 3.625}, {"days_ago": 40})
    grid = (await analytics(api, code))["scan_heatmap_by_hour"]
    assert [len(row) for row in grid] == [24] * 7
    hits = {(day, hour): n for day, row in enumerate(grid) for hour, n in enumerate(row) if n}
    assert hits == {(3, 15): 2, (2, 15): 1, (0, 0): 1}


async def test_pins(api: Service) -> None:
    """Up to 200 deduped (lat, lon) pins for map rendering"""
    code = await made(api)
    places: list[Body] = [{"lat": 45.5, "lon": -73.6, "city": "Montreal", "country": "CA"}] * 2
    places += [{"lat": 45.5, "lon": -73.6, "city": "Laval", "country": "CA"}, {"lat": 45.5, "lon": -73.6}]
    places += [{"lat": 48.2, "lon": 16.4}, {"city": "Nowhere"}]
    await scanned(api, code, *places)
    assert (await analytics(api, code))["geo_pins"] == [
        {"lat": 45.5, "lon": -73.6, "city": "Montreal", "country": "CA"},
        {"lat": 48.2, "lon": 16.4, "city": "", "country": "Unknown"},
    ]
    await scanned(api, code, *[{"lat": at / 10, "lon": 0.0} for at in range(250)])
    pins = (await analytics(api, code))["geo_pins"]
    assert len(pins) == 200
    assert pins[0]["city"] == "Montreal"


async def test_variants_are_counted_by_letter(api: Service) -> None:
    """Per-variant counts (empty array if no A/B variants)"""
    code = await made(api)
    await scanned(api, code, {}, {})
    assert (await analytics(api, code))["by_variant"] == []
    await patched(api, code, variants=[A, B])
    await scanned(api, code, {"variant": "b"}, {"variant": "b", "kind": "bot"}, {"variant": "b", "days_ago": 60})
    assert (await analytics(api, code))["by_variant"] == [
        {"variant": "a", "label": "A", "url": A["url"], "count": 0},
        {"variant": "b", "label": "B", "url": B["url"], "count": 2},
    ]


async def test_removed_variants_are_shown_while_the_window_has_scans_of_them(api: Service) -> None:
    """Per-variant counts (empty array if no A/B variants)"""
    code = await made(api, variants=[A, B])
    await scanned(api, code, {"variant": "a", "days_ago": 40}, {"variant": "b"}, {"variant": "zz"})
    c = {"url": "https://example.com/menu/C", "weight": 1, "label": None}
    await patched(api, code, variants=[c])
    # A set that is written anew begins at a again, and is counted apart: the old a's scans are not its.
    shown = [
        {"variant": "a", "label": None, "url": c["url"], "count": 0},
        {"variant": "b", "label": "B", "url": B["url"], "count": 1},
        {"variant": "zz", "label": None, "url": None, "count": 1},
    ]
    assert (await analytics(api, code))["by_variant"] == shown
    away = {"variant": "a", "label": "A", "url": A["url"], "count": 1}
    assert (await analytics(api, code, "?days=60"))["by_variant"] == [shown[0], away, *shown[1:]]
    await patched(api, code, variants=[])
    assert (await analytics(api, code))["by_variant"] == [
        {"variant": "b", "label": "B", "url": B["url"], "count": 1}, shown[2]
    ]  # fmt: skip


async def test_what_a_rule_led_is_no_variants(api: Service) -> None:
    """Per-variant counts"""
    native = await api.make(rules=[{"if": {"country": "GB"}, "to": "https://example.com/uk"}])
    await api.scanned(native["id"], {"variant": "a"}, {"variant": "a"}, {})
    code = (await api.client.get(LIST)).json()["results"][0]
    found = await analytics(api, code)
    assert (found["by_variant"], found["total_scans"]) == ([], 3)
    assert (await api.client.patch(f"/v1/dynamic/{native['id']}", json={"rules": []})).status_code == 200
    assert (await analytics(api, code))["by_variant"] == []


async def test_the_counts_of_the_list_and_of_the_analytics_are_the_same(api: Service) -> None:
    """total_scansAll-time scans on this QR"""
    code = await made(api)
    await scanned(api, code, *[{"days_ago": ago, "kind": kind} for ago in (0, 5, 500) for kind in KINDS])
    found = await analytics(api, code)
    assert (found["total_scans"], found["scans_in_period"]) == (12, 8)
    assert (await read(api, code))["scan_count"] == 12


async def test_a_deleted_codes_scans_can_be_read_for_13_months(api: Service) -> None:
    """Existing analytics rows are preserved for the standard 13 month retention window."""
    code = await made(api, variants=[A, B])
    await scanned(api, code, {"variant": "a", "country": "CA"}, {"days_ago": 40})
    await patched(api, code, variants=[B])
    before = await analytics(api, code)
    assert (await api.client.delete(f"{LIST}{code['short_id']}/")).status_code == 204
    assert await analytics(api, code) == before
    assert (await api.client.get(f"{LIST}{code['short_id']}/")).status_code == 404
    theirs = await api.caller("theirs")
    assert (await theirs.get(f"{LIST}{code['short_id']}/analytics/")).status_code == 404
    # From the 21st of May to the 21st of June of the year after.
    api.clock.now = NOW.replace(year=2027, month=6) - timedelta(milliseconds=1)
    assert (await analytics(api, code))["total_scans"] == 2
    api.clock.pass_by(seconds=1)
    assert (await api.client.get(f"{LIST}{code['short_id']}/analytics/")).status_code == 404


async def test_its_rows_are_kept_and_ordered_to_go(api: Service) -> None:
    """Existing analytics rows are preserved for the standard 13 month retention window."""
    code = await made(api)
    birth = await api.birth_of(code["short_id"])
    await api.client.delete(f"{LIST}{code['short_id']}/")
    raw = await api.redis.hget("{wm}:erasures", str(birth))
    assert isinstance(raw, bytes)
    until = round(NOW.replace(year=2027, month=6).timestamp() * 1000)
    assert f'"keep_until_ms":{until}'.encode() in raw


async def test_codes_deleted_elsewhere_leave_nothing_to_read(api: Service) -> None:
    """The QR does not exist or does not belong to you."""
    native = await api.make()
    await api.scanned(native["id"], {})
    await api.client.delete(f"/v1/dynamic/{native['id']}")
    assert (await api.client.get(f"{LIST}{native['slug']}/analytics/")).status_code == 404


async def test_a_new_code_of_the_same_slug_has_its_own_scans(api: Service) -> None:
    """short_id"""
    native = await api.make(slug="menu", label="old")
    await api.scanned(native["id"], {})
    assert (await api.client.delete(f"{LIST}menu/")).status_code == 204
    assert (await analytics(api, {"short_id": "menu"}))["name"] == "old"
    await api.make(slug="menu", label="new")
    found = await analytics(api, {"short_id": "menu"})
    assert (found["name"], found["total_scans"]) == ("new", 0)


async def test_dialects_agree_where_they_count_the_same(api: Service) -> None:
    """top_clientsCoarse UA bucket (…, Bot, other)"""
    native = await api.make()
    await api.scanned(native["id"], *[{"kind": kind, "country": "GB"} for kind in (*KINDS, "human")])
    found = await analytics(api, {"short_id": native["slug"]})
    ours = (await api.client.get(f"/v1/dynamic/{native['id']}/scans")).json()
    bots = next(one["count"] for one in found["top_clients"] if one["client"] == "Bot")
    assert found["scans_in_period"] - bots == ours["analytics"]["window_total"] == 2


_values: dict[str, st.SearchStrategy[Any]] = {
    "kind": st.sampled_from(["human", "human", *KINDS]),
    "outcome": st.sampled_from([*COUNTED, *COUNTED, *OUTCOMES]),
    "referrer": st.sampled_from(["", "(direct)", *(f"https://{letter}.example/" for letter in "abcdefghijkl")]),
    "client": st.sampled_from(["iOS", "Android", "macOS", "Windows", "Linux", "other", "", "Bot"]),
    "country": st.sampled_from(["", "CA", "US", "FR", "Unknown"]),
    "city": st.sampled_from(["", "Montreal", "Paris", "Zürich", "A, B"]),
    "model": st.sampled_from(["", "iPhone", "iPad", "Pixel", "PC"]),
    "os": st.sampled_from(["", "iOS", "Android"]),
    "browser": st.sampled_from(["", "Safari", "Chrome"]),
    "variant": st.sampled_from(["", "", "a", "b", "c"]),
    "at": st.sampled_from([(45.5, -73.6), (48.2, 16.4), (0.0, 0.0), None]),
    "minutes": st.integers(-600, 60 * 24 * 12),
}
_scans = st.lists(st.fixed_dictionaries(_values), max_size=50)


def plainly(scans: list[Body], code: Body, days: int) -> Body:
    """The same by counting."""
    hits = [scan for scan in scans if scan["outcome"] in COUNTED]
    today = NOW.date()
    inside = []
    for scan in hits:
        at = NOW - timedelta(minutes=scan["minutes"])
        if today - timedelta(days=days) < at.date() <= today:
            inside.append((at, scan))

    def top(name: str, value: Callable[[Body], str | None]) -> list[Body]:
        counts = Counter(shown for _, scan in inside if (shown := value(scan)) is not None)
        return [{name: key, "count": n} for key, n in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))[:10]]

    def city(scan: Body) -> str | None:
        return f"{scan['city']}, {scan['country']}" if scan["city"] and scan["country"] else scan["city"] or None

    grid = [[0] * 24 for _ in range(7)]
    for at, _ in inside:
        grid[at.weekday()][at.hour] += 1
    days_hit = Counter(at.date().isoformat() for at, _ in inside)
    points: dict[tuple[float, float], Counter[tuple[str, str]]] = {}
    for _, scan in inside:
        if scan["at"]:
            points.setdefault(scan["at"], Counter())[scan["city"], scan["country"]] += 1
    pins = []
    for (lat, lon), names in sorted(points.items(), key=lambda pair: (-pair[1].total(), pair[0])):
        name, country = min(names, key=lambda place: (place[0] == "", -names[place], place))
        pins.append({"lat": lat, "lon": lon, "city": name, "country": country or "Unknown"})
    letters = Counter(scan["variant"] for _, scan in inside if scan["variant"])
    return {
        "short_id": code["short_id"],
        "name": code["name"],
        "total_scans": len(hits),
        "scans_in_period": len(inside),
        "period_days": days,
        "by_day": [{"day": day, "count": days_hit[day]} for day in sorted(days_hit)],
        "top_referers": top("referer", lambda scan: scan["referrer"] or "(direct)"),
        "top_clients": top("client", lambda scan: "Bot" if scan["kind"] != "human" else scan["client"] or "other"),
        "top_countries": top("country", lambda scan: scan["country"] or "Unknown"),
        "top_cities": top("city", city),
        "top_devices": top("device", lambda scan: scan["model"] or "Unknown"),
        "top_os": top("os", lambda scan: scan["os"] or "Unknown"),
        "top_browsers": top("browser", lambda scan: scan["browser"] or "Unknown"),
        "scan_heatmap_by_hour": grid,
        "geo_pins": pins,
        "by_variant": [
            {"variant": letter, "label": None, "url": None, "count": letters[letter]} for letter in sorted(letters)
        ],
    }


@pytest.mark.proof
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(scans=_scans, days=st.sampled_from([1, 2, 7, 30, 365]))
@example(scans=[], days=30)
async def test_every_block_is_exact_over_all_scans(api: Service, scans: list[Body], days: int) -> None:
    """The aggregations sample the last 5 000 scans in the period. For QRs above that scale we maintain an additional
    rolled-up aggregation table"""
    code = await made(api)
    await scanned(api, code, *map(row, scans))
    assert await analytics(api, code, f"?days={days}") == plainly(scans, code, days)


def row(scan: Body) -> Body:
    fields = {name: value for name, value in scan.items() if name not in ("at", "minutes")}
    lat, lon = scan["at"] or (None, None)
    return fields | {"lat": lat, "lon": lon, "days_ago": scan["minutes"] / 1440}


async def test_more_than_five_thousand(api: Service) -> None:
    """The aggregations sample the last 5 000 scans in the period."""
    code = await made(api)
    await scanned(api, code, *[{"country": "CA" if at % 3 else "US", "days_ago": at % 20} for at in range(12_000)])
    found = await analytics(api, code)
    assert found["total_scans"] == found["scans_in_period"] == sum(map(sum, found["scan_heatmap_by_hour"])) == 12_000
    assert sum(each["count"] for each in found["by_day"]) == 12_000
    assert found["top_countries"] == [{"country": "CA", "count": 8000}, {"country": "US", "count": 4000}]
