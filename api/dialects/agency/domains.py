"""`/api/v1/dynamic/custom-domains/`: list, add, verify and delete a workspace's own short hosts."""

import re
from typing import Annotated

import msgspec
from msgspec import Meta
from starlette.responses import Response

from api.dialect import Call, Route
from api.dialects.agency import examples, pagination
from api.parameters import Parameter
from api.parsing import convert, read_object
from api.problems import Problem, not_found
from api.responses import Json, no_content
from api.timestamps import second
from codes.domain_verification import TXT_LABEL, DomainChecks
from codes.errors import Missing
from schemas.domain import Domain

LIST = "/api/v1/dynamic/custom-domains/"
ONE = LIST + "{id}/"
VERIFY = ONE + "verify/"
ID = Parameter("id", "path", "The domain's id.", {"type": "integer"})

_number = re.compile(r"[1-9][0-9]{0,17}", re.ASCII)


class NewCustomDomain(msgspec.Struct, frozen=True):
    domain: Annotated[str, Meta(description="A name like `go.example.com`, without a scheme or a path.")]


class CustomDomain(msgspec.Struct, frozen=True):
    id: int
    domain: str
    is_verified: Annotated[bool, Meta(description="A verified domain serves all codes of its workspace.")]
    txt_name: Annotated[str, Meta(description="The name of the TXT record that proves ownership.")]
    txt_value: Annotated[str, Meta(description="What that record must hold.")]
    cname_target: Annotated[str, Meta(description="What the domain's CNAME must point to.")]
    created_at: Annotated[str, Meta(extra_json_schema={"format": "date-time"})]


class DnsCheck(msgspec.Struct, frozen=True):
    ok: bool
    expected: str
    found: Annotated[list[str], Meta(description="The records in the DNS, at most ten.")]
    problem: Annotated[str | None, Meta(description="Why nothing was found, or null.")]


class DnsChecks(msgspec.Struct, frozen=True):
    txt: DnsCheck
    cname: DnsCheck


class CheckedCustomDomain(CustomDomain, frozen=True):
    checks: DnsChecks


class CustomDomainPage(msgspec.Struct, frozen=True):
    count: int
    next: str | None
    previous: str | None
    results: Annotated[list[CustomDomain], Meta(description="Newest first.")]


def _to_wire(call: Call, domain: Domain) -> CustomDomain:
    return CustomDomain(
        id=domain.number,
        domain=domain.name,
        is_verified=domain.verified_at_ms is not None,
        txt_name=f"{TXT_LABEL}.{domain.name}",
        txt_value=domain.token,
        cname_target=call.context.domains.target,
        created_at=second(domain.created_at_ms),
    )


def _checks(found: DomainChecks) -> DnsChecks:
    txt, cname = (DnsCheck(one.ok, one.expected, list(one.found), one.problem) for one in (found.txt, found.cname))
    return DnsChecks(txt, cname)


def _no_such_domain() -> Problem:
    return not_found("The custom domain does not exist or does not belong to you.")


async def _find_domain(call: Call) -> Domain:
    """The domain that the path names. Raises Problem (404)."""
    text: str = call.request.path_params["id"]
    found = None
    if _number.fullmatch(text):
        found = await call.context.domains.by_number(call.key.workspace, int(text))
    if found is None:
        raise _no_such_domain()
    return found


async def list_custom_domains(call: Call) -> Response:
    found = await call.context.domains.list(call.key.workspace)
    page = pagination.sent_page(call, LIST, len(found))
    results = [_to_wire(call, one) for one in found[page.start : page.start + page.size]]
    return Json(CustomDomainPage(page.count, page.next, page.previous, results))


async def create_custom_domain(call: Call) -> Response:
    body = await read_object(call.request)
    sent = convert(body, NewCustomDomain, body.keys())
    domain = await call.context.domains.add(call.key.workspace, sent.domain, id=call.id())
    return Json(_to_wire(call, domain), 201)


async def read_custom_domain(call: Call) -> Response:
    return Json(_to_wire(call, await _find_domain(call)))


async def delete_custom_domain(call: Call) -> Response:
    if not await call.context.domains.delete(call.key.workspace, (await _find_domain(call)).id):
        raise _no_such_domain()
    return no_content()


async def verify_custom_domain(call: Call) -> Response:
    claimed = await _find_domain(call)
    try:
        domain, checks = await call.context.domains.verify(call.key.workspace, claimed.id)
    except Missing:
        raise _no_such_domain() from None
    fields = msgspec.structs.asdict(_to_wire(call, domain))
    return Json(CheckedCustomDomain(**fields, checks=_checks(checks)))


ROUTES = (
    Route(
        method="GET",
        path=LIST,
        scope="read",
        summary="List custom domains",
        description="The workspace's short hosts, newest first.",
        handler=list_custom_domains,
        status=200,
        answer=CustomDomainPage,
        parameters=(pagination.PAGE, pagination.PAGE_SIZE),
        problems=(400, 404),
        example=examples.DOMAINS,
    ),
    Route(
        method="POST",
        path=LIST,
        scope="write",
        summary="Add a custom domain",
        description="Claims the domain; it serves codes once it is verified. 403 on some plans.",
        handler=create_custom_domain,
        status=201,
        answer=CustomDomain,
        body=NewCustomDomain,
        sent=examples.NEW_DOMAIN,
        problems=(400, 409),
        example=examples.DOMAIN,
        creates=True,
    ),
    Route(
        method="GET",
        path=ONE,
        scope="read",
        summary="Retrieve a custom domain",
        description="The DNS records that it needs, and whether it is verified.",
        handler=read_custom_domain,
        status=200,
        answer=CustomDomain,
        parameters=(ID,),
        problems=(404,),
        example=examples.DOMAIN,
    ),
    Route(
        method="DELETE",
        path=ONE,
        scope="write",
        summary="Delete a custom domain",
        description="409 while codes are on it: what is printed would lead nowhere.",
        handler=delete_custom_domain,
        status=204,
        answer=None,
        parameters=(ID,),
        problems=(404, 409),
    ),
    Route(
        method="POST",
        path=VERIFY,
        scope="write",
        summary="Verify a custom domain",
        description="Asks the DNS for the TXT record and the CNAME. Once verified it stays so.",
        handler=verify_custom_domain,
        status=200,
        answer=CheckedCustomDomain,
        parameters=(ID,),
        problems=(404, 409),
        example=examples.CHECKED,
    ),
)
