"""Qravio's API: `/api/public/v1`."""

from api.dialect import Dialect
from api.dialects.qravio import access, codes, errors, listing, scans

DIALECT = Dialect(
    name="Qravio",
    prefix="/api/public/v1",
    about="Qravio's API. A key may also be sent as `X-API-Key`; every answer to a known caller says what is left of "
    "the month's calls.",
    security=("bearer", "header"),
    headers={
        "X-RateLimit-Limit": "The calls of the workspace's plan in a month.",
        "X-RateLimit-Remaining": "Those that are left.",
        "X-RateLimit-Reset": "When the quota resets, in seconds of the Unix epoch.",
    },
    routes=(*listing.ROUTES, *codes.ROUTES, *scans.ROUTES),
    shape=errors.shape,
    error=errors.QravioError,
    authenticate=access.authenticate,
    before=access.before,
    finish=access.finish,
    invalid_status=422,
    problems=(403, 429),
)
