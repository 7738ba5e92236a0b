"""`GET /v1/dynamic/{id}/scans`: a code's scans by people, over a window of UTC days."""

from typing import Annotated

import msgspec
from msgspec import Meta
from starlette.responses import Response

from analytics.summary import Summary, summary
from api.dialect import Call, Route
from api.dialects.openqr import examples
from api.dialects.openqr.lookup import ID, find_code
from api.dialects.openqr.to_wire import destination
from api.imported_scans import imported_scans
from api.parameters import Parameter
from api.responses import Json, short_url
from schemas.code import Code
from schemas.event import Kind

# Which scans count here (dialects.md 16), and the names of unknown values (19).
KINDS: tuple[Kind, ...] = ("human",)
DIMENSIONS = {"country": "Unknown", "device": "Unknown", "referrer_host": "Direct"}
TOP = 8
DAYS = Parameter.integer(
    "days", "How many UTC days the daily series and the breakdowns span, today the last of them.", 30, 1, 365
)


class ScanTotals(msgspec.Struct, frozen=True):
    """Of all time, but for `last7`; not affected by `days`."""

    total: Annotated[int, Meta(description="Scans by people, ever.")]
    last7: Annotated[int, Meta(description="Scans of the last seven UTC days, today included.")]
    topCountry: Annotated[str | None, Meta(description="The most common country of all time; null without scans.")]
    topDevice: Annotated[str | None, Meta(description="The most common device class of all time; null without scans.")]


class DayCount(msgspec.Struct, frozen=True):
    day: Annotated[str, Meta(description="A UTC day.", extra_json_schema={"format": "date"})]
    n: int


class ValueCount(msgspec.Struct, frozen=True):
    value: str
    n: int


class ScanAnalytics(msgspec.Struct, frozen=True):
    """Breakdowns have the eight most common values of the window; ties are in the order of the value."""

    days_window: Annotated[int, Meta(description="The days asked for, clamped.")]
    total: Annotated[int, Meta(description="The same as `scans.total`.")]
    window_total: Annotated[int, Meta(description="Scans in the window.")]
    daily: Annotated[list[DayCount], Meta(description="A count for each day of the window, oldest first.")]
    by_country: list[ValueCount]
    by_device: list[ValueCount]
    by_referrer: list[ValueCount]


class Scans(msgspec.Struct, frozen=True):
    id: str
    slug: str
    short_url: str
    destination: str
    scans: ScanTotals
    analytics: ScanAnalytics


async def read_scans(call: Call) -> Response:
    days = DAYS.read(call.request)
    code = await find_code(call)
    found = await call.context.questions.ask(
        summary,
        code.workspace,
        code.birth,
        days=days,
        now=call.context.now(),
        kinds=KINDS,
        dimensions=DIMENSIONS,
        top=TOP,
    )
    past = (await imported_scans(call, [code.birth], KINDS)).get(code.birth, 0)
    return Json(_answer(code, days, found, found.total + past, call.context.settings.short_url))


def _answer(code: Code, days: int, found: Summary, total: int, base: str) -> Scans:
    by = {name: [ValueCount(each.value, each.n) for each in ranked] for name, ranked in found.top.items()}
    return Scans(
        id=code.id,
        slug=code.slug,
        short_url=short_url(code, base),
        destination=destination(code, base),
        scans=ScanTotals(total, found.last7, found.leaders["country"], found.leaders["device"]),
        analytics=ScanAnalytics(
            days_window=days,
            total=total,
            window_total=found.window_total,
            daily=[DayCount(each.day.isoformat(), each.n) for each in found.daily],
            by_country=by["country"],
            by_device=by["device"],
            by_referrer=by["referrer_host"],
        ),
    )


ROUTES = (
    Route(
        method="GET",
        path="/v1/dynamic/{id}/scans",
        scope="read",
        summary="Read a code's scans",
        description="Totals of all time, a count for each day of the window, and the window's most common countries, "
        "devices and referring hosts. Counts scans by people that reached the destination; bots, link previews and "
        "prefetches are stored but not counted here. A scan shows within a second.",
        handler=read_scans,
        status=200,
        answer=Scans,
        parameters=(ID, DAYS),
        problems=(400, 404),
        example=examples.SCANS,
    ),
)
