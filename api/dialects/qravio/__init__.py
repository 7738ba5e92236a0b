"""Qravio's API: `/api/public/v1`."""

from api.dialect import Dialect
from api.dialects.qravio import access, codes, errors, listing, scans

DIALECT = Dialect(
    name="Qravio",
    prefix="/api/public/v1",
    routes=(*listing.ROUTES, *codes.ROUTES, *scans.ROUTES),
    shape=errors.shape,
    error=errors.QravioError,
    authenticate=access.authenticate,
    before=access.before,
    finish=access.finish,
    invalid_status=422,
    problems=(403, 429),
)
