"""What the API itself needs to do its work: Redis, fit to keep codes, and the warehouse, with its tables."""

from collections.abc import Mapping

from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError

import analytics.types
import codes.errors
from analytics.query_pool import QueryPool
from api.context import Ready
from codes.server import Fsync, check_server
from codes.store import Codes


def parts(store: Codes, questions: QueryPool, fsync: Fsync = "always") -> Mapping[str, Ready]:
    """For `ApiContext.readiness`. What is said is seen by anyone who asks, so it holds no addresses."""

    async def redis() -> str | None:
        try:
            await check_server(store.redis, fsync)
        except codes.errors.Unavailable:
            return "Redis does not answer"
        except codes.errors.Unfit as unfit:
            return str(unfit)
        return None

    async def warehouse() -> str | None:
        try:
            await questions.ask(_has_tables)
        except analytics.types.Unavailable:
            return "the warehouse does not answer, or has no tables yet"
        except ClickHouseError:
            return "the warehouse refuses to be read"
        return None

    return {"redis": redis, "warehouse": warehouse}


def _has_tables(client: Client) -> None:
    client.query("SELECT 1 FROM scans_by_value LIMIT 0")
