"""From what `/v1` takes to what `codes` takes: the same for a new code and an edit."""

from collections.abc import Callable
from typing import Any

from msgspec import UNSET

import qr.errors
import qr.layout
import qr.style
from api.dialects.openqr import parts
from api.dialects.openqr.schemas import DynamicCodeEdit, NewDynamicCode
from api.problems import invalid
from codes import conditions, domains, timestamps
from codes.variants import MAX_RULES, NewRule, NewVariant
from schemas.scan_options import Apps


def given(sent: NewDynamicCode | DynamicCodeEdit) -> dict[str, Any]:
    """The fields of `codes.code_fields` that are set. Raises Problem and Refused for what cannot be understood."""
    found: dict[str, Any] = {}
    for name in sent.__struct_fields__:
        value = getattr(sent, name)
        if value is not UNSET:
            to, read = _READ.get(name, (name, _same))
            found[to] = read(value)
    return found


def _same(value: Any) -> Any:
    return value


def _moment(field: str) -> Callable[[str | None], int | None]:
    return lambda text: None if text is None else timestamps.read(text, field)


def _domain(name: str | None) -> str:
    return "" if name is None else domains.normal(name)


def _variants(sent: list[parts.NewVariant]) -> tuple[NewVariant, ...]:
    return tuple(
        NewVariant(url=one.url, weight=one.weight, label=one.label, active=one.active, id=one.id, key=one.key)
        for one in sent
    )


def _rules(sent: list[parts.NewRule]) -> tuple[NewRule, ...]:
    # Before each is read: a list of a thousand is refused for its length alone.
    if len(sent) > MAX_RULES:
        raise invalid("rules", f"a code has at most {MAX_RULES} rules", "too_many_rules")
    return tuple(
        NewRule(
            when=conditions.read(one.when, f"rules[{at}].if"),
            to=one.to,
            label=one.label,
            active=one.active,
            id=one.id,
            key=one.key,
        )
        for at, one in enumerate(sent)
    )


def _style(sent: dict[str, Any] | None) -> dict[str, Any] | None:
    """What could never be drawn, or never read for its colours, is refused now. Logos and captions are looked at when
    it is drawn."""
    try:
        qr.layout.check_colours(qr.style.parse(sent))
    except qr.errors.Refused as refused:
        raise invalid(refused.field, f"{refused.field} {refused.message}", "invalid_style") from None
    return sent


def _apps(sent: parts.AppLinks | None) -> Apps | None:
    if sent is None:
        return None
    for name in ("ios", "android"):
        if getattr(sent, name) == "":
            raise invalid(f"apps.{name}", "must be an address, or null", "invalid_app_link")
    return Apps(sent.ios or "", sent.android or "") if sent.ios or sent.android else None


def _utm(sent: dict[str, str]) -> dict[str, str]:
    """`source` and `utm_source` are the same."""
    found: dict[str, str] = {}
    for name, value in sent.items():
        long = f"utm_{name.removeprefix('utm_')}"
        if long in found:
            raise invalid(f"utm.{name[:64]}", "stands twice", "invalid_utm")
        found[long] = value
    return found


def _id(text: str | None) -> str | None:
    """In capital letters it is the same."""
    return None if text is None else text.lower()


_READ: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "domain": ("host", _domain),
    "aliases": ("aliases", tuple),
    "tags": ("tags", tuple),
    "folder_id": ("folder_id", _id),
    "style": ("style", _style),
    "starts_at": ("starts_at_ms", _moment("starts_at")),
    "expires_at": ("expires_at_ms", _moment("expires_at")),
    "variants": ("variants", _variants),
    "rules": ("rules", _rules),
    "apps": ("apps", _apps),
    "utm": ("utm", _utm),
}
