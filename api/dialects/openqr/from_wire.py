"""From the bodies of `/v1` to the fields that `codes` takes, for a new code and for an edit."""

from collections.abc import Callable
from typing import Any

from msgspec import UNSET

import qr.errors
import qr.layout
import qr.style
from api.dialects.openqr import schemas
from api.problems import invalid
from codes import conditions, domains, timestamps
from codes.variants import MAX_RULES, NewRule, NewVariant
from schemas.scan_options import Apps


def code_fields(sent: schemas.NewDynamicCode | schemas.DynamicCodeEdit) -> dict[str, Any]:
    """The fields of `codes.code_fields` that were sent. Raises Problem and Refused for values that have no meaning."""
    fields: dict[str, Any] = {}
    for name in sent.__struct_fields__:
        value = getattr(sent, name)
        if value is not UNSET:
            field, convert = _CONVERT.get(name, (name, None))
            fields[field] = value if convert is None else convert(value)
    return fields


def _ms(field: str) -> Callable[[str | None], int | None]:
    return lambda text: None if text is None else timestamps.parse(text, field)


def _domain(name: str | None) -> str:
    return "" if name is None else domains.normal(name)


def _variants(sent: list[schemas.NewVariant]) -> tuple[NewVariant, ...]:
    return tuple(
        NewVariant(url=one.url, weight=one.weight, label=one.label, active=one.active, id=one.id, key=one.key)
        for one in sent
    )


def _rules(sent: list[schemas.NewRule]) -> tuple[NewRule, ...]:
    # Checked first, so that a list of a thousand is refused for its length alone.
    if len(sent) > MAX_RULES:
        raise invalid("rules", f"a code has at most {MAX_RULES} rules", "too_many_rules")
    return tuple(
        NewRule(
            when=conditions.parse(one.when, f"rules[{at}].if"),
            to=one.to,
            label=one.label,
            active=one.active,
            id=one.id,
            key=one.key,
        )
        for at, one in enumerate(sent)
    )


def check_drawable(sent: dict[str, Any] | None) -> dict[str, Any] | None:
    """Refuses a style that could never be drawn or scanned. Logos and captions are checked when it is drawn."""
    try:
        qr.layout.check_colours(qr.style.parse(sent))
    except qr.errors.Refused as refused:
        raise invalid(refused.field, f"{refused.field} {refused.message}", "invalid_style") from None
    return sent


def _apps(sent: schemas.AppLinks | None) -> Apps | None:
    if sent is None:
        return None
    for name in ("ios", "android"):
        if getattr(sent, name) == "":
            raise invalid(f"apps.{name}", "must be an address, or null", "invalid_app_link")
    return Apps(sent.ios or "", sent.android or "") if sent.ios or sent.android else None


def _utm(sent: dict[str, str]) -> dict[str, str]:
    """`source` and `utm_source` are the same name."""
    utm: dict[str, str] = {}
    for name, value in sent.items():
        full_name = f"utm_{name.removeprefix('utm_')}"
        if full_name in utm:
            raise invalid(f"utm.{name[:64]}", "stands twice", "invalid_utm")
        utm[full_name] = value
    return utm


def _id(text: str | None) -> str | None:
    """Ids are not case-sensitive."""
    return None if text is None else text.lower()


# Name on the wire → name and converter here; a field that is not listed is taken as it is.
_CONVERT: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "domain": ("host", _domain),
    "aliases": ("aliases", tuple),
    "tags": ("tags", tuple),
    "folder_id": ("folder_id", _id),
    "style": ("style", check_drawable),
    "starts_at": ("starts_at_ms", _ms("starts_at")),
    "expires_at": ("expires_at_ms", _ms("expires_at")),
    "variants": ("variants", _variants),
    "rules": ("rules", _rules),
    "apps": ("apps", _apps),
    "utm": ("utm", _utm),
}
