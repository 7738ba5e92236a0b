"""Codes as Qravio's API shows them."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from api.dialect import Call
from api.dialects.qravio.schemas import QravioCode, QravioDestination
from api.responses import short_url
from api.timestamps import second
from codes import conditions, variants
from codes.scan_options import is_link
from schemas.code import Code, StaticCode
from schemas.scan_options import Rule, Variant


def destinations(code: Code, base: str) -> list[QravioDestination]:
    """Those without rules first: the first of them is the code's destination, and equals `content.url`."""
    if not is_link(code.type):
        return [_without_rules(code, variants.single_variant(code), short_url(code, base))]
    plain = code.variants or (variants.single_variant(code),)
    return [*(_without_rules(code, one, one.url) for one in plain), *(_with_rules(code, one) for one in code.rules)]


def _without_rules(code: Code, one: Variant, url: str) -> QravioDestination:
    key = variants.key_in_set(code, one.key)
    return QravioDestination(one.id, url, one.weight, one.active, one.label, key, None)


def _with_rules(code: Code, one: Rule) -> QravioDestination:
    key = variants.key_in_set(code, one.key)
    return QravioDestination(one.id, one.to, None, one.active, one.label, key, conditions.to_json(one.when))


def _status(code: Code | StaticCode) -> Literal["active", "inactive"]:
    return "active" if code.status == "active" else "inactive"


def _dynamic_code(code: Code, *, workspace_id: str, domain_id: str | None, total: int, base: str) -> QravioCode:
    entries = destinations(code, base)
    content: dict[str, Any] | None = {"url": entries[0].target_url} if is_link(code.type) else code.content
    return QravioCode(
        id=code.id,
        workspace_id=workspace_id,
        name=code.label or "",
        type="website" if is_link(code.type) else code.type,
        category="dynamic",
        short_code=code.slug,
        status=_status(code),
        folder_id=code.folder_id,
        custom_domain_id=domain_id,
        ab_enabled=sum(one.active for one in code.variants) > 1,
        is_password_protected=code.password is not None,
        destinations=entries,
        design=code.design,
        page_design=code.page_design,
        content=content,
        total_scans=total,
        created_by=code.created_by or None,
        created_at=second(code.created_at_ms),
        updated_at=second(code.updated_at_ms),
    )


def _static_code(code: StaticCode, *, workspace_id: str) -> QravioCode:
    return QravioCode(
        id=code.id,
        workspace_id=workspace_id,
        name=code.name,
        type=code.type,
        category="static",
        short_code=None,
        status=_status(code),
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


async def qravio_codes(
    call: Call, codes: Sequence[Code | StaticCode], counts: Mapping[int, int], workspace_id: str
) -> list[QravioCode]:
    """The codes as answers have them; `counts` has the scans of each by its birth."""
    domains: dict[str, str] = {}
    if any(isinstance(code, Code) and code.host for code in codes):
        domains = {one.name: one.id for one in await call.context.domains.list(call.key.workspace)}
    base = call.context.settings.short_url
    return [
        _static_code(code, workspace_id=workspace_id)
        if isinstance(code, StaticCode)
        else _dynamic_code(
            code,
            workspace_id=workspace_id,
            domain_id=domains.get(code.host),
            total=counts.get(code.birth, 0),
            base=base,
        )
        for code in codes
    ]
