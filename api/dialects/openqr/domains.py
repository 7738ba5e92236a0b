"""`/v1/domains`: a workspace's own short hosts."""

from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType
from starlette.responses import Response

from api.dialect import Call, Route
from api.dialects.openqr.schemas import Deleted
from api.parameters import Parameter
from api.parsing import convert, read_object
from api.problems import Problem, invalid, not_found
from api.responses import Json
from codes import domain_verification, timestamps
from codes.domains import MAX_TEXT, DomainEdit
from codes.errors import Missing
from schemas.domain import Domain

# Sent back by clients that read, change and write; ignored.
READ_ONLY = frozenset(
    {
        "id",
        "domain",
        "is_verified",
        "verified_at",
        "unproven_since",
        "served_until",
        "lapsed_at",
        "txt_name",
        "txt_value",
        "cname_target",
        "created_at",
        "checks",
    }
)
_NAME = Meta(
    description="A host name, without scheme, port or path. Umlauts are fine.", extra_json_schema={"maxLength": 253}
)
_URL = {"format": "iri", "maxLength": 2048}
_TEXT = {"maxLength": MAX_TEXT}
_ROOT_URL = Meta(description="Where the bare domain leads to.", extra_json_schema=_URL)
_ROOT_TEXT = Meta(description="Without it: what the bare domain shows.", extra_json_schema=_TEXT)
_LOST_URL = Meta(description="Where links that are not there lead to.", extra_json_schema=_URL)
_LOST_TEXT = Meta(description="Without it: what they show (404).", extra_json_schema=_TEXT)

_AT = {"format": "date-time"}
_UNPROVEN = Meta(description="Since when the TXT record of a verified domain is missing.", extra_json_schema=_AT)
_UNTIL = Meta(description="When it is served no more, unless the record is there again.", extra_json_schema=_AT)
_LAPSED = Meta(description="When it was: it can be verified again, by whoever has it now.", extra_json_schema=_AT)


class ShortDomain(msgspec.Struct, frozen=True):
    """A domain. Its codes work once it is verified."""

    id: Annotated[str, Meta(extra_json_schema={"format": "uuid"})]
    domain: Annotated[str, Meta(description="As the network knows it: lower case, and punycode.")]
    is_verified: bool
    verified_at: Annotated[str | None, Meta(extra_json_schema={"format": "date-time"})]
    unproven_since: Annotated[str | None, _UNPROVEN]
    served_until: Annotated[str | None, _UNTIL]
    lapsed_at: Annotated[str | None, _LAPSED]
    txt_name: Annotated[str, Meta(description="The name of the TXT record that proves whose it is.")]
    txt_value: Annotated[str, Meta(description="What that record must say.")]
    cname_target: Annotated[str, Meta(description="What the domain's CNAME must be.")]
    root_url: Annotated[str | None, _ROOT_URL]
    root_text: Annotated[str | None, _ROOT_TEXT]
    not_found_url: Annotated[str | None, _LOST_URL]
    not_found_text: Annotated[str | None, _LOST_TEXT]
    created_at: Annotated[str, Meta(extra_json_schema={"format": "date-time"})]


class RecordCheck(msgspec.Struct, frozen=True):
    """What the name servers said about one record."""

    ok: bool
    expected: str
    found: list[str]
    problem: Annotated[str | None, Meta(description="Why nothing was found.")]


class DomainChecks(msgspec.Struct, frozen=True):
    txt: RecordCheck
    cname: RecordCheck


class CheckedDomain(ShortDomain, frozen=True):
    """The domain, and what was found out about it just now."""

    checks: DomainChecks


class DomainList(msgspec.Struct, frozen=True):
    domains: Annotated[list[ShortDomain], Meta(description="Newest first.")]


class NewDomain(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    domain: Annotated[str, _NAME]


class DomainChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is left out stays as it is; null clears."""

    root_url: Annotated[str | None, _ROOT_URL] | UnsetType = UNSET
    root_text: Annotated[str | None, _ROOT_TEXT] | UnsetType = UNSET
    not_found_url: Annotated[str | None, _LOST_URL] | UnsetType = UNSET
    not_found_text: Annotated[str | None, _LOST_TEXT] | UnsetType = UNSET


ID = Parameter("id", "path", "The domain's id.", {"type": "string", "format": "uuid"})
EXAMPLE = {
    "id": "6c1c2f0a-0f4e-4a43-8a8f-2b8d6a7e9c10",
    "domain": "go.example.com",
    "is_verified": True,
    "verified_at": "2026-05-21T15:10:00Z",
    "unproven_since": None,
    "served_until": None,
    "lapsed_at": None,
    "txt_name": "_waymark.go.example.com",
    "txt_value": "waymark-0f1e2d3c4b5a69788796a5b4c3d2e1f0",
    "cname_target": "s.example.net",
    "root_url": "https://example.com/",
    "root_text": None,
    "not_found_url": None,
    "not_found_text": "This link is not there.",
    "created_at": "2026-05-21T15:00:00Z",
}
CHECKS = {
    "txt": {"ok": True, "expected": EXAMPLE["txt_value"], "found": [EXAMPLE["txt_value"]], "problem": None},
    "cname": {"ok": True, "expected": "s.example.net", "found": ["s.example.net"], "problem": None},
}
EDIT = {"root_url": "https://example.com/", "not_found_text": "This link is not there."}


def _none() -> Problem:
    return not_found("there is no domain with this id")


def _second(at_ms: int | None) -> str | None:
    return None if at_ms is None else timestamps.shown(at_ms // 1000 * 1000)


def _fields(call: Call, domain: Domain) -> dict[str, Any]:
    return {
        "id": domain.id,
        "domain": domain.name,
        "is_verified": domain.verified_at_ms is not None,
        "verified_at": _second(domain.verified_at_ms),
        "unproven_since": _second(domain.unproven_since_ms),
        "served_until": _second(call.context.domains.served_until_ms(domain)),
        "lapsed_at": _second(domain.lapsed_at_ms),
        "txt_name": f"{domain_verification.TXT_LABEL}.{domain.name}",
        "txt_value": domain.token,
        "cname_target": call.context.domains.target,
        "root_url": domain.root_url or None,
        "root_text": domain.root_text or None,
        "not_found_url": domain.not_found_url or None,
        "not_found_text": domain.not_found_text or None,
        "created_at": _second(domain.created_at_ms),
    }


def _shown(call: Call, domain: Domain) -> ShortDomain:
    return ShortDomain(**_fields(call, domain))


def _check(check: domain_verification.Check) -> RecordCheck:
    return RecordCheck(check.ok, check.expected, list(check.found), check.problem)


async def add_domain(call: Call) -> Response:
    sent = convert(await read_object(call.request), NewDomain)
    domain = await call.context.domains.add(call.key.workspace, sent.domain, id=call.id())
    return Json(_shown(call, domain), 201)


async def list_domains(call: Call) -> Response:
    found = await call.context.domains.list(call.key.workspace)
    return Json(DomainList([_shown(call, domain) for domain in found]))


async def read_domain(call: Call) -> Response:
    domain = await call.context.domains.get(call.key.workspace, call.request.path_params["id"])
    if domain is None:
        raise _none()
    return Json(_shown(call, domain))


async def edit_domain(call: Call) -> Response:
    sent = convert(await read_object(call.request), DomainChange, READ_ONLY)
    given = {name: value for name in sent.__struct_fields__ if (value := getattr(sent, name)) is not UNSET}
    for name, value in given.items():
        if value == "":
            raise invalid(name, f"{name} must be text, or null for none")
    edit = DomainEdit(**{name: value or "" for name, value in given.items()})
    try:
        domain = await call.context.domains.edit(call.key.workspace, call.request.path_params["id"], edit)
    except Missing:
        raise _none() from None
    return Json(_shown(call, domain))


async def verify_domain(call: Call) -> Response:
    try:
        domain, checks = await call.context.domains.verify(call.key.workspace, call.request.path_params["id"])
    except Missing:
        raise _none() from None
    shown = DomainChecks(_check(checks.txt), _check(checks.cname))
    return Json(CheckedDomain(**_fields(call, domain), checks=shown))


async def delete_domain(call: Call) -> Response:
    if not await call.context.domains.delete(call.key.workspace, call.request.path_params["id"]):
        raise _none()
    return Json(Deleted())


ROUTES = (
    Route(
        method="POST",
        path="/v1/domains",
        scope="write",
        creates=True,
        summary="Add a domain",
        description="A claim, which anyone may make: the answer has the two DNS records that prove it. Then verify it.",
        handler=add_domain,
        status=201,
        answer=ShortDomain,
        body=NewDomain,
        sent={"domain": "go.example.com"},
        problems=(400, 409),
        example={**EXAMPLE, "is_verified": False, "verified_at": None, "root_url": None, "not_found_text": None},
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
        example={"domains": [EXAMPLE]},
    ),
    Route(
        method="GET",
        path="/v1/domains/{id}",
        scope="read",
        summary="Read a domain",
        description="The domain as it is known here; the DNS is not asked.",
        handler=read_domain,
        status=200,
        answer=ShortDomain,
        parameters=(ID,),
        problems=(404,),
        example=EXAMPLE,
    ),
    Route(
        method="PATCH",
        path="/v1/domains/{id}",
        scope="write",
        summary="Edit a domain's pages",
        description="What the bare domain, and links that are not there, lead to or show. In force when it has "
        "answered.",
        handler=edit_domain,
        status=200,
        answer=ShortDomain,
        body=DomainChange,
        sent=EDIT,
        ignored=READ_ONLY,
        parameters=(ID,),
        problems=(400, 404),
        example=EXAMPLE,
    ),
    Route(
        method="POST",
        path="/v1/domains/{id}/verify",
        scope="write",
        summary="Verify a domain",
        description="Asks the DNS, for some seconds at most. 200 also when the records are not there yet: "
        "`is_verified` says whether it is proven, `checks` what was found. From then on it is this workspace's "
        "alone, and its codes are served there. Leave the records where they are: they are looked up again every "
        "day, and a domain whose TXT record is gone is served no more after a week.",
        handler=verify_domain,
        status=200,
        answer=CheckedDomain,
        parameters=(ID,),
        problems=(404, 409),
        example={**EXAMPLE, "checks": CHECKS},
    ),
    Route(
        method="DELETE",
        path="/v1/domains/{id}",
        scope="write",
        summary="Delete a domain",
        description="Refused (409) while codes are on it.",
        handler=delete_domain,
        status=200,
        answer=Deleted,
        parameters=(ID,),
        problems=(404, 409),
        example={"deleted": True},
    ),
)
