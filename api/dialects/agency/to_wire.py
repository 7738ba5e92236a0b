"""A code as QR Code Agency's API shows it."""

from analytics.totals import Total
from api.dialects.agency.schemas import AgencyCode, AgencyVariant
from api.responses import picture_url
from api.timestamps import second, second_of
from codes.scan_options import is_link
from schemas.code import Code
from schemas.scan_options import Variant


def _variant(one: Variant) -> AgencyVariant:
    """An inactive variant reads as one of weight 0: this API has no other word for it."""
    return AgencyVariant(one.url, one.weight if one.active else 0, one.label)


def agency_code(code: Code, scans: Total, base: str) -> AgencyCode:
    url = picture_url(code.host, code.slug, base)
    return AgencyCode(
        id=code.number,
        short_id=code.slug,
        name=code.label or "",
        destination_url=code.destination if is_link(code.type) else url,
        variants=[_variant(one) for one in code.variants],
        is_active=code.status == "active",
        scan_count=scans.n,
        last_scanned_at=None if scans.last is None else second_of(scans.last),
        destination_changes_count=code.destination_changes,
        public_url=url,
        created_at=second(code.created_at_ms),
        updated_at=second(code.updated_at_ms),
    )
