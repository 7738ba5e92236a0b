"""A code as ExaRoutes' API shows it."""

from api.dialects.exaroutes.data_types import data_type
from api.dialects.exaroutes.schemas import QrCode, Secure
from api.responses import link_base
from codes import timestamps
from codes.scan_options import is_link
from qr.errors import Refused
from qr.payload import text as payload_of
from schemas.code import Code


def redirect_url(code: Code, base: str) -> str:
    """A code on a custom domain has that domain's link, any other the default one's."""
    return f"{link_base(code.host, base)}/r/{code.slug}"


def secure(code: Code) -> list[Secure]:
    reasons: list[Secure] = []
    if code.password is not None:
        reasons.append("password")
    if code.locked:
        reasons.append("locked")
    return reasons


def qr_code(code: Code, base: str) -> QrCode:
    link = redirect_url(code, base)
    return QrCode(
        id=code.slug,
        dataType=data_type(code.type),
        destination=_payload(code, link),
        redirectUrl=link,
        status="active" if code.status == "active" else "inactive",
        secure=secure(code),
        createdAt=_milliseconds(code.created_at_ms),
        updatedAt=_milliseconds(code.updated_at_ms),
    )


def _milliseconds(at_ms: int) -> str:
    """`2026-05-21T15:00:00.000Z`"""
    return f"{timestamps.format_ms(at_ms // 1000 * 1000).removesuffix('Z')}.{at_ms % 1000:03}Z"


def _payload(code: Code, link: str) -> str:
    """What `destination` reads as: an address, or the payload of a page; a page without a payload has its own link."""
    if is_link(code.type):
        return code.destination
    try:
        return payload_of(code.type, code.content)
    except Refused:
        return link
