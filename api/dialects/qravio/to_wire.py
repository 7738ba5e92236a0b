"""From a code to what Qravio shows of it."""

from typing import Any

from api.dialects.qravio.schemas import QravioCode, QravioDestination
from api.responses import short_url
from codes import conditions, variants
from codes.scan_options import is_link
from codes.timestamps import format_ms as moment
from schemas.code import Code, StaticCode
from schemas.scan_options import Rule, Variant


def second(at_ms: int) -> str:
    """`2026-06-22T10:15:00Z`"""
    return moment(at_ms // 1000 * 1000)


def destinations(code: Code, base: str) -> list[QravioDestination]:
    """Those without rules first: the first of them is where the code leads, and what `content.url` says."""
    if not is_link(code.type):
        return [_plain(code, variants.single_variant(code), short_url(code, base))]
    plain = code.variants or (variants.single_variant(code),)
    return [*(_plain(code, one, one.url) for one in plain), *(_ruled(code, one) for one in code.rules)]


def _plain(code: Code, one: Variant, url: str) -> QravioDestination:
    key = variants.key_in_set(code, one.key)
    return QravioDestination(one.id, url, one.weight, one.active, one.label, key, None)


def _ruled(code: Code, one: Rule) -> QravioDestination:
    key = variants.key_in_set(code, one.key)
    return QravioDestination(one.id, one.to, None, one.active, one.label, key, conditions.to_json(one.when))


def qr_code(code: Code, *, workspace_id: str, domain_id: str | None, total: int, base: str) -> QravioCode:
    found = destinations(code, base)
    content: dict[str, Any] | None = {"url": found[0].target_url} if is_link(code.type) else code.content
    return QravioCode(
        id=code.id,
        workspace_id=workspace_id,
        name=code.label or "",
        type="website" if is_link(code.type) else code.type,
        category="dynamic",
        short_code=code.slug,
        status="active" if code.status == "active" else "inactive",
        folder_id=code.folder_id,
        custom_domain_id=domain_id,
        ab_enabled=sum(one.active for one in code.variants) > 1,
        is_password_protected=code.password is not None,
        destinations=found,
        design=code.design,
        page_design=code.page_design,
        content=content,
        total_scans=total,
        created_by=code.created_by or None,
        created_at=second(code.created_at_ms),
        updated_at=second(code.updated_at_ms),
    )


def static_code(code: StaticCode, *, workspace_id: str) -> QravioCode:
    return QravioCode(
        id=code.id,
        workspace_id=workspace_id,
        name=code.name,
        type=code.type,
        category="static",
        short_code=None,
        status="active" if code.status == "active" else "inactive",
        folder_id=code.folder_id,
        custom_domain_id=None,
        ab_enabled=False,
        is_password_protected=False,
        destinations=[],
        design=code.design,
        page_design=code.page_design,
        content=code.content,
        total_scans=0,
        created_by=code.created_by or None,
        created_at=second(code.created_at_ms),
        updated_at=second(code.updated_at_ms),
    )
