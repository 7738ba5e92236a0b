"""QR Code Agency's API: `/api/v1`."""

from api.dialect import Dialect
from api.dialects.agency import analytics, auth, codes, domains, errors, generate, tokens

DIALECT = Dialect(
    name="QR Code Agency",
    prefix="/api/v1",
    about="QR Code Agency's API. Besides keys it takes tokens, which `POST /api/v1/token/` gives for a key.",
    security=("bearer", "token"),
    # `custom-domains` before what would take it for a short_id.
    routes=(*auth.ROUTES, *domains.ROUTES, *codes.ROUTES, *analytics.ROUTES, *generate.ROUTES),
    shape=errors.shape,
    error=errors.AgencyFailure,
    authenticate=tokens.authenticate,
    # A cap is 403 here; other figures that are reached are 402.
    statuses={"active_codes": 403},
)
