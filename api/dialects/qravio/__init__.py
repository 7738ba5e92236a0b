"""Qravio's API: `/api/public/v1`."""

from api.dialect import Dialect
from api.dialects.qravio import analytics, auth, codes, errors, pagination

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
    routes=(*pagination.ROUTES, *codes.ROUTES, *analytics.ROUTES),
    shape=errors.shape,
    error=errors.QravioError,
    authenticate=auth.authenticate,
    before=auth.before,
    finish=auth.finish,
    invalid_status=422,
    problems=(403, 429),
)
