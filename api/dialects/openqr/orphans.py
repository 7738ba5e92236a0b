"""`GET /v1/orphans`: scans without a destination, by host."""

from typing import Annotated

import msgspec
from msgspec import Meta
from starlette.responses import Response

from analytics.orphans import Orphaned, orphans
from analytics.window import trailing
from api.dialect import Call, Route
from api.dialects.openqr import examples
from api.dialects.openqr.analytics import DAYS, DayCount
from api.parameters import Parameter
from api.problems import invalid
from api.responses import Json
from api.timestamps import second_of
from codes import domains
from codes.errors import Refused


class HostOrphans(msgspec.Struct, frozen=True):
    """The orphans of one host in the window; the first four counts add up to `total`."""

    host: str
    unknown: Annotated[int, Meta(description="Unknown links, and the bare host.")]
    expired: Annotated[int, Meta(description="Codes after their `expires_at`.")]
    limited: Annotated[int, Meta(description="Codes whose `scan_limit` is used up.")]
    early: Annotated[int, Meta(description="Codes before their `starts_at`.")]
    total: int
    humans: Annotated[int, Meta(description="Of the total, those by people.")]
    last_at: Annotated[str, Meta(description="When the latest was.", extra_json_schema={"format": "date-time"})]


class OrphanReport(msgspec.Struct, frozen=True):
    days_window: Annotated[int, Meta(description="The days asked for, clamped.")]
    total: Annotated[int, Meta(description="Of all hosts in the window.")]
    daily: Annotated[list[DayCount], Meta(description="A count for each UTC day of the window, oldest first.")]
    hosts: Annotated[list[HostOrphans], Meta(description="Most first.")]


MAX_HOST = 260
HOST = Parameter(
    "host",
    "query",
    "Only this host: the short one, or a domain of the workspace.",
    {"type": "string", "maxLength": MAX_HOST},
)


async def read_orphans(call: Call) -> Response:
    days = DAYS.read(call.request)
    host = call.request.query_params.get("host", "")
    if len(host) > MAX_HOST:
        raise invalid("host", f"host has at most {MAX_HOST} characters")
    found = await call.context.questions.ask(
        orphans,
        call.key.workspace,
        window=trailing(days, call.context.now()),
        host=_normal_host(host) if host else "",
    )
    return Json(
        OrphanReport(
            days_window=days,
            total=sum(each.n for each in found.daily),
            daily=[DayCount(each.day.isoformat(), each.n) for each in found.daily],
            hosts=[_to_wire(each) for each in found.hosts],
        )
    )


def _normal_host(host: str) -> str:
    """The host as events record it."""
    try:
        return domains.normal(host)
    except Refused:
        # The short host may have a port, or no dot.
        return host.strip().lower()


def _to_wire(each: Orphaned) -> HostOrphans:
    return HostOrphans(
        host=each.host,
        **each.by,
        total=each.total,
        humans=each.humans,
        last_at=second_of(each.last),
    )


ROUTES = (
    Route(
        method="GET",
        path="/v1/orphans",
        scope="read",
        summary="Read scans without a destination",
        description="By host: unknown links and bare hosts, codes that have expired, are over their limit or have "
        "not started. No other count includes them. A redirector records a limited number of unknown links per second "
        "(`WAYMARK_UNKNOWN_PER_SECOND`). Those at the shared short host are shown to every workspace.",
        handler=read_orphans,
        status=200,
        answer=OrphanReport,
        parameters=(DAYS, HOST),
        problems=(400,),
        example=examples.ORPHANS,
    ),
)
