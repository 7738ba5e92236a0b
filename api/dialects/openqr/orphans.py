"""`GET /v1/orphans`: visits that found nothing to lead to, by host."""

from typing import Annotated

import msgspec
from msgspec import Meta
from starlette.responses import Response

from analytics.orphans import Orphaned, orphans
from analytics.window import trailing
from api.dialect import Call, Route
from api.dialects.openqr.analytics import DAYS
from api.dialects.openqr.schemas import DayCount
from api.parameters import Parameter
from api.problems import invalid
from api.responses import Json
from codes import domains, timestamps
from codes.errors import Refused


class HostOrphans(msgspec.Struct, frozen=True):
    """One host's, in the window; the first four add up to `total`."""

    host: str
    unknown: Annotated[int, Meta(description="Links that are not there, and the bare host.")]
    expired: Annotated[int, Meta(description="Codes after their `expires_at`.")]
    limited: Annotated[int, Meta(description="Codes whose `scan_limit` is used up.")]
    early: Annotated[int, Meta(description="Codes before their `starts_at`.")]
    total: int
    humans: Annotated[int, Meta(description="Of the total, those by people.")]
    last_at: Annotated[str, Meta(description="When the latest came.", extra_json_schema={"format": "date-time"})]


class OrphanReport(msgspec.Struct, frozen=True):
    days_window: Annotated[int, Meta(description="The days asked for, clamped.")]
    total: Annotated[int, Meta(description="Of all hosts in the window.")]
    daily: Annotated[list[DayCount], Meta(description="A count for each UTC day of the window, oldest first.")]
    hosts: Annotated[list[HostOrphans], Meta(description="Most first.")]


LONGEST_HOST = 260
HOST = Parameter(
    "host",
    "query",
    "Only this host: the short one, or a domain of the workspace.",
    {"type": "string", "maxLength": LONGEST_HOST},
)
EXAMPLE = {
    "days_window": 2,
    "total": 7,
    "daily": [{"day": "2026-05-20", "n": 2}, {"day": "2026-05-21", "n": 5}],
    "hosts": [
        {
            "host": "go.example.com",
            "unknown": 4,
            "expired": 2,
            "limited": 1,
            "early": 0,
            "total": 7,
            "humans": 6,
            "last_at": "2026-05-21T15:00:00Z",
        }
    ],
}


async def read_orphans(call: Call) -> Response:
    days = DAYS.read(call.request)
    host = call.request.query_params.get("host", "")
    if len(host) > LONGEST_HOST:
        raise invalid("host", f"host has at most {LONGEST_HOST} characters")
    found = await call.context.questions.ask(
        orphans,
        call.key.workspace,
        window=trailing(days, call.context.now()),
        host=_as_recorded(host) if host else "",
    )
    return Json(
        OrphanReport(
            days_window=days,
            total=sum(each.n for each in found.daily),
            daily=[DayCount(each.day.isoformat(), each.n) for each in found.daily],
            hosts=[_host(each) for each in found.hosts],
        )
    )


def _as_recorded(host: str) -> str:
    """In one form. What is nobody's host has no visits."""
    try:
        return domains.normal(host)
    except Refused:
        # The short host may have a port, or no dot.
        return host.strip().lower()


def _host(each: Orphaned) -> HostOrphans:
    return HostOrphans(
        host=each.host,
        **each.by,
        total=each.total,
        humans=each.humans,
        last_at=timestamps.shown(round(each.last.timestamp()) * 1000),
    )


ROUTES = (
    Route(
        method="GET",
        path="/v1/orphans",
        scope="read",
        summary="Read visits that found nothing",
        description="By host: links that are not there and bare hosts, codes that have expired, are used up or have "
        "not begun. They are in no other count. Of unknown links a redirector records so many a second and no more "
        "(`WAYMARK_UNKNOWN_PER_SECOND`). Those at the short host are everybody's.",
        handler=read_orphans,
        status=200,
        answer=OrphanReport,
        parameters=(DAYS, HOST),
        problems=(400,),
        example=EXAMPLE,
    ),
)
