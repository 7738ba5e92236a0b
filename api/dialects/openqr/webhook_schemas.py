"""Webhooks of `/v1` on the wire."""

from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

import msgspec
from msgspec import UNSET, Meta, UnsetType

from schemas.event import Kind
from schemas.scan_record import moment
from schemas.webhook import Endpoint, EventType, Format, Metric, ReportSchedule, Threshold
from webhooks import endpoints
from webhooks.deliveries import State
from webhooks.endpoints import MAX_BATCH, MAX_LABEL, MAX_QUESTIONS, MAX_WAIT_S
from webhooks.signing import MAX_OVERLAP_S, OVERLAP_S

MAX_ID = 100
DATE_TIME = {"format": "date-time"}
_URL = Meta(
    description="Where events are POSTed to: a public https address. A key that is not `admin` reads its path as `…`.",
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
_ANY = Annotated[Any, Meta(description="An operator and what it takes.")]
_FILTER = Annotated[list[_ANY], Meta(description='As in `/v1/query`: `["is", "code:tag", ["poster"]]`.')]
_FILTERS = Meta(
    description="Which codes it is told of, and of whose scans: filters on `code` and `code:…` that all hold. A code "
    "may be named by its slug, and reads as its id."
)
_KINDS = Meta(description="Which scans it is told of.", extra_json_schema={"minItems": 1})
_FORMAT = Meta(description="`slack`: as an incoming webhook of Slack takes it; for `report` and `threshold` alone.")
_REPORT = Meta(description="The report (`/v1/reports`).", extra_json_schema={"format": "uuid"})
_THRESHOLDS = Meta(
    description="What `threshold` tells of. Writing replaces all; one with the id of an existing one goes on with it.",
    extra_json_schema={"maxItems": MAX_QUESTIONS},
)
_SCHEDULES = Meta(
    description="When `report` tells what. Writing replaces all; one with the id of an existing one goes on with it.",
    extra_json_schema={"maxItems": MAX_QUESTIONS},
)
Every = Literal["day", "week", "month"]
Shown = Literal["active", "paused", "gone", "failing"]


class WebhookThreshold(msgspec.Struct, frozen=True):
    """Told once when the total of a report gets there; again after it was not there in between."""

    report_id: Annotated[str, _REPORT]
    metric: Metric
    above: Annotated[int | None, Meta(description="The total is this or more.", extra_json_schema={"minimum": 1})]
    below: Annotated[int | None, Meta(description="The total is less than this.", extra_json_schema={"minimum": 1})]
    id: str


class NewThreshold(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Either `above` or `below`."""

    report_id: Annotated[str, _REPORT]
    metric: Metric = "scans"
    above: Annotated[int | None, Meta(extra_json_schema={"minimum": 1})] = None
    below: Annotated[int | None, Meta(extra_json_schema={"minimum": 1})] = None
    id: str | None = None


class WebhookSchedule(msgspec.Struct, frozen=True):
    """When the answer of a report is told."""

    report_id: Annotated[str, _REPORT]
    every: Every
    hour: int
    weekday: Annotated[int, Meta(description="Of a weekly one; 1 is Monday.")]
    day: Annotated[int, Meta(description="Of a monthly one.")]
    timezone: str
    id: str


class NewSchedule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    report_id: Annotated[str, _REPORT]
    every: Every
    hour: Annotated[int, Meta(extra_json_schema={"minimum": 0, "maximum": 23})] = 8
    weekday: Annotated[int, Meta(extra_json_schema={"minimum": 1, "maximum": 7})] = 1
    day: Annotated[int, Meta(extra_json_schema={"minimum": 1, "maximum": 28})] = 1
    timezone: str = "UTC"
    id: str | None = None


class Webhook(msgspec.Struct, frozen=True):
    id: Annotated[str, Meta(extra_json_schema={"format": "uuid"})]
    url: Annotated[str, _URL]
    label: Annotated[str, _LABEL]
    events: Annotated[list[EventType], _EVENTS]
    status: Annotated[Shown, _STATUS]
    batch_size: Annotated[int, _SIZE]
    batch_wait_s: Annotated[int, _WAIT]
    filters: Annotated[list[_FILTER], _FILTERS]
    kinds: Annotated[list[Kind], _KINDS]
    format: Annotated[Format, _FORMAT]
    thresholds: Annotated[list[WebhookThreshold], _THRESHOLDS]
    schedules: Annotated[list[WebhookSchedule], _SCHEDULES]
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
    scans_missed_at: Annotated[
        str | None,
        Meta(
            description="When scans were left out, because deliveries were stopped for more than a week.",
            extra_json_schema=DATE_TIME,
        ),
    ]
    problem: Annotated[str | None, Meta(description="Why one of its reports could not be asked lately.")]


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
    filters: Annotated[list[_FILTER], _FILTERS] | UnsetType = UNSET
    kinds: Annotated[list[Kind], _KINDS] | UnsetType = UNSET
    format: Annotated[Format, _FORMAT] | UnsetType = UNSET
    thresholds: Annotated[list[NewThreshold], _THRESHOLDS] | UnsetType = UNSET
    schedules: Annotated[list[NewSchedule], _SCHEDULES] | UnsetType = UNSET


class WebhookEdit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    url: Annotated[str, _URL] | UnsetType = UNSET
    events: Annotated[list[EventType], _EVENTS] | UnsetType = UNSET
    label: Annotated[str, _LABEL] | UnsetType = UNSET
    status: Literal["active", "paused"] | UnsetType = UNSET
    batch_size: Annotated[int, _SIZE] | UnsetType = UNSET
    batch_wait_s: Annotated[int, _WAIT] | UnsetType = UNSET
    filters: Annotated[list[_FILTER], _FILTERS] | UnsetType = UNSET
    kinds: Annotated[list[Kind], _KINDS] | UnsetType = UNSET
    format: Annotated[Format, _FORMAT] | UnsetType = UNSET
    thresholds: Annotated[list[NewThreshold], _THRESHOLDS] | UnsetType = UNSET
    schedules: Annotated[list[NewSchedule], _SCHEDULES] | UnsetType = UNSET


class Rotation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    overlap_s: Annotated[
        int,
        Meta(
            description="For how many seconds the secret before it signs, too.",
            extra_json_schema={"minimum": 0, "maximum": MAX_OVERLAP_S},
        ),
    ] = OVERLAP_S


def moment_or_none(at_ms: int | None) -> str | None:
    return None if at_ms is None else moment(at_ms)


def address_alone(url: str) -> str:
    """Where a receiver is, without its path, which may be a secret."""
    parts = urlsplit(url)
    if not parts.netloc:
        # (An e-mail address.)
        return url
    return f"{parts.scheme}://{parts.netloc}/…" if parts.path.strip("/") or parts.query else url


def to_wire(endpoint: Endpoint, state: State) -> dict[str, Any]:
    return {
        "id": endpoint.id,
        "url": endpoint.url,
        "label": endpoint.label,
        "events": list(endpoint.events),
        "status": endpoint.stopped or "active",
        "batch_size": endpoint.batch_size,
        "batch_wait_s": endpoint.batch_wait_s,
        "filters": list(endpoint.filters),
        "kinds": list(endpoint.kinds),
        "format": endpoint.format,
        "thresholds": [
            WebhookThreshold(one.report, one.metric, one.above, one.below, one.id) for one in endpoint.thresholds
        ],
        "schedules": [
            WebhookSchedule(one.report, one.every, one.hour, one.weekday, one.day, one.timezone, one.id)
            for one in endpoint.schedules
        ],
        "created_at": moment(endpoint.created_at_ms),
        "updated_at": moment(endpoint.updated_at_ms),
        "stopped_at": moment_or_none(endpoint.stopped_at_ms),
        "failing_since": moment_or_none(state.failing_since_ms),
        "pending": state.pending,
        "dead": state.dead,
        "dropped": state.dropped,
        "scans_missed_at": moment_or_none(state.missed_ms),
        "problem": state.problem or None,
    }


def fields_of(sent: NewWebhook | WebhookEdit) -> dict[str, Any]:
    given = {name: getattr(sent, name) for name in sent.__struct_fields__ if getattr(sent, name) is not UNSET}
    if "status" in given:
        given["stopped"] = {"active": "", "paused": "paused"}[given.pop("status")]
    if "thresholds" in given:
        given["thresholds"] = tuple(
            Threshold(id=_id(one.id), report=one.report_id, metric=one.metric, above=one.above, below=one.below)
            for one in given["thresholds"]
        )
    if "schedules" in given:
        given["schedules"] = tuple(
            ReportSchedule(
                id=_id(one.id),
                report=one.report_id,
                every=one.every,
                hour=one.hour,
                weekday=one.weekday,
                day=one.day,
                timezone=one.timezone,
            )
            for one in given["schedules"]
        )
    if "kinds" in given:
        given["kinds"] = tuple(given["kinds"])
    return given


def _id(given: str | None) -> str:
    return given[:MAX_ID] if given else endpoints.random_id()
