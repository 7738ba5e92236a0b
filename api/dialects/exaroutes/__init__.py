"""ExaRoutes' API: `/api/qr`."""

from api.dialect import Dialect
from api.dialects.exaroutes import analytics, bulk, codes, images, listing, working
from api.dialects.openqr import errors

# Bulks come first: `bulk` in their paths is no code's id.
DIALECT = Dialect(
    name="ExaRoutes",
    prefix="/api/qr",
    about="ExaRoutes' API.",
    routes=(*bulk.ROUTES, *codes.ROUTES, *listing.ROUTES, *analytics.ROUTES, *images.ROUTES),
    shape=errors.shape,
    error=errors.Failure,
    work=working.keep_working,
)
