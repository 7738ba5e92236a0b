"""From the bodies of `/api/v1` to the fields that `codes` takes, for a new code and for an edit."""

from typing import Any

from msgspec import UNSET

from api.dialects.agency.schemas import MAX_NAME, MAX_URL, AgencyCodeEdit, NewAgencyCode, NewAgencyVariant
from api.problems import invalid
from codes.variants import NewVariant
from schemas.code import Code
from schemas.scan_options import Variant


def code_fields(sent: NewAgencyCode | AgencyCodeEdit, current: Code | None = None) -> dict[str, Any]:
    """The fields of `codes.code_fields` that were sent; `current` is the code that is edited. Raises Problem."""
    fields: dict[str, Any] = {}
    if sent.name is not UNSET:
        if len(sent.name) > MAX_NAME:
            raise invalid("name", f"name must have at most {MAX_NAME} characters", "name_too_long")
        if sent.name.strip():
            fields["label"] = sent.name
        elif sent.name or current is None or current.label:
            # (A code without a name reads as "", so "" sent back changes nothing.)
            raise invalid("name", "name must not be blank", "blank_name")
    if sent.destination_url is not UNSET:
        fields["destination"] = _url("destination_url", sent.destination_url)
    if sent.is_active is not UNSET:
        fields["status"] = "active" if sent.is_active else "paused"
    if sent.variants is not UNSET:
        fields["variants"] = _variants(sent.variants, current.variants if current else ())
    return fields


def _url(field: str, url: str) -> str:
    if len(url) > MAX_URL:
        raise invalid(field, f"{field} must have at most {MAX_URL:,} characters", "url_too_long")
    return url


def _variants(sent: list[NewAgencyVariant], current: tuple[Variant, ...]) -> tuple[NewVariant, ...]:
    """An inactive variant reads as one of weight 0; sent back like that, it stays inactive and keeps its weight."""
    inactive = [one for one in current if not one.active]
    variants = []
    for at, one in enumerate(sent):
        _url(f"variants[{at}].url", one.url)
        same = next((old for old in inactive if old.url == one.url and one.weight == 0), None)
        if same is None:
            variants.append(NewVariant(url=one.url, weight=one.weight, label=one.label))
        else:
            inactive.remove(same)
            variants.append(NewVariant(url=one.url, weight=same.weight, label=one.label, active=False, id=same.id))
    return tuple(variants)
