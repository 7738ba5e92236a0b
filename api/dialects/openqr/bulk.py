"""`POST /v1/dynamic/bulk`: create many codes in one call; an item that fails affects no other."""

import asyncio
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType
from starlette.responses import Response

from api.dialect import Call, Route
from api.dialects.openqr import examples, from_wire
from api.dialects.openqr.codes import READ_ONLY
from api.dialects.openqr.schemas import DynamicCode, NewDynamicCode
from api.dialects.openqr.to_wire import dynamic_code
from api.json_schema import reference
from api.parsing import convert, read_object
from api.problems import Fault, Problem, error_body, invalid, problem_of
from api.responses import Json
from codes.code_fields import NewCode
from codes.errors import Conflict, Missing, NotInPlan, Refused, Unavailable

MAX_ITEMS = 200
# How many are created concurrently: each creation waits for the redirectors.
CONCURRENCY = 16


# Items are parsed one by one, so that a bad one affects no other.
_ITEMS = {"minItems": 1, "maxItems": MAX_ITEMS, "items": reference(NewDynamicCode.__name__)}


class BulkRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Each item is a body of `POST /v1/dynamic`."""

    items: Annotated[list[Any], Meta(extra_json_schema=_ITEMS)]


class BulkResult(msgspec.Struct, frozen=True):
    """The code that an item became, or why it failed."""

    index: Annotated[int, Meta(description="Its position in `items`, from 0.")]
    code: DynamicCode | UnsetType = UNSET
    error: Fault | UnsetType = UNSET


class BulkAnswer(msgspec.Struct, frozen=True):
    created: int
    failed: int
    results: Annotated[list[BulkResult], Meta(description="In the order of `items`.")]


async def create_codes(call: Call) -> Response:
    items = convert(await read_object(call.request), BulkRequest).items
    if not 1 <= len(items) <= MAX_ITEMS:
        raise invalid("items", f"items must have 1 to {MAX_ITEMS} entries, not {len(items)}", "wrong_length")
    slots = asyncio.Semaphore(CONCURRENCY)
    outcomes = await asyncio.gather(
        *(_result(call, slots, index, item) for index, item in enumerate(items)), return_exceptions=True
    )
    results: list[BulkResult] = []
    for outcome in outcomes:
        # Raised only now, when no creation is under way any more.
        if isinstance(outcome, BaseException):
            raise outcome
        results.append(outcome)
    created = sum(result.code is not UNSET for result in results)
    return Json(BulkAnswer(created, len(items) - created, results), 201)


async def _result(call: Call, slots: asyncio.Semaphore, index: int, item: Any) -> BulkResult:
    async with slots:
        try:
            return BulkResult(index, code=await _create(call, index, item))
        except (Problem, Refused, Conflict, NotInPlan, Missing) as error:
            return BulkResult(index, error=error_body(problem_of(error)).error)
        except Unavailable as error:
            if call.attempt is not None:
                # With an Idempotency-Key the whole request can be sent again without harm.
                raise
            return BulkResult(index, error=error_body(problem_of(error)).error)


async def _create(call: Call, index: int, item: Any) -> DynamicCode:
    if not isinstance(item, dict):
        raise invalid(f"items[{index}]", "an item must be an object", "wrong_type")
    sent = convert(item, NewDynamicCode, READ_ONLY)
    new = NewCode(**from_wire.code_fields(sent), created_by=call.key.id, id=call.id(str(index)), one_of_many=True)
    code = await call.context.codes.create(call.key.workspace, new)
    return dynamic_code(code, call.context.settings.short_url)


ROUTES = (
    Route(
        method="POST",
        path="/v1/dynamic/bulk",
        scope="write",
        summary="Create many codes",
        description=f"1 to {MAX_ITEMS} items, each a body of `POST /v1/dynamic`. An item that fails is reported at its "
        "index and affects no other. A plan's limit on single creations does not apply here.",
        handler=create_codes,
        status=201,
        answer=BulkAnswer,
        body=BulkRequest,
        sent=examples.BULK,
        problems=(400,),
        example=examples.BULK_ANSWER,
        creates=True,
    ),
)
