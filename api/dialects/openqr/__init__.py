"""OpenQR's API, which is also Waymark's own: `/v1`."""

from api.dialect import Dialect
from api.dialects.openqr import codes, domains, errors, files, images, listing, orphans, scans

DIALECT = Dialect(
    name="OpenQR",
    prefix="/v1",
    routes=(
        *listing.ROUTES,
        *codes.ROUTES,
        *scans.ROUTES,
        *images.ROUTES,
        *domains.ROUTES,
        *files.ROUTES,
        *orphans.ROUTES,
    ),
    shape=errors.shape,
    error=errors.Failure,
)
