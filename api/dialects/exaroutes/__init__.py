"""ExaRoutes' API: `/api/qr`."""

from api import problems
from api.dialect import Dialect
from api.dialects.exaroutes import analytics, bulk, bulk_worker, codes, images

# Bulks first: `bulk` in a path is no id of a code.
DIALECT = Dialect(
    name="ExaRoutes",
    prefix="/api/qr",
    about="ExaRoutes' API.",
    routes=(*bulk.ROUTES, *codes.ROUTES, *analytics.ROUTES, *images.ROUTES),
    shape=problems.error_body,
    error=problems.Failure,
    work=bulk_worker.run,
)
