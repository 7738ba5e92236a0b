"""`GET /v1/dynamic/{id}/imported`: scans that another service counted before the code was brought here."""

from typing import Annotated

import msgspec
from msgspec import Meta
from starlette.responses import Response

from analytics.imported import Imported, imported
from api.dialect import Call, Route
from api.dialects.openqr import examples
from api.dialects.openqr.analytics import DayCount, ValueCount
from api.dialects.openqr.lookup import ID, find_code
from api.responses import Json
from schemas.code import Code


class ImportedScans(msgspec.Struct, frozen=True):
    """Lists have the most frequent value first; a value that the service did not know is empty."""

    id: str
    slug: str
    total: Annotated[int, Meta(description="The sum of `by_service`, and of `undated` and `daily`.")]
    undated: Annotated[int, Meta(description="Scans of which the service told no day.")]
    by_service: Annotated[list[ValueCount], Meta(description="The service that counted.")]
    by_kind: Annotated[
        list[ValueCount], Meta(description="`human`, `bot`; empty where the service counts both as one.")
    ]
    by_country: list[ValueCount]
    by_referrer: list[ValueCount]
    daily: Annotated[list[DayCount], Meta(description="UTC days with scans, oldest first.")]


async def read_imported(call: Call) -> Response:
    code = await find_code(call)
    return Json(_answer(code, await call.context.questions.ask(imported, code.workspace, code.birth)))


def _answer(code: Code, found: Imported) -> ImportedScans:
    lists = (found.services, found.kinds, found.countries, found.referrers)
    services, kinds, countries, referrers = ([ValueCount(each.value, each.n) for each in ranked] for ranked in lists)
    return ImportedScans(
        id=code.id,
        slug=code.slug,
        total=found.total,
        undated=found.undated,
        by_service=services,
        by_kind=kinds,
        by_country=countries,
        by_referrer=referrers,
        daily=[DayCount(each.day.isoformat(), each.n) for each in found.daily],
    )


ROUTES = (
    Route(
        method="GET",
        path="/v1/dynamic/{id}/imported",
        scope="read",
        summary="Read a code's imported scans",
        description="What the service that a code was imported from counted (`waymark import`): kept apart, and in no "
        "other number, unless the workspace counts imported scans in its totals (`waymark workspace imported`).",
        handler=read_imported,
        status=200,
        answer=ImportedScans,
        parameters=(ID,),
        problems=(404,),
        example=examples.IMPORTED,
    ),
)
