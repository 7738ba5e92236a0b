"""From the bodies of Qravio's API to the fields that `codes` takes, and from `codes`' field names in errors back to
Qravio's."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import msgspec
from msgspec import UNSET

from api.dialects.qravio import design
from api.dialects.qravio.schemas import NewQravioCode, NewQravioDestination, QravioCodeEdit, QravioDestination
from api.parsing import convert
from api.problems import invalid
from codes import conditions
from codes.code_fields import Edit, NewCode
from codes.errors import Conflict, Refused
from codes.scan_options import is_link
from codes.static_codes import NewStatic, StaticEdit
from codes.variants import MAX_RULES, MAX_VARIANTS, NewRule, NewVariant
from schemas import page_content
from schemas.code import Code

SLUG_LENGTH = 6
MAX_WEIGHT = 100

Shape = TypeVar("Shape", bound=msgspec.Struct)

_NAMES = {"label": "name", "domain": "custom_domain_id", "variants": "destinations", "rules": "destinations"}
_ENTRY = {"url": "target_url", "to": "target_url", "key": "variant_key", "active": "is_active"}
_entry_field = re.compile(r"(?P<list>variants|rules)\[(?P<index>\d+)\](?:\.(?P<field>\w+)(?P<inside>.*))?", re.DOTALL)


def convert_known(sent: dict[str, Any], shape: type[Shape]) -> Shape:
    """The body as a struct, without unknown fields. Raises Problem."""
    known = {name: value for name, value in sent.items() if name in shape.__struct_fields__}
    for name in ("folder_id", "custom_domain_id"):
        if isinstance(known.get(name), str):
            # Ids are not case-sensitive.
            known[name] = known[name].lower()
    return convert(known, shape)


class SentDestinations(msgspec.Struct, frozen=True):
    """`destinations` of a body as fields of `codes`: variants are those without rules, rules those with. `variants` and
    `rules` hold the index of each in what was sent, so that errors name it."""

    fields: dict[str, Any] = {}
    variants: tuple[int, ...] = ()
    rules: tuple[int, ...] = ()

    def sent_name(self, field: str) -> str:
        """The name of a field of `codes` in what was sent."""
        if field == "destination":
            return f"destinations[{self.variants[0]}].target_url" if self.variants else "content.url"
        found = _entry_field.fullmatch(field)
        if found is None:
            return _NAMES.get(field, field)
        indexes = self.variants if found["list"] == "variants" else self.rules
        at = f"destinations[{indexes[int(found['index'])]}]"
        if found["field"] is None:
            return at
        return (
            f"{at}.{'rules' if found['field'] == 'if' else _ENTRY.get(found['field'], found['field'])}{found['inside']}"
        )


@contextmanager
def sent_names(sent: SentDestinations) -> Iterator[None]:
    """Errors raised inside name fields as they were sent."""
    try:
        yield
    except Refused as error:
        raise Refused(sent.sent_name(error.field), error.code, error.message) from None
    except Conflict as error:
        raise Conflict(sent.sent_name(error.field), error.code, error.message) from None


def destinations(sent: list[NewQravioDestination]) -> SentDestinations:
    """The destinations of a `website`. Raises Problem and Refused."""
    variants: list[NewVariant] = []
    rules: list[NewRule] = []
    variant_indexes: list[int] = []
    rule_indexes: list[int] = []
    for at, one in enumerate(sent):
        active = one.is_active is not False
        if not one.rules:
            weight = 100 if one.weight is None else one.weight
            if not 0 <= weight <= MAX_WEIGHT:
                raise invalid(f"destinations[{at}].weight", f"must be a whole number from 0 to {MAX_WEIGHT}")
            variant_indexes.append(at)
            variants.append(
                NewVariant(
                    url=one.target_url, weight=weight, label=one.label, active=active, id=one.id, key=one.variant_key
                )
            )
        else:
            rule_indexes.append(at)
            # Checked first, so that a list of a thousand is refused for its length alone.
            if len(rule_indexes) > MAX_RULES:
                raise invalid("destinations", f"at most {MAX_RULES} of them may have rules")
            when = conditions.parse(one.rules, f"destinations[{at}].rules")
            rules.append(
                NewRule(when=when, to=one.target_url, label=one.label, active=active, id=one.id, key=one.variant_key)
            )
    if not any(one.active for one in variants):
        raise invalid("destinations", "must hold at least one that is active and has no rules")
    if len(variants) > MAX_VARIANTS:
        raise invalid("destinations", f"at most {MAX_VARIANTS} of them may be without rules")
    fields: dict[str, Any] = {"destination": variants[0].url, "rules": tuple(rules)}
    fields |= {"variants": (), "sole": variants[0]} if len(variants) == 1 else {"variants": tuple(variants)}
    return SentDestinations(fields, tuple(variant_indexes), tuple(rule_indexes))


def _status(sent: str | None) -> Any:
    return "paused" if sent == "inactive" else "active"


def _check_name(name: str) -> str:
    if not name.strip():
        raise invalid("name", "name must not be empty")
    return name


def _check_url(sent: dict[str, Any]) -> str:
    """`content.url` of a website. Raises Problem."""
    try:
        return str(page_content.check("website", sent)["url"])
    except page_content.BadContent as error:
        raise invalid(error.field, error.message) from None


def _check_same_url(url: str, entries: SentDestinations) -> None:
    """Raises Problem if `content.url` and the first destination differ."""
    if url != entries.fields["destination"]:
        at = f"destinations[{entries.variants[0]}].target_url"
        raise invalid(at, "is another address than content.url; they are one and the same")


def _design_fields(sent: dict[str, Any] | None) -> dict[str, Any]:
    """A design is stored as it was sent; the style is the part of it that can be drawn."""
    return {"design": sent, "style": design.style(sent)}


def _check_static(sent: NewQravioCode | QravioCodeEdit) -> None:
    # UNSET is false, too.
    if sent.destinations:
        raise invalid("destinations", "a static code holds its content itself and has no destinations")
    for name in ("custom_domain_id", "password"):
        if getattr(sent, name) not in (UNSET, None):
            raise invalid(name, "a static code has no short link, so it cannot have this")


def new_static(sent: NewQravioCode, *, created_by: str, id: str | None) -> NewStatic:
    """Raises Problem for fields that a static code does not have."""
    _check_static(sent)
    return NewStatic(
        name=_check_name(sent.name),
        type=sent.type,
        content=sent.content,
        created_by=created_by,
        id=id,
        status=_status(sent.status),
        folder_id=sent.folder_id,
        design=sent.design,
        page_design=sent.page_design,
    )


def new_code(sent: NewQravioCode, host: str, *, created_by: str, id: str | None) -> tuple[NewCode, SentDestinations]:
    """Raises Problem and Refused."""
    fields: dict[str, Any] = {
        "label": _check_name(sent.name),
        "slug_length": SLUG_LENGTH,
        "host": host,
        "status": _status(sent.status),
        "folder_id": sent.folder_id,
        "page_design": sent.page_design,
        "password": sent.password,
        "created_by": created_by,
        "id": id,
    }
    if sent.design is not None:
        fields |= _design_fields(sent.design)
    if not is_link(sent.type):
        # It shows its own page, whatever its destinations are.
        return NewCode(type=sent.type, content=sent.content, **fields), SentDestinations()
    url = _check_url(sent.content)
    if sent.destinations is None:
        raise invalid("destinations", "destinations is missing; a dynamic website needs at least one", "missing_field")
    entries = destinations(sent.destinations)
    _check_same_url(url, entries)
    return NewCode(**fields, **entries.fields), entries


def edit_of_code(
    sent: QravioCodeEdit, code: Code, current: list[QravioDestination], host: str | msgspec.UnsetType
) -> tuple[Edit, SentDestinations]:
    """`current` are the code's destinations as they are shown now. Raises Problem, Refused and Conflict."""
    fields: dict[str, Any] = {}
    entries = SentDestinations()
    if sent.name is not UNSET:
        fields["label"] = sent.name
    if sent.status is not UNSET:
        fields["status"] = _status(sent.status)
    if sent.folder_id is not UNSET:
        fields["folder_id"] = sent.folder_id
    if sent.page_design is not UNSET:
        fields["page_design"] = sent.page_design
    # Null that is sent back as it was read does not clear a style that another API wrote.
    if sent.design is not UNSET and (sent.design is not None or code.design is not None):
        fields |= _design_fields(sent.design)
    if host is not UNSET:
        fields["host"] = host
    fields |= _password(sent)
    if is_link(code.type):
        if sent.destinations is not UNSET:
            entries = destinations(sent.destinations)
            fields |= entries.fields
        if sent.content is not UNSET:
            url = _check_url(sent.content)
            # (A value that is sent back as it was read changes nothing.)
            if url != current[0].target_url and sent.destinations is not UNSET:
                _check_same_url(url, entries)
            elif url != current[0].target_url:
                if len(current) > 1:
                    raise invalid("content.url", "this code has several destinations; write those")
                fields["destination"] = url
    else:
        if sent.content is not UNSET:
            fields["content"] = sent.content
        if sent.destinations is not UNSET and any(one.target_url != current[0].target_url for one in sent.destinations):
            message = f"a code of type {code.type} has a page and no destination"
            raise Conflict("destinations", "not_a_link", message)
    return Edit(**fields), entries


def _password(sent: QravioCodeEdit) -> dict[str, Any]:
    remove = sent.remove_password is True
    if sent.password is UNSET:
        return {"password": None} if remove else {}
    if remove:
        raise invalid("remove_password", "cannot go with a password; send one of them")
    return {"password": sent.password}


def edit_of_static(sent: QravioCodeEdit) -> StaticEdit:
    """Raises Problem for fields that a static code does not have."""
    _check_static(sent)
    return StaticEdit(
        name=sent.name,
        content=sent.content,
        status=UNSET if sent.status is UNSET else _status(sent.status),
        folder_id=sent.folder_id,
        design=sent.design,
        page_design=sent.page_design,
    )
