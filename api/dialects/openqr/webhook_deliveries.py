"""`/v1/webhooks/{id}/deliveries`: what was and will be delivered to an endpoint, tests, and replays."""

from typing import Annotated, Any

import msgspec
from msgspec import Meta
from starlette.responses import Response

from api.dialect import Call, Route
from api.dialects.openqr import examples
from api.dialects.openqr.webhook_schemas import DATE_TIME, moment_or_none
from api.dialects.openqr.webhooks import ID, find_webhook, keys_of
from api.parameters import Parameter
from api.parsing import convert, read_object
from api.problems import Problem, invalid, not_found
from api.responses import Json
from schemas.scan_record import moment
from schemas.webhook import EventType
from webhooks import deliveries, endpoints, payloads
from webhooks.deliveries import Failure, Status, Stored

DELIVERY = Parameter("delivery", "path", "The delivery's id.", {"type": "string"})
STATUS = Parameter("status", "query", "Which deliveries.", {"type": "string", "enum": ["pending", "delivered", "dead"]})
LIMIT = Parameter.integer("limit", "How many deliveries.", 50, 1, 200)
CURSOR = Parameter("cursor", "query", "`next_cursor` of the page before.", {"type": "string"})


class WebhookTest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    type: Annotated[EventType, Meta(description="Of which type the test is.")]


class Tested(msgspec.Struct, frozen=True):
    id: Annotated[str, Meta(description='The `webhook-id` of the test, whose data is `{"test": true}`.')]


class Replayed(msgspec.Struct, frozen=True):
    replayed: Annotated[int, Meta(description="How many deliveries are tried anew.")]


class DeliveryShown(msgspec.Struct, frozen=True):
    id: str
    webhook_id: Annotated[str, Meta(description="The `webhook-id` header: the same in each attempt.")]
    type: EventType
    status: Status
    created_at: Annotated[str, Meta(extra_json_schema=DATE_TIME)]
    attempts: int
    last_attempt_at: Annotated[str | None, Meta(extra_json_schema=DATE_TIME)]
    next_attempt_at: Annotated[str | None, Meta(description="The earliest.", extra_json_schema=DATE_TIME)]
    ended_at: Annotated[str | None, Meta(description="When it was accepted or given up.", extra_json_schema=DATE_TIME)]
    response_status: Annotated[int | None, Meta(description="Of the last answer; null if there was none.")]
    failure: Annotated[Failure, Meta(description="Why the last attempt failed; empty if it did not.")]


class DeliveryBody(DeliveryShown, frozen=True):
    body: Annotated[str | None, Meta(description="What is sent; null once it is delivered.")]


class DeliveriesShown(msgspec.Struct, frozen=True):
    deliveries: Annotated[list[DeliveryShown], Meta(description="The latest first.")]
    next_cursor: Annotated[str | None, Meta(description="Send it as `cursor` for the next page; null on the last.")]


def _no_such_delivery() -> Problem:
    return not_found("there is no such delivery")


async def send_test(call: Call) -> Response:
    sent = convert(await read_object(call.request), WebhookTest)
    endpoint = await find_webhook(call)
    redis, now_ms = call.context.codes.redis, call.context.now_ms()
    plan = await call.context.codes.plan(call.key.workspace)
    id = (await keys_of(call)).id("test", call.id() or endpoints.random_id())
    if not await deliveries.put(redis, endpoint.id, payloads.of_test(sent.type, id, now_ms), plan, now_ms):
        raise Problem(429, "webhook_bytes", "too much waits for this webhook", None, {"Retry-After": "60"})
    return Json(Tested(id), 202)


def _delivery(status: Status, stored: Stored) -> dict[str, Any]:
    about = stored.about
    return {
        "id": stored.number,
        "webhook_id": about.message,
        "type": about.type,
        "status": status,
        "created_at": moment(about.created_at_ms),
        "attempts": about.attempts,
        "last_attempt_at": moment_or_none(about.last_at_ms),
        "next_attempt_at": moment(stored.at_ms) if status == "pending" else None,
        "ended_at": None if status == "pending" else moment(stored.at_ms),
        "response_status": about.status,
        "failure": about.failure,
    }


async def list_deliveries(call: Call) -> Response:
    endpoint = await find_webhook(call)
    given = call.request.query_params.get("status", "pending")
    if given not in STATUS.schema["enum"]:
        raise invalid("status", f"status must be one of: {', '.join(STATUS.schema['enum'])}")
    status: Status = given  # type: ignore[assignment]
    limit, before = LIMIT.read(call.request), call.request.query_params.get("cursor")
    if before is not None and not (before.isascii() and before.isdigit() and len(before) <= 20):
        raise invalid("cursor", "cursor must be the next_cursor of a page")
    found = await deliveries.page(call.context.codes.redis, endpoint.id, status, limit + 1, before)
    next_cursor = found[limit - 1].number if len(found) > limit else None
    return Json(DeliveriesShown([DeliveryShown(**_delivery(status, one)) for one in found[:limit]], next_cursor))


async def read_delivery(call: Call) -> Response:
    endpoint = await find_webhook(call)
    redis, number = call.context.codes.redis, call.request.path_params["delivery"]
    found = await deliveries.find(redis, endpoint.id, number)
    if found is None:
        raise _no_such_delivery()
    body = await deliveries.body(redis, endpoint.id, number)
    return Json(DeliveryBody(**_delivery(*found), body=None if body is None else body.decode()))


async def replay_delivery(call: Call) -> Response:
    endpoint = await find_webhook(call)
    redis, number = call.context.codes.redis, call.request.path_params["delivery"]
    if not await deliveries.replay(redis, endpoint.id, number, call.context.now_ms()):
        raise _no_such_delivery()
    return Json(Replayed(1))


async def replay_dead(call: Call) -> Response:
    endpoint = await find_webhook(call)
    return Json(Replayed(await deliveries.replay_dead(call.context.codes.redis, endpoint.id, call.context.now_ms())))


ROUTES = (
    Route(
        method="POST",
        path="/v1/webhooks/{id}/test",
        scope="write",
        summary="Send a test",
        description='Queues a delivery whose data is `{"test": true}`.',
        handler=send_test,
        status=202,
        answer=Tested,
        body=WebhookTest,
        sent={"type": "scan"},
        parameters=(ID,),
        problems=(400, 404),
        example={"id": "test_4be1c9a5b1f2a14fb0c1c0f5a3d1f0e2b9c8d7e6"},
    ),
    Route(
        method="GET",
        path="/v1/webhooks/{id}/deliveries",
        scope="read",
        summary="List deliveries",
        description="Those that wait, the last hundred that were accepted, or those that were given up.",
        handler=list_deliveries,
        status=200,
        answer=DeliveriesShown,
        parameters=(ID, STATUS, LIMIT, CURSOR),
        problems=(400, 404),
        example={"deliveries": [examples.DELIVERY], "next_cursor": None},
    ),
    Route(
        method="GET",
        path="/v1/webhooks/{id}/deliveries/{delivery}",
        scope="read",
        summary="Read a delivery",
        description="With its body, until it is delivered.",
        handler=read_delivery,
        status=200,
        answer=DeliveryBody,
        parameters=(ID, DELIVERY),
        problems=(404,),
        example={**examples.DELIVERY, "body": '{"type":"code.created","timestamp":"…","data":{}}'},
    ),
    Route(
        method="POST",
        path="/v1/webhooks/{id}/deliveries/{delivery}/replay",
        scope="write",
        summary="Replay a delivery",
        description="A dead one is tried as if it were new, under the same `webhook-id`; one that waits, at once.",
        handler=replay_delivery,
        status=200,
        answer=Replayed,
        parameters=(ID, DELIVERY),
        problems=(404,),
        example={"replayed": 1},
    ),
    Route(
        method="POST",
        path="/v1/webhooks/{id}/replay",
        scope="write",
        summary="Replay all dead deliveries",
        description="All that were given up are tried as if they were new, the oldest first.",
        handler=replay_dead,
        status=200,
        answer=Replayed,
        parameters=(ID,),
        problems=(404,),
        example={"replayed": 12},
    ),
)
