"""`POST /v1/dynamic/bulk`: many codes at once, each for itself."""

import asyncio
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType
from starlette.responses import Response

from api.dialect import Call, Route
from api.dialects.openqr import examples, from_wire
from api.dialects.openqr.codes import READ_ONLY
from api.dialects.openqr.schemas import DynamicCode, NewDynamicCode, dynamic_code
from api.json_schema import reference
from api.parsing import convert, read_object
from api.problems import Fault, Problem, error_body, invalid, problem_of
from api.responses import Json
from codes.code_fields import NewCode
from codes.errors import Conflict, Missing, NotInPlan, Refused, Unavailable

MOST = 200
# Codes that are made at the same time: each waits for the redirectors.
AT_ONCE = 16


# Each is looked at by itself, so that a bad one holds up no other.
_ITEMS = {"minItems": 1, "maxItems": MOST, "items": reference(NewDynamicCode.__name__)}


class BulkRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Each item is what `POST /v1/dynamic` takes."""

    items: Annotated[list[Any], Meta(extra_json_schema=_ITEMS)]


class BulkResult(msgspec.Struct, frozen=True):
    """What became of an item: the code, or why there is none."""

    index: Annotated[int, Meta(description="Its position in `items`, from 0.")]
    code: DynamicCode | UnsetType = UNSET
    error: Fault | UnsetType = UNSET


class BulkAnswer(msgspec.Struct, frozen=True):
    created: int
    failed: int
    results: Annotated[list[BulkResult], Meta(description="In the order of `items`.")]


async def create_codes(call: Call) -> Response:
    items = convert(await read_object(call.request), BulkRequest).items
    if not 1 <= len(items) <= MOST:
        raise invalid("items", f"items must have 1 to {MOST} entries, not {len(items)}", "wrong_length")
    turns = asyncio.Semaphore(AT_ONCE)
    outcomes = await asyncio.gather(
        *(_result(call, turns, index, item) for index, item in enumerate(items)), return_exceptions=True
    )
    results: list[BulkResult] = []
    for outcome in outcomes:
        # Raised only now: nothing is still being made when this is answered.
        if isinstance(outcome, BaseException):
            raise outcome
        results.append(outcome)
    created = sum(result.code is not UNSET for result in results)
    return Json(BulkAnswer(created, len(items) - created, results), 201)


async def _result(call: Call, turns: asyncio.Semaphore, index: int, item: Any) -> BulkResult:
    async with turns:
        try:
            return BulkResult(index, code=await _made(call, index, item))
        except (Problem, Refused, Conflict, NotInPlan, Missing) as error:
            return BulkResult(index, error=error_body(problem_of(error)).error)
        except Unavailable as error:
            if call.attempt is not None:
                # Whoever can send it again without harm is told to.
                raise
            return BulkResult(index, error=error_body(problem_of(error)).error)


async def _made(call: Call, index: int, item: Any) -> DynamicCode:
    if not isinstance(item, dict):
        raise invalid(f"items[{index}]", "an item must be an object", "wrong_type")
    sent = convert(item, NewDynamicCode, READ_ONLY)
    new = NewCode(**from_wire.given(sent), created_by=call.key.id, id=call.id(str(index)), one_of_many=True)
    code = await call.context.codes.create(call.key.workspace, new)
    return dynamic_code(code, call.context.settings.short_url)


ROUTES = (
    Route(
        method="POST",
        path="/v1/dynamic/bulk",
        scope="write",
        summary="Create many codes",
        description=f"1 to {MOST} items, each what creating one code takes. They are made each for itself: one that "
        "cannot be taken is told in its place and holds up no other. A plan's limit of single creations does not hold "
        "here.",
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
