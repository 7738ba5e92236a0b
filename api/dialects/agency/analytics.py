"""`GET /api/v1/dynamic/{short_id}/analytics/`: every scan of a code, also of a deleted one while its rows are kept."""

from typing import Annotated

import msgspec
from msgspec import Meta
from starlette.responses import Response

from analytics.breakdown import Dimension
from analytics.overview import Overview, overview
from analytics.window import trailing
from api.dialect import Call, Route
from api.dialects.agency import examples
from api.dialects.agency.lookup import SHORT_ID, no_such_code, short_id
from api.imported_scans import imported_scans
from api.parameters import Parameter
from api.responses import Json
from api.slug_lookup import find_by_slug
from codes import deleted_codes
from codes.deleted_codes import metadata_of
from codes.variants import key_in_set
from schemas.code import DeletedCode
from schemas.event import KINDS

TOP = 10
PINS = 200
UNKNOWN = "Unknown"
DIMENSIONS = (
    Dimension("referrer", empty="(direct)", limit=TOP),
    Dimension("client", empty="other", not_human="Bot", limit=TOP),
    Dimension("country", empty=UNKNOWN, limit=TOP),
    Dimension("city", limit=TOP, skip_empty=True),
    Dimension("model", empty=UNKNOWN, limit=TOP),
    Dimension("os", empty=UNKNOWN, limit=TOP),
    Dimension("browser", empty=UNKNOWN, limit=TOP),
    Dimension("variant", limit=None, skip_empty=True),
)
DAYS = Parameter.integer("days", "How many UTC days the period has, today the last of them.", 30, 1, 365)


class DayScans(msgspec.Struct, frozen=True):
    day: Annotated[str, Meta(description="A UTC day.", extra_json_schema={"format": "date"})]
    count: int


class RefererScans(msgspec.Struct, frozen=True):
    referer: Annotated[str, Meta(description="Origin and path, never a query; `(direct)` without one.")]
    count: int


class ClientScans(msgspec.Struct, frozen=True):
    client: Annotated[str, Meta(description="`iOS`, `Android`, `macOS`, `Windows`, `Linux`, `Bot` or `other`.")]
    count: int


class CountryScans(msgspec.Struct, frozen=True):
    country: str
    count: int


class CityScans(msgspec.Struct, frozen=True):
    city: Annotated[str, Meta(description="With its country: `Montreal, CA`. Scans without a city are left out.")]
    count: int


class DeviceScans(msgspec.Struct, frozen=True):
    device: str
    count: int


class OsScans(msgspec.Struct, frozen=True):
    os: str
    count: int


class BrowserScans(msgspec.Struct, frozen=True):
    browser: str
    count: int


class GeoPin(msgspec.Struct, frozen=True):
    lat: Annotated[float, Meta(description="To a tenth of a degree; nothing finer is stored.")]
    lon: float
    city: Annotated[str, Meta(description="The most common one at this point; empty if none is known.")]
    country: str


class VariantScans(msgspec.Struct, frozen=True):
    """A current variant of the code, or a removed one that was scanned in the period."""

    variant: Annotated[
        str,
        Meta(description="Its letter; a variant of an earlier set may have the same."),
    ]
    label: str | None
    url: Annotated[str | None, Meta(description="Null if it was removed too long ago.")]
    count: int


class AgencyScans(msgspec.Struct, frozen=True):
    """Everything but `total_scans` is of the period. Lists are ordered by count, then by value."""

    short_id: str
    name: str
    total_scans: Annotated[int, Meta(description="Of all time.")]
    scans_in_period: int
    period_days: Annotated[int, Meta(description="The days asked for, clamped.")]
    by_day: Annotated[list[DayScans], Meta(description="Oldest first; days without scans are left out.")]
    top_referers: list[RefererScans]
    top_clients: list[ClientScans]
    top_countries: list[CountryScans]
    top_cities: list[CityScans]
    top_devices: list[DeviceScans]
    top_os: list[OsScans]
    top_browsers: list[BrowserScans]
    scan_heatmap_by_hour: Annotated[
        list[list[int]], Meta(description="Seven rows, Monday first, of 24 hours (UTC), midnight first.")
    ]
    geo_pins: Annotated[list[GeoPin], Meta(description="At most 200, most scanned first.")]
    by_variant: list[VariantScans]


async def read_analytics(call: Call) -> Response:
    days = DAYS.read(call.request)
    code = await _find_code(call)
    found = await call.context.questions.ask(
        overview,
        code.workspace,
        code.birth,
        window=trailing(days, call.context.now()),
        kinds=KINDS,
        dimensions=DIMENSIONS,
        points=PINS,
    )
    past = await imported_scans(call, [code.birth], KINDS)
    return Json(_answer(code, days, found, found.total + past.get(code.birth, 0)))


async def _find_code(call: Call) -> DeletedCode:
    """The code that the path names, or the deleted one that had this `short_id` last. Raises Problem (404)."""
    slug, workspace = short_id(call), call.key.workspace
    code = await find_by_slug(call.context, workspace, slug)
    if code is not None:
        return metadata_of(code, 0)
    deleted = await deleted_codes.find(call.context.codes.redis, workspace, slug, call.context.now_ms())
    if deleted is None:
        raise no_such_code()
    return deleted


def _answer(code: DeletedCode, days: int, found: Overview, total: int) -> AgencyScans:
    top = {name: [(each.value, each.n) for each in one.top] for name, one in found.by.items()}
    return AgencyScans(
        short_id=code.slug,
        name=code.label or "",
        total_scans=total,
        scans_in_period=found.window_total,
        period_days=days,
        by_day=[DayScans(each.day.isoformat(), each.n) for each in found.daily if each.n],
        top_referers=[RefererScans(*pair) for pair in top["referrer"]],
        top_clients=[ClientScans(*pair) for pair in top["client"]],
        top_countries=[CountryScans(*pair) for pair in top["country"]],
        top_cities=[CityScans(*pair) for pair in top["city"]],
        top_devices=[DeviceScans(*pair) for pair in top["model"]],
        top_os=[OsScans(*pair) for pair in top["os"]],
        top_browsers=[BrowserScans(*pair) for pair in top["browser"]],
        scan_heatmap_by_hour=found.week,
        geo_pins=[GeoPin(pin.lat, pin.lon, pin.city, pin.country or UNKNOWN) for pin in found.pins],
        by_variant=_by_variant(code, dict(top["variant"])),
    )


def _by_variant(code: DeletedCode, counts: dict[str, int]) -> list[VariantScans]:
    """The current variants in order, then removed ones by letter. Scans that followed a rule count for no variant."""
    counted = [
        VariantScans(key_in_set(code, one.key), one.label, one.url, counts.get(one.key, 0)) for one in code.variants
    ]
    former = {one.key: one for one in code.former}
    rules = {*code.rules, *(one.key for one in code.former if one.rule)}
    removed = counts.keys() - rules - {one.key for one in code.variants}
    for key in sorted(removed, key=lambda letters: (len(letters), letters)):
        one = former.get(key)
        letter = (one.shown if one else "") or key
        counted.append(VariantScans(letter, one.label if one else None, one.url if one else None, counts[key]))
    return counted


ROUTES = (
    Route(
        method="GET",
        path="/api/v1/dynamic/{short_id}/analytics/",
        scope="read",
        summary="Read a dynamic QR's scans",
        description="Every scan that reached a destination or a page, those by programs too (`Bot` in `top_clients`): "
        "exact, without sampling. The scans of a deleted QR stay readable for 13 months.",
        handler=read_analytics,
        status=200,
        answer=AgencyScans,
        parameters=(SHORT_ID, DAYS),
        problems=(400, 404),
        example=examples.SCANS,
    ),
)
