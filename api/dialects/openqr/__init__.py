"""OpenQR's API, which is also Waymark's native API: `/v1`."""

import asyncio

from api import export_worker, problems
from api.context import ApiContext
from api.dialect import Dialect
from api.dialects.openqr import (
    analytics,
    api_keys,
    branding,
    bulk,
    codes,
    domains,
    files,
    folders,
    history,
    images,
    import_,
    imported,
    opened_views,
    orphans,
    page_previews,
    placements,
    proof,
    query,
    reports,
    scans,
    scheduled_exports,
    sessions,
    shared_views,
    sheets,
    stream,
    styles,
    system,
    tags,
    trials,
    usage,
    webhook_deliveries,
    webhooks,
)


async def _work(context: ApiContext, stop: asyncio.Event) -> None:
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(files.reclaim_files(context, stop))
        tasks.create_task(export_worker.run(context, stop))


DIALECT = Dialect(
    name="OpenQR",
    prefix="/v1",
    about="OpenQR's API, which is also Waymark's native API: everything that a code can do.",
    routes=(
        *bulk.ROUTES,
        *codes.ROUTES,
        *analytics.ROUTES,
        *import_.ROUTES,
        *imported.ROUTES,
        *proof.ROUTES,
        *images.ROUTES,
        *placements.ROUTES,
        *styles.ROUTES,
        *sheets.ROUTES,
        *domains.ROUTES,
        *branding.ROUTES,
        *files.ROUTES,
        *orphans.ROUTES,
        *page_previews.ROUTES,
        *query.ROUTES,
        *reports.ROUTES,
        *folders.ROUTES,
        *history.ROUTES,
        *scans.ROUTES,
        *scheduled_exports.ROUTES,
        *tags.ROUTES,
        *trials.ROUTES,
        *api_keys.ROUTES,
        *webhooks.ROUTES,
        *webhook_deliveries.ROUTES,
        *stream.ROUTES,
        *sessions.ROUTES,
        *shared_views.ROUTES,
        *opened_views.ROUTES,
        *usage.ROUTES,
        *system.ROUTES,
    ),
    shape=problems.error_body,
    error=problems.Failure,
    work=_work,
)
