"""`GET /qrcodes/{id}/analytics`: all scans of a code, those by programs too, and its visitors."""

from collections.abc import Sequence
from datetime import date, datetime

from msgspec import UNSET
from starlette.responses import Response

from analytics.breakdown import Dimension
from analytics.lifetime import Lifetime, lifetime
from analytics.types import Day
from analytics.window import trailing
from api.dialect import Call, Route
from api.dialects.qravio import examples
from api.dialects.qravio.lookup import ID, find_code
from api.dialects.qravio.schemas import QravioAnalytics, QravioDay, QravioDevices
from api.imported_scans import imported_scans
from api.responses import Json
from api.timestamps import second_of
from schemas.code import StaticCode
from schemas.event import KINDS

# Of a plan that does not say (dialects.md 22).
RETENTION_DAYS = 365
# `wow_change` compares two weeks.
TWO_WEEKS = 14
DEVICES = Dimension("device", empty="unknown", not_human="bot")
COUNTRIES = Dimension("country", empty="Unknown")


async def read_qravio_analytics(call: Call) -> Response:
    code = await find_code(call)
    plan = await call.context.codes.plan(call.key.workspace)
    days = plan.retention_days or RETENTION_DAYS
    now = call.context.now()
    window = trailing(max(days, TWO_WEEKS), now)
    if isinstance(code, StaticCode):
        found = Lifetime(0, 0, None, [Day(day, 0) for day in window], {DEVICES.name: [], COUNTRIES.name: []})
    else:
        found = await call.context.questions.ask(
            lifetime, code.workspace, code.birth, [DEVICES, COUNTRIES], window=window, kinds=KINDS
        )
    created = datetime.fromtimestamp(code.created_at_ms / 1000, now.tzinfo)
    first = max(trailing(days, now).first, min(trailing(1, created).first, window.last))
    births = [] if isinstance(code, StaticCode) else [code.birth]
    past = await imported_scans(call, births, KINDS)
    return Json(_answer(found, first, found.total + sum(past.values())))


def _answer(found: Lifetime, first: date, total: int) -> QravioAnalytics:
    """`first` is the first day of the answer's series."""
    devices = {each.value: each.n for each in found.values[DEVICES.name]}
    return QravioAnalytics(
        total_scans=total,
        unique_scans=found.visitors,
        scans_today=found.daily[-1].n,
        wow_change=wow_change(found.daily),
        daily_scans=[QravioDay(each.day.isoformat(), each.n) for each in found.daily if each.day >= first],
        scans_by_device=QravioDevices(
            mobile=devices.pop("mobile", 0),
            tablet=devices.pop("tablet", 0),
            desktop=devices.pop("desktop", 0),
            bot=devices.pop("bot", 0),
            unknown=sum(devices.values()) or UNSET,
        ),
        scans_by_country={each.value: each.n for each in found.values[COUNTRIES.name]},
        last_scanned_at=second_of(found.last) if found.last else None,
    )


def wow_change(daily: Sequence[Day]) -> float:
    """The change of the last seven days against the seven before, in percent."""
    before, last = (sum(each.n for each in days) for days in (daily[-14:-7], daily[-7:]))
    if before == 0:
        return 100.0 if last else 0.0
    return round(100 * (last - before) / before, 1)


ROUTES = (
    Route(
        method="GET",
        path="/api/public/v1/qrcodes/{id}/analytics",
        scope="read",
        summary="Get QR analytics",
        description="Every scan counts, also of programs, which are `bot` in `scans_by_device`. "
        "`unique_scans` counts people, each once per UTC day. The daily series has a zero for a day without scans.",
        handler=read_qravio_analytics,
        status=200,
        answer=QravioAnalytics,
        parameters=(ID,),
        problems=(404,),
        example=examples.ANALYTICS,
    ),
)
