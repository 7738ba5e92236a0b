"""From what `/api/v1` takes to what `codes` takes: the same for a new code and an edit."""

from typing import Any

from msgspec import UNSET

from api.dialects.agency.schemas import MAX_NAME, MAX_URL, AgencyCodeEdit, NewAgencyCode, NewAgencyVariant
from api.problems import invalid
from codes.variants import NewVariant
from schemas.code import Code
from schemas.scan_options import Variant


def given(sent: NewAgencyCode | AgencyCodeEdit, there: Code | None = None) -> dict[str, Any]:
    """The fields of `codes.code_fields` that are set; `there` is the code that is edited. Raises Problem."""
    found: dict[str, Any] = {}
    if sent.name is not UNSET:
        if len(sent.name) > MAX_NAME:
            raise invalid("name", f"name must have at most {MAX_NAME} characters", "name_too_long")
        if sent.name.strip():
            found["label"] = sent.name
        elif sent.name or there is None or there.label:
            # (No name reads as an empty one, so writing that back changes nothing.)
            raise invalid("name", "name must not be blank", "blank_name")
    if sent.destination_url is not UNSET:
        found["destination"] = _url("destination_url", sent.destination_url)
    if sent.is_active is not UNSET:
        found["status"] = "active" if sent.is_active else "paused"
    if sent.variants is not UNSET:
        found["variants"] = _variants(sent.variants, there.variants if there else ())
    return found


def _url(field: str, url: str) -> str:
    if len(url) > MAX_URL:
        raise invalid(field, f"{field} must have at most {MAX_URL:,} characters", "url_too_long")
    return url


def _variants(sent: list[NewAgencyVariant], there: tuple[Variant, ...]) -> tuple[NewVariant, ...]:
    """An inactive variant reads as one of weight 0; written back so, it stays what it is."""
    asleep = [one for one in there if not one.active]
    found = []
    for at, one in enumerate(sent):
        _url(f"variants[{at}].url", one.url)
        same = next((old for old in asleep if old.url == one.url and one.weight == 0), None)
        if same is None:
            found.append(NewVariant(url=one.url, weight=one.weight, label=one.label))
        else:
            asleep.remove(same)
            found.append(NewVariant(url=one.url, weight=same.weight, label=one.label, active=False, id=same.id))
    return tuple(found)
