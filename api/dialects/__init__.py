"""The APIs that one deployment speaks: a module or folder for each, and one line here."""

from api.dialect import Dialect
from api.dialects import agency, exaroutes, openqr, qravio

# The first is Waymark's own: paths that belong to none are answered in its shape.
DIALECTS: tuple[Dialect, ...] = (openqr.DIALECT, agency.DIALECT, exaroutes.DIALECT, qravio.DIALECT)


def of(path: str) -> Dialect:
    """The dialect whose path this is."""
    covering = [dialect for dialect in DIALECTS if dialect.covers(path)]
    return max(covering, key=lambda dialect: len(dialect.prefix), default=DIALECTS[0])
