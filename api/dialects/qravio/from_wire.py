"""From what Qravio's API takes to what `codes` takes, and from what `codes` says of it back to Qravio's names."""

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
_place = re.compile(r"(?P<list>variants|rules)\[(?P<at>\d+)\](?:\.(?P<field>\w+)(?P<inside>.*))?", re.DOTALL)


def read(sent: dict[str, Any], shape: type[Shape]) -> Shape:
    """Fields that the shape does not know are passed over. Raises Problem."""
    known = {name: value for name, value in sent.items() if name in shape.__struct_fields__}
    for name in ("folder_id", "custom_domain_id"):
        if isinstance(known.get(name), str):
            # Ids in capital letters are the same ids.
            known[name] = known[name].lower()
    return convert(known, shape)


class Lists(msgspec.Struct, frozen=True):
    """Destinations as `codes` has them, and at which places of the list each of the two kinds was sent."""

    fields: dict[str, Any] = {}
    plain: tuple[int, ...] = ()
    ruled: tuple[int, ...] = ()

    def named(self, field: str) -> str:
        """What a field of `codes` is called in what was sent."""
        if field == "destination":
            return f"destinations[{self.plain[0]}].target_url" if self.plain else "content.url"
        found = _place.fullmatch(field)
        if found is None:
            return _NAMES.get(field, field)
        places = self.plain if found["list"] == "variants" else self.ruled
        at = f"destinations[{places[int(found['at'])]}]"
        if found["field"] is None:
            return at
        return (
            f"{at}.{'rules' if found['field'] == 'if' else _ENTRY.get(found['field'], found['field'])}{found['inside']}"
        )


@contextmanager
def renamed(lists: Lists) -> Iterator[None]:
    """What is refused within is refused under the name that its sender knows."""
    try:
        yield
    except Refused as error:
        raise Refused(lists.named(error.field), error.code, error.message) from None
    except Conflict as error:
        raise Conflict(lists.named(error.field), error.code, error.message) from None


def destinations(sent: list[NewQravioDestination]) -> Lists:
    """Of a `website`. Raises Problem and Refused."""
    plain: list[NewVariant] = []
    rules: list[NewRule] = []
    places: tuple[list[int], list[int]] = ([], [])
    for at, one in enumerate(sent):
        active = one.is_active is not False
        if not one.rules:
            weight = 100 if one.weight is None else one.weight
            if not 0 <= weight <= MAX_WEIGHT:
                raise invalid(f"destinations[{at}].weight", f"must be a whole number from 0 to {MAX_WEIGHT}")
            places[0].append(at)
            plain.append(
                NewVariant(
                    url=one.target_url, weight=weight, label=one.label, active=active, id=one.id, key=one.variant_key
                )
            )
        else:
            places[1].append(at)
            # A list of a thousand is refused for its length alone.
            if len(places[1]) > MAX_RULES:
                raise invalid("destinations", f"at most {MAX_RULES} of them may have rules")
            when = conditions.parse(one.rules, f"destinations[{at}].rules")
            rules.append(
                NewRule(when=when, to=one.target_url, label=one.label, active=active, id=one.id, key=one.variant_key)
            )
    if not any(one.active for one in plain):
        raise invalid("destinations", "must hold at least one that is active and has no rules")
    if len(plain) > MAX_VARIANTS:
        raise invalid("destinations", f"at most {MAX_VARIANTS} of them may be without rules")
    fields: dict[str, Any] = {"destination": plain[0].url, "rules": tuple(rules)}
    fields |= {"variants": (), "sole": plain[0]} if len(plain) == 1 else {"variants": tuple(plain)}
    return Lists(fields, tuple(places[0]), tuple(places[1]))


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


def _check_same(url: str, lists: Lists) -> None:
    """Raises Problem where `content.url` and the first destination contradict each other."""
    if url != lists.fields["destination"]:
        at = f"destinations[{lists.plain[0]}].target_url"
        raise invalid(at, "is another address than content.url; they are one and the same")


def _looks(sent: dict[str, Any] | None) -> dict[str, Any]:
    """A design is kept as it was sent; the style is what is drawn of it."""
    return {"design": sent, "style": design.style(sent)}


def new_static(sent: NewQravioCode, *, created_by: str, id: str | None) -> NewStatic:
    """Raises Problem for what no static code has."""
    if sent.destinations:
        raise invalid("destinations", "a static code holds its content itself and has no destinations")
    for name in ("custom_domain_id", "password"):
        if getattr(sent, name) is not None:
            raise invalid(name, "a static code has no short link, so it cannot have this")
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


def new_code(sent: NewQravioCode, host: str, *, created_by: str, id: str | None) -> tuple[NewCode, Lists]:
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
        fields |= _looks(sent.design)
    if not is_link(sent.type):
        # Wherever its destinations lead: it shows a page, and that is its own.
        return NewCode(type=sent.type, content=sent.content, **fields), Lists()
    url = _check_url(sent.content)
    if sent.destinations is None:
        raise invalid("destinations", "destinations is missing; a dynamic website needs at least one", "missing_field")
    lists = destinations(sent.destinations)
    _check_same(url, lists)
    return NewCode(**fields, **lists.fields), lists


def edit_of_code(
    sent: QravioCodeEdit, code: Code, shown: list[QravioDestination], host: str | msgspec.UnsetType
) -> tuple[Edit, Lists]:
    """`shown` is what the code's destinations read as now. Raises Problem, Refused and Conflict."""
    fields: dict[str, Any] = {}
    lists = Lists()
    if sent.name is not UNSET:
        fields["label"] = sent.name
    if sent.status is not UNSET:
        fields["status"] = _status(sent.status)
    if sent.folder_id is not UNSET:
        fields["folder_id"] = sent.folder_id
    if sent.page_design is not UNSET:
        fields["page_design"] = sent.page_design
    # Null that is sent back as it was read takes nothing from a style that was written elsewhere.
    if sent.design is not UNSET and (sent.design is not None or code.design is not None):
        fields |= _looks(sent.design)
    if host is not UNSET:
        fields["host"] = host
    fields |= _password(sent)
    if is_link(code.type):
        if sent.destinations is not UNSET:
            lists = destinations(sent.destinations)
            fields |= lists.fields
        if sent.content is not UNSET:
            url = _check_url(sent.content)
            # (One that is sent back as it was read says nothing.)
            if url != shown[0].target_url and sent.destinations is not UNSET:
                _check_same(url, lists)
            elif url != shown[0].target_url:
                if len(shown) > 1:
                    raise invalid("content.url", "this code has several destinations; write those")
                fields["destination"] = url
    else:
        if sent.content is not UNSET:
            fields["content"] = sent.content
        if sent.destinations is not UNSET and any(one.target_url != shown[0].target_url for one in sent.destinations):
            message = f"a code of type {code.type} has a page and no destination"
            raise Conflict("destinations", "not_a_link", message)
    return Edit(**fields), lists


def _password(sent: QravioCodeEdit) -> dict[str, Any]:
    remove = sent.remove_password is True
    if sent.password is UNSET:
        return {"password": None} if remove else {}
    if remove:
        raise invalid("remove_password", "cannot go with a password; send one of them")
    return {"password": sent.password}


def edit_of_static(sent: QravioCodeEdit) -> StaticEdit:
    """Raises Problem for what no static code has."""
    if sent.destinations is not UNSET and sent.destinations:
        raise invalid("destinations", "a static code holds its content itself and has no destinations")
    for name in ("custom_domain_id", "password"):
        if getattr(sent, name) not in (UNSET, None):
            raise invalid(name, "a static code has no short link, so it cannot have this")
    return StaticEdit(
        name=sent.name,
        content=sent.content,
        status=UNSET if sent.status is UNSET else _status(sent.status),
        folder_id=sent.folder_id,
        design=sent.design,
        page_design=sent.page_design,
    )
