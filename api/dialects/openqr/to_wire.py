"""A code as `/v1` shows it."""

import msgspec

from api.dialects.openqr.schemas import AppLinks, DynamicCode, Rule, RuleConditions, Variant
from api.responses import short_url
from api.timestamps import second
from codes import conditions
from codes.scan_options import is_link
from codes.timestamps import format_ms as moment
from codes.variants import key_in_set
from schemas import scan_options
from schemas.code import Code


def destination(code: Code, base: str) -> str:
    """The destination of a code; a code that shows a page has its own short link."""
    return code.destination if is_link(code.type) else short_url(code, base)


def dynamic_code(code: Code, base: str) -> DynamicCode:
    return DynamicCode(
        id=code.id,
        slug=code.slug,
        aliases=list(code.aliases),
        short_url=short_url(code, base),
        destination=destination(code, base),
        label=code.label,
        status=code.status,
        created_at=second(code.created_at_ms),
        updated_at=second(code.updated_at_ms),
        tags=list(code.tags),
        folder_id=code.folder_id,
        style=code.style,
        domain=code.host or None,
        type=code.type,
        content=code.content,
        page_design=code.page_design,
        starts_at=None if code.starts_at_ms is None else moment(code.starts_at_ms),
        expires_at=None if code.expires_at_ms is None else moment(code.expires_at_ms),
        expired_destination=code.expired_destination,
        scan_limit=code.scan_limit,
        has_password=code.password is not None,
        locked=code.locked,
        query=code.query,
        variants=[variant(one, key_in_set(code, one.key)) for one in code.variants],
        rules=[rule(one, key_in_set(code, one.key)) for one in code.rules],
        sticky=code.sticky,
        apps=app_links(code.apps),
        utm={name.removeprefix("utm_"): value for name, value in code.utm.items()},
    )


def variant(one: scan_options.Variant, key: str) -> Variant:
    return Variant(one.url, one.weight, one.label, key, one.active, one.id)


def rule(one: scan_options.Rule, key: str) -> Rule:
    when = msgspec.convert(conditions.to_json(one.when), RuleConditions)
    return Rule(when, one.to, one.label, key, one.active, one.id)


def app_links(apps: scan_options.Apps | None) -> AppLinks | None:
    return AppLinks(apps.ios or None, apps.android or None) if apps else None
