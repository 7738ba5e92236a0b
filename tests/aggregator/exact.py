"""What must hold in the end: every event once, and both rollups as if made from raw in one go."""

from clickhouse_connect.driver.client import Client

from infra.rollups import rollup_select


def problems(client: Client, expected: dict[int, int]) -> list[str]:
    """`expected`: each source with the seq up to which all of its events, and no others, must be stored."""
    found = []
    rows = client.query("SELECT source, count(), uniqExact(seq), max(seq) FROM scans GROUP BY source").result_rows
    there = {source: (count, distinct, highest) for source, count, distinct, highest in rows}
    for source in sorted(there.keys() | {source for source, last in expected.items() if last}):
        last = expected.get(source, 0)
        if there.get(source) != (last, last, last):
            found.append(f"source {source}: {there.get(source)} stored, of {last}")
    by_time = (
        "SELECT code, bucket, kind, sum(n), uniqExactMerge(visitors), max(last) FROM ({}) GROUP BY code, bucket, kind"
    )
    by_value = (
        "SELECT code, toString(dimension) AS d, day, value, kind, sum(n) FROM ({}) GROUP BY code, d, day, value, kind"
    )
    for table, query in (("scans_by_time", by_time), ("scans_by_value", by_value)):
        fresh = set(client.query(query.format(rollup_select(table))).result_rows)
        kept = set(client.query(query.format(f"SELECT * FROM {table}")).result_rows)
        if fresh != kept:
            found.append(f"{table}: {len(fresh - kept)} missing or wrong, {len(kept - fresh)} too many or wrong")
    return found
