"""`/v1/domains`: a workspace's own short hosts."""

from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType
from starlette.responses import Response

from api.dialect import Call, Route
from api.dialects.openqr import branding, examples
from api.dialects.openqr.branding import PageBranding
from api.dialects.openqr.schemas import Deleted
from api.parameters import Parameter
from api.parsing import convert, read_object
from api.problems import Problem, invalid, not_found
from api.responses import Json
from api.timestamps import second
from codes import domain_verification
from codes.domains import MAX_TEXT, DomainEdit
from codes.errors import Missing
from schemas.domain import Domain

_NAME = Meta(
    description="A host name, without scheme, port or path. Umlauts are fine.", extra_json_schema={"maxLength": 253}
)
_URL = {"format": "iri", "maxLength": 2048}
_TEXT = {"maxLength": MAX_TEXT}
_ROOT_URL = Meta(description="Where the bare domain redirects to.", extra_json_schema=_URL)
_ROOT_TEXT = Meta(description="What the bare domain shows without `root_url`.", extra_json_schema=_TEXT)
_NOT_FOUND_URL = Meta(description="Where unknown links redirect to.", extra_json_schema=_URL)
_NOT_FOUND_TEXT = Meta(description="What unknown links show (404) without `not_found_url`.", extra_json_schema=_TEXT)
_BRANDING = Meta(description="Where its pages look other than the workspace's. Replaced as a whole.")

_TIME = {"format": "date-time"}
_UNPROVEN_SINCE = Meta(
    description="Since when the TXT record of a verified domain is missing.", extra_json_schema=_TIME
)
_SERVED_UNTIL = Meta(description="When it stops being served, unless the record comes back.", extra_json_schema=_TIME)
_LAPSED_AT = Meta(
    description="When it stopped being served: whoever owns it now can verify it again.", extra_json_schema=_TIME
)


class ShortDomain(msgspec.Struct, frozen=True):
    """A domain. Its codes work once it is verified."""

    id: Annotated[str, Meta(extra_json_schema={"format": "uuid"})]
    domain: Annotated[str, Meta(description="In lower case and punycode, as the DNS has it.")]
    is_verified: bool
    verified_at: Annotated[str | None, Meta(extra_json_schema={"format": "date-time"})]
    unproven_since: Annotated[str | None, _UNPROVEN_SINCE]
    served_until: Annotated[str | None, _SERVED_UNTIL]
    lapsed_at: Annotated[str | None, _LAPSED_AT]
    txt_name: Annotated[str, Meta(description="The name of the TXT record that proves ownership.")]
    txt_value: Annotated[str, Meta(description="What that record must hold.")]
    cname_target: Annotated[str, Meta(description="What the domain's CNAME must point to.")]
    root_url: Annotated[str | None, _ROOT_URL]
    root_text: Annotated[str | None, _ROOT_TEXT]
    not_found_url: Annotated[str | None, _NOT_FOUND_URL]
    not_found_text: Annotated[str | None, _NOT_FOUND_TEXT]
    branding: Annotated[PageBranding | None, _BRANDING]
    created_at: Annotated[str, Meta(extra_json_schema={"format": "date-time"})]


class RecordCheck(msgspec.Struct, frozen=True):
    """What the DNS says about one record."""

    ok: bool
    expected: str
    found: list[str]
    problem: Annotated[str | None, Meta(description="Why nothing was found.")]


class DomainChecks(msgspec.Struct, frozen=True):
    txt: RecordCheck
    cname: RecordCheck


class CheckedDomain(ShortDomain, frozen=True):
    """The domain, and what the DNS says now."""

    checks: DomainChecks


class DomainList(msgspec.Struct, frozen=True):
    domains: Annotated[list[ShortDomain], Meta(description="Newest first.")]


class NewDomain(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    domain: Annotated[str, _NAME]


class DomainChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Fields that are left out keep their values; null clears."""

    root_url: Annotated[str | None, _ROOT_URL] | UnsetType = UNSET
    root_text: Annotated[str | None, _ROOT_TEXT] | UnsetType = UNSET
    not_found_url: Annotated[str | None, _NOT_FOUND_URL] | UnsetType = UNSET
    not_found_text: Annotated[str | None, _NOT_FOUND_TEXT] | UnsetType = UNSET
    branding: Annotated[PageBranding | None, _BRANDING] | UnsetType = UNSET


# Ignored in what is sent: clients may send back what they have read.
READ_ONLY = frozenset(CheckedDomain.__struct_fields__) - frozenset(DomainChange.__struct_fields__)
ID = Parameter("id", "path", "The domain's id.", {"type": "string", "format": "uuid"})


def _no_such_domain() -> Problem:
    return not_found("there is no domain with this id")


def _optional_second(at_ms: int | None) -> str | None:
    return None if at_ms is None else second(at_ms)


def _fields(call: Call, domain: Domain) -> dict[str, Any]:
    return {
        "id": domain.id,
        "domain": domain.name,
        "is_verified": domain.verified_at_ms is not None,
        "verified_at": _optional_second(domain.verified_at_ms),
        "unproven_since": _optional_second(domain.unproven_since_ms),
        "served_until": _optional_second(call.context.domains.served_until_ms(domain)),
        "lapsed_at": _optional_second(domain.lapsed_at_ms),
        "txt_name": f"{domain_verification.TXT_LABEL}.{domain.name}",
        "txt_value": domain.token,
        "cname_target": call.context.domains.target,
        "root_url": domain.root_url or None,
        "root_text": domain.root_text or None,
        "not_found_url": domain.not_found_url or None,
        "not_found_text": domain.not_found_text or None,
        "branding": None if domain.branding is None else branding.to_wire(domain.branding),
        "created_at": second(domain.created_at_ms),
    }


def _to_wire(call: Call, domain: Domain) -> ShortDomain:
    return ShortDomain(**_fields(call, domain))


def _record_check(check: domain_verification.RecordCheck) -> RecordCheck:
    return RecordCheck(check.ok, check.expected, list(check.found), check.problem)


async def add_domain(call: Call) -> Response:
    sent = convert(await read_object(call.request), NewDomain)
    domain = await call.context.domains.add(call.key.workspace, sent.domain, id=call.id())
    return Json(_to_wire(call, domain), 201)


async def list_domains(call: Call) -> Response:
    found = await call.context.domains.list(call.key.workspace)
    return Json(DomainList([_to_wire(call, domain) for domain in found]))


async def read_domain(call: Call) -> Response:
    domain = await call.context.domains.get(call.key.workspace, call.request.path_params["id"])
    if domain is None:
        raise _no_such_domain()
    return Json(_to_wire(call, domain))


async def edit_domain(call: Call) -> Response:
    sent = convert(await read_object(call.request), DomainChange, READ_ONLY)
    changes = {name: value for name in sent.__struct_fields__ if (value := getattr(sent, name)) is not UNSET}
    brand = changes.pop("branding", UNSET)
    for name, value in changes.items():
        if value == "":
            raise invalid(name, f"{name} must be text, or null for none")
    if isinstance(brand, PageBranding):
        brand = await branding.from_wire(call, brand, "branding.")
    edit = DomainEdit(**{name: value or "" for name, value in changes.items()}, branding=brand)
    try:
        domain = await call.context.domains.edit(call.key.workspace, call.request.path_params["id"], edit)
    except Missing:
        raise _no_such_domain() from None
    return Json(_to_wire(call, domain))


async def verify_domain(call: Call) -> Response:
    try:
        domain, checks = await call.context.domains.verify(call.key.workspace, call.request.path_params["id"])
    except Missing:
        raise _no_such_domain() from None
    found = DomainChecks(_record_check(checks.txt), _record_check(checks.cname))
    return Json(CheckedDomain(**_fields(call, domain), checks=found))


async def delete_domain(call: Call) -> Response:
    if not await call.context.domains.delete(call.key.workspace, call.request.path_params["id"]):
        raise _no_such_domain()
    return Json(Deleted())


ROUTES = (
    Route(
        method="POST",
        path="/v1/domains",
        scope="write",
        creates=True,
        summary="Add a domain",
        description="Anyone may claim a domain: the answer has the two DNS records that prove it. Verify it next.",
        handler=add_domain,
        status=201,
        answer=ShortDomain,
        body=NewDomain,
        sent={"domain": "go.example.com"},
        problems=(400, 409),
        example={
            **examples.DOMAIN,
            "is_verified": False,
            "verified_at": None,
            "root_url": None,
            "not_found_text": None,
        },
    ),
    Route(
        method="GET",
        path="/v1/domains",
        scope="read",
        summary="List domains",
        description="All domains of the workspace, verified or not.",
        handler=list_domains,
        status=200,
        answer=DomainList,
        example={"domains": [examples.DOMAIN]},
    ),
    Route(
        method="GET",
        path="/v1/domains/{id}",
        scope="read",
        summary="Read a domain",
        description="The domain as it is stored; this makes no DNS query.",
        handler=read_domain,
        status=200,
        answer=ShortDomain,
        parameters=(ID,),
        problems=(404,),
        example=examples.DOMAIN,
    ),
    Route(
        method="PATCH",
        path="/v1/domains/{id}",
        scope="write",
        summary="Edit a domain's pages",
        description="Where the bare domain and unknown links redirect to, or what they show, and how its pages look. "
        "In force after the answer.",
        handler=edit_domain,
        status=200,
        answer=ShortDomain,
        body=DomainChange,
        sent=examples.DOMAIN_EDIT,
        ignored=READ_ONLY,
        parameters=(ID,),
        problems=(400, 404),
        example=examples.DOMAIN,
    ),
    Route(
        method="POST",
        path="/v1/domains/{id}/verify",
        scope="write",
        summary="Verify a domain",
        description="Queries the DNS, for some seconds at most. Answers 200 also while the records are missing: "
        "`is_verified` says whether it is proven, `checks` what was found. A verified domain belongs to this workspace "
        "alone and serves its codes. Keep the records: they are checked again every day, and a domain without its "
        "TXT record stops being served after a week.",
        handler=verify_domain,
        status=200,
        answer=CheckedDomain,
        parameters=(ID,),
        problems=(404, 409),
        example={**examples.DOMAIN, "checks": examples.DOMAIN_CHECKS},
    ),
    Route(
        method="DELETE",
        path="/v1/domains/{id}",
        scope="write",
        summary="Delete a domain",
        description="Refused (409) while it has codes.",
        handler=delete_domain,
        status=200,
        answer=Deleted,
        parameters=(ID,),
        problems=(404, 409),
        example={"deleted": True},
    ),
)
