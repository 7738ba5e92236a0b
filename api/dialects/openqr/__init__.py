"""OpenQR's API, which is also Waymark's native API: `/v1`."""

from api import problems
from api.dialect import Dialect
from api.dialects.openqr import (
    analytics,
    api_keys,
    bulk,
    codes,
    domains,
    files,
    folders,
    images,
    imported,
    orphans,
    placements,
    query,
    reports,
    scans,
    tags,
    webhook_deliveries,
    webhooks,
)

DIALECT = Dialect(
    name="OpenQR",
    prefix="/v1",
    about="OpenQR's API, which is also Waymark's native API: everything that a code can do.",
    routes=(
        *bulk.ROUTES,
        *codes.ROUTES,
        *analytics.ROUTES,
        *imported.ROUTES,
        *images.ROUTES,
        *placements.ROUTES,
        *domains.ROUTES,
        *files.ROUTES,
        *orphans.ROUTES,
        *query.ROUTES,
        *reports.ROUTES,
        *folders.ROUTES,
        *scans.ROUTES,
        *tags.ROUTES,
        *api_keys.ROUTES,
        *webhooks.ROUTES,
        *webhook_deliveries.ROUTES,
    ),
    shape=problems.error_body,
    error=problems.Failure,
    work=files.reclaim_files,
)
