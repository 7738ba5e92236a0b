"""Qravio's API: `/api/public/v1`."""

from api.dialect import Dialect
from api.dialects.qravio import analytics, auth, codes, errors

DIALECT = Dialect(
    name="Qravio",
    prefix="/api/public/v1",
    about="Qravio's API. A key may also be sent as `X-API-Key`; every answer to a known caller tells how many of the "
    "month's calls are left.",
    security=("bearer", "header"),
    headers={
        "X-RateLimit-Limit": "How many calls a month the workspace's plan includes.",
        "X-RateLimit-Remaining": "How many of them are left.",
        "X-RateLimit-Reset": "When the quota resets, in seconds of the Unix epoch.",
    },
    routes=(*codes.ROUTES, *analytics.ROUTES),
    shape=errors.shape,
    error=errors.QravioError,
    authenticate=auth.authenticate,
    before=auth.before,
    finish=auth.finish,
    invalid_status=422,
    problems=(403, 429),
)
