"""What must hold in the end: every event once, and the rollups as if made from raw in one go."""

from clickhouse_connect.driver.client import Client

from infra.rollups import ROLLUPS, rollup_select


def problems(client: Client, expected: dict[int, int]) -> list[str]:
    """`expected`: each source with the seq up to which all of its events, and no others, must be stored."""
    found = []
    rows = client.query("SELECT source, count(), uniqExact(seq), max(seq) FROM scans GROUP BY source").result_rows
    there = {source: (count, distinct, highest) for source, count, distinct, highest in rows}
    for source in sorted(there.keys() | {source for source, last in expected.items() if last}):
        last = expected.get(source, 0)
        if there.get(source) != (last, last, last):
            found.append(f"source {source}: {there.get(source)} stored, of {last}")
    for rollup in ROLLUPS.values():
        key = ", ".join((*rollup.owner, *rollup.key)).replace("dimension", "toString(dimension) AS d")
        sums = "sum(n) AS total" + (", uniqExactMerge(visitors), max(last)" if rollup.people else "")
        sums += ", sum(fingerprint)" if rollup.fingerprint else ""
        query = f"SELECT {key}, {sums} FROM ({{}}) GROUP BY {', '.join((*rollup.owner, *rollup.key))} HAVING total != 0"
        fresh = set(client.query(query.format(rollup_select(rollup.table))).result_rows)
        kept = set(client.query(query.format(f"SELECT * FROM {rollup.table}")).result_rows)
        if fresh != kept:
            found.append(f"{rollup.table}: {len(fresh - kept)} missing or wrong, {len(kept - fresh)} too many or wrong")
    return found
