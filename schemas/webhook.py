"""An endpoint of webhooks as it is kept in Redis and exported."""

from typing import Any, Literal

import msgspec

EventType = Literal[
    "scan",
    "code.created",
    "code.updated",
    "code.deleted",
    "code.limited",
    "code.expired",
    "threshold",
    "report",
]
Metric = Literal["scans", "visitors"]
Format = Literal["json", "slack"]
# Why deliveries have stopped: its owner's wish, a receiver that answered 410, or one that failed for days.
Stopped = Literal["", "paused", "gone", "failing"]


class SecretVersion(msgspec.Struct, frozen=True, omit_defaults=True):
    """Which secret, not the secret: it is derived from the endpoint, this number and the key of this name
    (`webhooks.signing`). Valid until `until_ms`, where one follows it."""

    number: int
    key: str
    until_ms: int | None = None


class Threshold(msgspec.Struct, frozen=True, omit_defaults=True):
    """Told when the total of a report gets to `above`, or falls to `below`."""

    id: str
    report: str
    metric: Metric = "scans"
    above: int | None = None
    below: int | None = None


class ReportSchedule(msgspec.Struct, frozen=True, omit_defaults=True):
    """When the answer of a report is told: as `infra.schedule.Schedule` means it."""

    id: str
    report: str
    every: Literal["day", "week", "month"]
    hour: int = 8
    weekday: int = 1
    day: int = 1
    timezone: str = "UTC"


class Endpoint(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where events of a workspace are sent. `filters` is in the grammar of questions (analytics.query)."""

    id: str
    workspace: int
    url: str
    events: tuple[EventType, ...]
    secrets: tuple[SecretVersion, ...]
    created_at_ms: int
    updated_at_ms: int
    created_by: str = ""
    label: str = ""
    stopped: Stopped = ""
    stopped_at_ms: int | None = None
    format: Format = "json"
    filters: tuple[Any, ...] = ()
    kinds: tuple[str, ...] = ("human",)
    batch_size: int = 100
    batch_wait_s: int = 1
    thresholds: tuple[Threshold, ...] = ()
    schedules: tuple[ReportSchedule, ...] = ()
