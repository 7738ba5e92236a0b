"""All-time scans and the last scan of many codes, for lists of codes."""

from collections.abc import Collection
from datetime import datetime

import msgspec
from clickhouse_connect.driver.client import Client

from analytics.window import instant
from schemas.event import Kind


class Total(msgspec.Struct, frozen=True):
    """The scans of one code; `last` is None without scans."""

    n: int = 0
    last: datetime | None = None


def totals(client: Client, workspace: int, codes: Collection[int], *, kinds: Collection[Kind]) -> dict[int, Total]:
    """A total for each of these codes of the workspace, in one query. Blocks; raises what clickhouse-connect raises."""
    if not codes:
        return {}
    result = client.query(
        "SELECT code, sum(n), toUnixTimestamp64Milli(max(last)) FROM scans_by_time"
        " WHERE workspace = {workspace:UInt64} AND code IN {codes:Array(UInt64)} AND kind IN {kinds:Array(String)}"
        " GROUP BY code",
        parameters={"workspace": workspace, "codes": list(codes), "kinds": list(kinds)},
    )
    found = {code: Total(n, instant(ms)) for code, n, ms in result.result_rows}
    return {code: found.get(code, Total()) for code in codes}
