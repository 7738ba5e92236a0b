"""`/v1/webhooks`: endpoints, their secrets, and what was delivered to them."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType
from starlette.responses import Response

from api.dialect import Call, Route
from api.dialects.openqr import examples
from api.dialects.openqr.schemas import Deleted
from api.parameters import Parameter
from api.parsing import convert, read_object
from api.problems import Problem, not_found
from api.responses import Json
from codes.errors import Missing
from schemas.scan_record import moment
from schemas.webhook import Endpoint, EventType
from webhooks import deliveries, signing
from webhooks.endpoints import MAX_BATCH, MAX_LABEL, MAX_WAIT_S, Endpoints
from webhooks.signing import MAX_OVERLAP_S, OVERLAP_S, SigningKeys, UnknownKey

READ_ONLY = frozenset(
    {
        *("id", "created_at", "updated_at", "stopped_at", "failing_since", "pending", "dead", "dropped"),
        "secret",
    }
)
ID = Parameter("id", "path", "The endpoint's id.", {"type": "string", "format": "uuid"})
DATE_TIME = {"format": "date-time"}
_URL = Meta(
    description="Where events are POSTed to: a public https address.",
    extra_json_schema={"format": "uri", "maxLength": 2048},
)
_LABEL = Meta(description="A name for people.", extra_json_schema={"maxLength": MAX_LABEL})
_EVENTS = Meta(description="What it is told.", extra_json_schema={"minItems": 1})
_STATUS = Meta(
    description="`active`; `paused` by its owner; `gone` after an answer of 410; `failing` after five days without one "
    "that was accepted. Write `active` to resume."
)
_SIZE = Meta(
    description="How many scans one delivery has at most.", extra_json_schema={"minimum": 1, "maximum": MAX_BATCH}
)
_WAIT = Meta(
    description="How many seconds a scan waits for others at most.",
    extra_json_schema={"minimum": 1, "maximum": MAX_WAIT_S},
)
Shown = Literal["active", "paused", "gone", "failing"]


class Webhook(msgspec.Struct, frozen=True):
    id: Annotated[str, Meta(extra_json_schema={"format": "uuid"})]
    url: Annotated[str, _URL]
    label: Annotated[str, _LABEL]
    events: Annotated[list[EventType], _EVENTS]
    status: Annotated[Shown, _STATUS]
    batch_size: Annotated[int, _SIZE]
    batch_wait_s: Annotated[int, _WAIT]
    created_at: Annotated[str, Meta(extra_json_schema=DATE_TIME)]
    updated_at: Annotated[str, Meta(extra_json_schema=DATE_TIME)]
    stopped_at: Annotated[str | None, Meta(description="Since when it is not `active`.", extra_json_schema=DATE_TIME)]
    failing_since: Annotated[
        str | None,
        Meta(description="Of the first failure since anything was accepted.", extra_json_schema=DATE_TIME),
    ]
    pending: Annotated[int, Meta(description="Deliveries that wait.")]
    dead: Annotated[int, Meta(description="Deliveries that were given up, and can be replayed.")]
    dropped: Annotated[int, Meta(description="Deliveries for which there was no room.")]


class Webhooks(msgspec.Struct, frozen=True):
    webhooks: Annotated[list[Webhook], Meta(description="Oldest first.")]


class WebhookMade(Webhook, frozen=True):
    secret: Annotated[str, Meta(description="Verifies that deliveries come from here; begins with `whsec_`.")]


class Secret(msgspec.Struct, frozen=True):
    secret: Annotated[str, Meta(description="The newest one; begins with `whsec_`.")]
    former_until: Annotated[
        str | None,
        Meta(description="Until when the one before signs, too; null for none.", extra_json_schema=DATE_TIME),
    ]


class NewWebhook(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    url: Annotated[str, _URL]
    events: Annotated[list[EventType], _EVENTS]
    label: Annotated[str, _LABEL] | UnsetType = UNSET
    status: Literal["active", "paused"] | UnsetType = UNSET
    batch_size: Annotated[int, _SIZE] | UnsetType = UNSET
    batch_wait_s: Annotated[int, _WAIT] | UnsetType = UNSET


class WebhookEdit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    url: Annotated[str, _URL] | UnsetType = UNSET
    events: Annotated[list[EventType], _EVENTS] | UnsetType = UNSET
    label: Annotated[str, _LABEL] | UnsetType = UNSET
    status: Literal["active", "paused"] | UnsetType = UNSET
    batch_size: Annotated[int, _SIZE] | UnsetType = UNSET
    batch_wait_s: Annotated[int, _WAIT] | UnsetType = UNSET


class Rotation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    overlap_s: Annotated[
        int,
        Meta(
            description="For how many seconds the secret before it signs, too.",
            extra_json_schema={"minimum": 0, "maximum": MAX_OVERLAP_S},
        ),
    ] = OVERLAP_S


def store(call: Call) -> Endpoints:
    context = call.context
    return Endpoints(context.codes.redis, context.receivers, plans=context.codes.plans, now_ms=context.now_ms)


async def keys_of(call: Call) -> SigningKeys:
    return await signing.signing_keys(call.context.codes.redis, call.context.settings.webhook_key)


def moment_or_none(at_ms: int | None) -> str | None:
    return None if at_ms is None else moment(at_ms)


async def _to_wire(call: Call, endpoint: Endpoint) -> dict[str, Any]:
    state = await deliveries.state(call.context.codes.redis, endpoint.id)
    return {
        "id": endpoint.id,
        "url": endpoint.url,
        "label": endpoint.label,
        "events": list(endpoint.events),
        "status": endpoint.stopped or "active",
        "batch_size": endpoint.batch_size,
        "batch_wait_s": endpoint.batch_wait_s,
        "created_at": moment(endpoint.created_at_ms),
        "updated_at": moment(endpoint.updated_at_ms),
        "stopped_at": moment_or_none(endpoint.stopped_at_ms),
        "failing_since": moment_or_none(state.failing_since_ms),
        "pending": state.pending,
        "dead": state.dead,
        "dropped": state.dropped,
    }


def _fields(sent: NewWebhook | WebhookEdit) -> dict[str, Any]:
    given = {name: getattr(sent, name) for name in sent.__struct_fields__ if getattr(sent, name) is not UNSET}
    if "status" in given:
        given["stopped"] = {"active": "", "paused": "paused"}[given.pop("status")]
    return given


def _no_such_webhook() -> Problem:
    return not_found("there is no webhook with this id")


async def find_webhook(call: Call) -> Endpoint:
    endpoint = await store(call).get(call.key.workspace, call.request.path_params["id"])
    if endpoint is None:
        raise _no_such_webhook()
    return endpoint


def _secret(keys: SigningKeys, endpoint: Endpoint) -> str:
    try:
        return keys.shown(endpoint)
    except UnknownKey:
        text = "the secret was made with another key of this deployment; rotate it"
        raise Problem(409, "unknown_key", text) from None


async def list_webhooks(call: Call) -> Response:
    found = await store(call).list(call.key.workspace)
    return Json(Webhooks([Webhook(**await _to_wire(call, each)) for each in found]))


async def create_webhook(call: Call) -> Response:
    sent = convert(await read_object(call.request), NewWebhook, READ_ONLY)
    keys = await keys_of(call)
    made = await store(call).create(call.key.workspace, _fields(sent), keys, created_by=call.key.id, id=call.id())
    return Json(WebhookMade(**await _to_wire(call, made), secret=_secret(keys, made)), 201)


async def read_webhook(call: Call) -> Response:
    return Json(Webhook(**await _to_wire(call, await find_webhook(call))))


async def edit_webhook(call: Call) -> Response:
    sent = convert(await read_object(call.request), WebhookEdit, READ_ONLY)
    try:
        edited = await store(call).edit(call.key.workspace, call.request.path_params["id"], _fields(sent))
    except Missing:
        raise _no_such_webhook() from None
    return Json(Webhook(**await _to_wire(call, edited)))


async def delete_webhook(call: Call) -> Response:
    if not await store(call).delete(call.key.workspace, call.request.path_params["id"]):
        raise _no_such_webhook()
    return Json(Deleted())


def _secret_shown(keys: SigningKeys, endpoint: Endpoint) -> Secret:
    former = endpoint.secrets[1].until_ms if len(endpoint.secrets) > 1 else None
    return Secret(_secret(keys, endpoint), moment_or_none(former))


async def read_secret(call: Call) -> Response:
    return Json(_secret_shown(await keys_of(call), await find_webhook(call)))


async def rotate_secret(call: Call) -> Response:
    sent = convert(await read_object(call.request), Rotation)
    keys = await keys_of(call)
    try:
        rotated = await store(call).rotate(call.key.workspace, call.request.path_params["id"], keys, sent.overlap_s)
    except Missing:
        raise _no_such_webhook() from None
    return Json(_secret_shown(keys, rotated))


ROUTES = (
    Route(
        method="GET",
        path="/v1/webhooks",
        scope="read",
        summary="List webhooks",
        description="The workspace's endpoints, without their secrets.",
        handler=list_webhooks,
        status=200,
        answer=Webhooks,
        example={"webhooks": [examples.WEBHOOK]},
    ),
    Route(
        method="POST",
        path="/v1/webhooks",
        scope="admin",
        summary="Create a webhook",
        description="Events are sent to `url` from now on, after the Standard Webhooks specification, each at least "
        "once. The answer has the secret with which a receiver verifies them.",
        handler=create_webhook,
        status=201,
        answer=WebhookMade,
        body=NewWebhook,
        sent=examples.NEW_WEBHOOK,
        ignored=READ_ONLY,
        problems=(400, 402),
        example={**examples.WEBHOOK, "secret": examples.WEBHOOK_SECRET},
        creates=True,
        remembered=False,
    ),
    Route(
        method="GET",
        path="/v1/webhooks/{id}",
        scope="read",
        summary="Read a webhook",
        description="The endpoint, and how much waits for it.",
        handler=read_webhook,
        status=200,
        answer=Webhook,
        parameters=(ID,),
        problems=(404,),
        example=examples.WEBHOOK,
    ),
    Route(
        method="PATCH",
        path="/v1/webhooks/{id}",
        scope="admin",
        summary="Edit a webhook",
        description="Send only what changes. What waits for it is delivered to the new `url`. A `paused` one is told "
        "nothing of codes meanwhile; scans are delivered once it is `active` again.",
        handler=edit_webhook,
        status=200,
        answer=Webhook,
        body=WebhookEdit,
        sent={"label": "Shop"},
        ignored=READ_ONLY,
        parameters=(ID,),
        problems=(400, 404),
        example={**examples.WEBHOOK, "label": "Shop"},
    ),
    Route(
        method="DELETE",
        path="/v1/webhooks/{id}",
        scope="admin",
        summary="Delete a webhook",
        description="What waits for it is not delivered.",
        handler=delete_webhook,
        status=200,
        answer=Deleted,
        parameters=(ID,),
        problems=(404,),
        example=examples.DELETED,
    ),
    Route(
        method="GET",
        path="/v1/webhooks/{id}/secret",
        scope="admin",
        summary="Read a webhook's secret",
        description="It is not stored but derived, so it can be read again.",
        handler=read_secret,
        status=200,
        answer=Secret,
        parameters=(ID,),
        problems=(404, 409),
        example={"secret": examples.WEBHOOK_SECRET, "former_until": None},
    ),
    Route(
        method="POST",
        path="/v1/webhooks/{id}/secret",
        scope="admin",
        summary="Rotate a webhook's secret",
        description="For `overlap_s` seconds deliveries have a signature of each, so the receiver has time to change.",
        handler=rotate_secret,
        status=200,
        answer=Secret,
        body=Rotation,
        sent={"overlap_s": 3600},
        parameters=(ID,),
        problems=(400, 404, 409),
        example={"secret": examples.WEBHOOK_SECRET, "former_until": "2026-05-21T16:00:00.250Z"},
    ),
)
