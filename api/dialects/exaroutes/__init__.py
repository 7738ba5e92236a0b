"""ExaRoutes' API: `/api/qr`."""

from api import problems
from api.dialect import Dialect
from api.dialects.exaroutes import analytics, bulk, bulk_worker, codes, images, pagination

# Bulks come first: `bulk` in their paths is no code's id.
DIALECT = Dialect(
    name="ExaRoutes",
    prefix="/api/qr",
    about="ExaRoutes' API.",
    routes=(*bulk.ROUTES, *codes.ROUTES, *pagination.ROUTES, *analytics.ROUTES, *images.ROUTES),
    shape=problems.error_body,
    error=problems.Failure,
    work=bulk_worker.keep_working,
)
