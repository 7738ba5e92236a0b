"""`GET /v1/dynamic/{id}/scans`: a code's scans by people, over a window of UTC days."""

from starlette.responses import Response

from analytics.summary import Summary, summary
from api.dialect import Call, Route
from api.dialects.openqr import examples
from api.dialects.openqr.codes import ID, wanted
from api.dialects.openqr.schemas import DayCount, ScanAnalytics, Scans, ScanTotals, ValueCount, destination
from api.parameters import Parameter
from api.responses import Json, short_url
from schemas.code import Code
from schemas.event import Kind

# What counts as a scan here (dialects.md 16), and how what is not known is called (19).
KINDS: tuple[Kind, ...] = ("human",)
DIMENSIONS = {"country": "Unknown", "device": "Unknown", "referrer_host": "Direct"}
TOP = 8
DAYS = Parameter.integer(
    "days", "How many UTC days the daily series and the breakdowns span, today the last of them.", 30, 1, 365
)


async def read_scans(call: Call) -> Response:
    days = DAYS.read(call.request)
    code = await wanted(call)
    found = await call.context.questions.ask(
        summary, code.birth, days=days, now=call.context.now(), kinds=KINDS, dimensions=DIMENSIONS, top=TOP
    )
    return Json(answer(code, days, found, call.context.settings.short_url))


def answer(code: Code, days: int, found: Summary, base: str) -> Scans:
    by = {name: [ValueCount(each.value, each.n) for each in ranked] for name, ranked in found.top.items()}
    return Scans(
        id=code.id,
        slug=code.slug,
        short_url=short_url(code, base),
        destination=destination(code, base),
        scans=ScanTotals(found.total, found.last7, found.leaders["country"], found.leaders["device"]),
        analytics=ScanAnalytics(
            days_window=days,
            total=found.total,
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
        description="Totals of all time, a count for each day of the window, and the window's commonest countries, "
        "devices and referring hosts. Counts visits by people that ended at the destination; bots, link previews and "
        "prefetches are stored but not counted here. A scan is in the answer within a second.",
        handler=read_scans,
        status=200,
        answer=Scans,
        parameters=(ID, DAYS),
        problems=(400, 404),
        example=examples.SCANS,
    ),
)
