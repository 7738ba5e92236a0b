"""A year of scans that look like a real code's, made inside the warehouse.

Rows go into `scans` by INSERT SELECT in slices of time, and each slice into both rollups, as a batch does
behind the aggregator. What repeats in life repeats here: a few countries, phones and referrers make up
most visits and a long tail the rest; nights are quieter than days.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import msgspec
from clickhouse_connect.driver.client import Client

from infra.rollups import BY_VALUE, add_values

DAYS = 365
# Rows of one INSERT: one slice touches a month or two, so it stays one or two parts of each table.
SLICE = 500_000

# Two letters each.
_COUNTRIES = "GBUSDEFRIENLESITPLSEBEATCHDKNOPTFICZGRHUROCAAUNZINJPBRMXZAAESGTRILKRARCLCOUABG"
COUNTRIES = tuple(_COUNTRIES[at : at + 2] for at in range(0, len(_COUNTRIES), 2))


class Share(msgspec.Struct, frozen=True):
    """So many rows for the codes numbered from `first` on, `codes` of them. Without `code_sums` only the workspace gets
    its sums."""

    first: int
    rows: int
    codes: int = 1
    code_sums: bool = True


def _chance(salt: int) -> str:
    """A number in [0, 1) that depends on the row only."""
    return f"(cityHash64(seq, {salt}) / 18446744073709551616.)"


def _skewed(salt: int, values: int, power: float = 2.5) -> str:
    """0 to `values` - 1, the low ones far more often."""
    return f"toUInt32(floor(pow({_chance(salt)}, {power}) * {values}))"


def _named(prefix: str, salt: int, values: int, *, empty: float = 0.0) -> str:
    return f"if({_chance(salt + 1000)} < {empty}, '', concat('{prefix}', toString({_skewed(salt, values)})))"


_ROWS = f"""
INSERT INTO scans (source, seq, ts, code, workspace, host, slug, kind, outcome, country, region, city, lat, lon, device,
                   model, os, browser, client, referrer_host, referrer, language, utm_source, utm_medium,
                   utm_campaign, utm_term, utm_content, variant, entry, placement, visitor, bus, bus_partition,
                   bus_offset)
WITH
    {_chance(1)} AS chance,
    [{", ".join(f"'{country}'" for country in COUNTRIES)}] AS countries,
    {_skewed(2, 12)} AS place,
    cityHash64(country, place) AS spot
SELECT
    {{source:UInt64}} AS source,
    number AS seq,
    fromUnixTimestamp64Milli({{from_ms:Int64}}
        + toInt64((number - {{from_seq:UInt64}}) / {{rows:UInt64}} * {{span_ms:Int64}}), 'UTC') AS ts,
    {{first:UInt64}} + {{codes:UInt64}} * pow({_chance(3)}, 3) AS code,
    1 AS workspace,
    '' AS host,
    concat('code-', toString(code)) AS slug,
    multiIf(chance < 0.87, 'human', chance < 0.96, 'bot', chance < 0.99, 'preview', 'prefetch') AS kind,
    if({_chance(4)} < 0.98, 'redirect', 'paused') AS outcome,
    if({_chance(5)} < 0.03, '', countries[1 + {_skewed(6, len(COUNTRIES))}]) AS country,
    if(country = '', '', concat(country, '-', toString(place % 6))) AS region,
    if(country = '', '', concat('City ', toString(spot % 1000))) AS city,
    if(country = '', NULL, toFloat32(toInt32(spot % 1200) - 600) / 10) AS lat,
    if(country = '', NULL, toFloat32(toInt32(spot % 3400) - 1700) / 10) AS lon,
    multiIf(chance < 0.70, 'mobile', chance < 0.85, 'desktop', chance < 0.95, 'tablet', '') AS device,
    {_named("Model ", 7, 60, empty=0.2)} AS model,
    {_named("OS ", 8, 8)} AS os,
    {_named("Browser ", 9, 12)} AS browser,
    {_named("Client ", 10, 30)} AS client,
    {_named("site", 11, 150, empty=0.6)} AS referrer_host,
    if(referrer_host = '', '', concat('https://', referrer_host, '/page/', toString({_skewed(12, 4)}))) AS referrer,
    {_named("l", 13, 25, empty=0.02)} AS language,
    {_named("source", 14, 8, empty=0.7)} AS utm_source,
    {_named("medium", 15, 4, empty=0.7)} AS utm_medium,
    {_named("campaign", 16, 20, empty=0.7)} AS utm_campaign,
    {_named("term", 18, 10, empty=0.95)} AS utm_term,
    {_named("content", 19, 10, empty=0.9)} AS utm_content,
    '' AS variant,
    if({_chance(20)} < 0.8, 'qr', 'link') AS entry,
    if(entry = 'qr', {_named("place", 21, 40, empty=0.5)}, '') AS placement,
    cityHash64(seq % 7, {_skewed(17, 1_000_000, 1.2)}, toDate(ts)) AS visitor,
    'bench' AS bus, source AS bus_partition, seq AS bus_offset
FROM numbers({{from_seq:UInt64}}, {{rows:UInt64}})
"""


def fill(client: Client, share: Share, *, until: datetime, source: int, rows: int = SLICE) -> Iterator[int]:
    """Writes the share over the `DAYS` before `until`, oldest first; yields how many rows each step wrote.
    Blocks, about five seconds for a million rows on one core."""
    if not share.code_sums:
        client.command("DETACH TABLE scans_by_time_mv")
    for low, high in raw_rows(client, share, until=until, source=source, rows=rows):
        added = f"source = {source} AND seq BETWEEN {low + 1} AND {high}"
        add_values(client, added, BY_VALUE if share.code_sums else BY_VALUE[1:])
        yield high - low
    if not share.code_sums:
        client.command("ATTACH TABLE scans_by_time_mv")


def raw_rows(
    client: Client, share: Share, *, until: datetime, source: int, rows: int = SLICE
) -> Iterator[tuple[int, int]]:
    """As `fill`, without the sums by value; yields which rows each step wrote, (first, last]."""
    begin = until - timedelta(days=DAYS) + timedelta(minutes=1)
    span_ms = int((until - begin).total_seconds() * 1000)
    steps = max(1, -(-share.rows // rows))
    for step in range(steps):
        low, high = share.rows * step // steps, share.rows * (step + 1) // steps
        client.command(
            _ROWS,
            parameters={
                "source": source,
                "first": share.first,
                "codes": share.codes,
                "from_seq": low + 1,
                "rows": high - low,
                "from_ms": int(begin.astimezone(UTC).timestamp() * 1000) + span_ms * step // steps,
                "span_ms": span_ms // steps,
            },
            settings={"max_insert_threads": 1, "max_threads": 2, "deduplicate_insert": "disable"},
        )
        yield low, high
