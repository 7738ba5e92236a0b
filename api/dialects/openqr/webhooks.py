"""`/v1/webhooks`: endpoints, their secrets, and what was delivered to them."""

from typing import Any

from starlette.responses import Response

from api.dialect import Call, Route
from api.dialects.openqr import examples
from api.dialects.openqr.schemas import Deleted
from api.dialects.openqr.webhook_schemas import (
    NewWebhook,
    Rotation,
    Secret,
    Webhook,
    WebhookEdit,
    WebhookMade,
    Webhooks,
    address_alone,
    fields_of,
    moment_or_none,
    to_wire,
)
from api.parameters import Parameter
from api.parsing import convert, read_object
from api.problems import Problem, invalid, not_found
from api.responses import Json
from codes.code_attributes import CodeAttributes
from codes.code_table import TooManyCodes
from codes.errors import Missing
from schemas.webhook import Endpoint
from webhooks import code_filters, deliveries, scan_source, signing
from webhooks.endpoints import Endpoints
from webhooks.signing import SigningKeys, UnknownKey

# Ignored in what is sent: clients may send back what they have read.
READ_ONLY = frozenset(WebhookMade.__struct_fields__) - frozenset(NewWebhook.__struct_fields__)
ID = Parameter("id", "path", "The endpoint's id.", {"type": "string", "format": "uuid"})


def store(call: Call) -> Endpoints:
    context = call.context
    return Endpoints(
        context.codes.redis, context.receivers, context.mailer, plans=context.codes.plans, now_ms=context.now_ms
    )


async def keys_of(call: Call) -> SigningKeys:
    return await signing.signing_keys(call.context.codes.redis, call.context.settings.webhook_key)


async def _to_wire(call: Call, endpoint: Endpoint) -> dict[str, Any]:
    shown = to_wire(endpoint, await deliveries.state(call.context.codes.redis, endpoint.id))
    if call.key.scope != "admin":
        # With some receivers, whoever knows the address may send there.
        shown["url"] = address_alone(endpoint.url)
    return shown


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


async def _fields(call: Call, sent: NewWebhook | WebhookEdit) -> dict[str, Any]:
    fields = fields_of(sent)
    if fields.get("filters"):
        fields["filters"] = code_filters.checked(fields["filters"], await code_names(call))
    elif "filters" in fields:
        fields["filters"] = ()
    return fields


async def code_names(call: Call) -> CodeAttributes:
    """The codes of the caller's workspace by their slugs, and its folders. Raises Problem (400)."""
    try:
        return await call.context.codes.attributes(call.key.workspace)
    except TooManyCodes as error:
        raise invalid("filters", f"filters cannot be used in a workspace of so many codes ({error})") from None


async def list_webhooks(call: Call) -> Response:
    found = await store(call).list(call.key.workspace)
    return Json(Webhooks([Webhook(**await _to_wire(call, each)) for each in found]))


async def create_webhook(call: Call) -> Response:
    sent = convert(await read_object(call.request), NewWebhook, READ_ONLY)
    keys = await keys_of(call)
    fields, position = await _fields(call, sent), None
    if "scan" in sent.events:
        position = await scan_source.newest_position(call.context.questions, call.context.now_ms())
    made = await store(call).create(
        call.key.workspace, fields, keys, created_by=call.key.id, id=call.id(), position=position
    )
    return Json(WebhookMade(**await _to_wire(call, made), secret=_secret(keys, made)), 201)


async def read_webhook(call: Call) -> Response:
    return Json(Webhook(**await _to_wire(call, await find_webhook(call))))


async def edit_webhook(call: Call) -> Response:
    sent = convert(await read_object(call.request), WebhookEdit, READ_ONLY)
    try:
        edited = await store(call).edit(call.key.workspace, call.request.path_params["id"], await _fields(call, sent))
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
