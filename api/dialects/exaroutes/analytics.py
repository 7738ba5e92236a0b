"""`GET /api/qr/codes/{id}/analytics`: scans by people, day by day and by country (dialects.md 21)."""

from starlette.responses import Response

from analytics.summary import summary
from api.dialect import Call, Route
from api.dialects.exaroutes import examples
from api.dialects.exaroutes.lookup import ID, find_code
from api.dialects.exaroutes.schemas import QrAnalytics, QrCountry, QrDay
from api.imported_scans import imported_scans
from api.parameters import Parameter
from api.responses import Json
from schemas.event import Kind

KINDS: tuple[Kind, ...] = ("human",)
# More than there are countries.
ALL_COUNTRIES = 1_000
DAYS = Parameter.integer(
    "days", "How many UTC days the series and the countries span, today the last of them.", 30, 1, 90
)


async def read_qr_analytics(call: Call) -> Response:
    days = DAYS.read(call.request)
    code = await find_code(call)
    found = await call.context.questions.ask(
        summary,
        code.workspace,
        code.birth,
        days=days,
        now=call.context.now(),
        kinds=KINDS,
        dimensions={"country": "Unknown"},
        top=ALL_COUNTRIES,
    )
    past = await imported_scans(call, [code.birth], KINDS)
    return Json(
        QrAnalytics(
            id=code.slug,
            days=days,
            totalScans=found.total + past.get(code.birth, 0),
            windowScans=found.window_total,
            series=[QrDay(each.day.isoformat(), each.n) for each in found.daily],
            countries=[QrCountry(each.value, each.n) for each in found.top["country"]],
        )
    )


ROUTES = (
    Route(
        method="GET",
        path="/api/qr/codes/{id}/analytics",
        scope="read",
        summary="Read scan analytics",
        description="A count for each day of the window and for each country in it. Counts scans by people that "
        "reached the destination or a page.",
        handler=read_qr_analytics,
        status=200,
        answer=QrAnalytics,
        parameters=(ID, DAYS),
        problems=(400, 404),
        example=examples.ANALYTICS,
    ),
)
