"""QR Code Agency's API: `/api/v1`."""

from api.dialect import Dialect
from api.dialects.agency import analytics, auth, codes, domains, errors, generate

DIALECT = Dialect(
    name="QR Code Agency",
    prefix="/api/v1",
    about="QR Code Agency's API. Besides keys it takes tokens, which `POST /api/v1/token/` issues for a key.",
    security=("bearer", "token"),
    # Domains first: `custom-domains` in a path is no short_id.
    routes=(*auth.ROUTES, *domains.ROUTES, *codes.ROUTES, *analytics.ROUTES, *generate.ROUTES),
    shape=errors.shape,
    error=errors.AgencyFailure,
    authenticate=auth.authenticate,
    # This limit is 403 here; the others are 402.
    statuses={"active_codes": 403},
)
