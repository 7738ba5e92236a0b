"""Queue the answers of saved questions: at their hour (`report`), and when a total crosses a value (`threshold`).

What was told last stands in the endpoint's state and moves in the step in which the message is queued, so a report is
told once for each period, and a crossing once. Questions are asked one after another, in the turns of their workspace.
"""

import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from analytics.query.refusal import Refused
from analytics.types import Unavailable
from codes import reports
from codes.redis_client import command, raises_unavailable
from infra import schedule
from infra.fair_queue import TooMany
from infra.schedule import Schedule
from schemas import keys
from schemas.code import Report
from schemas.event import KINDS
from schemas.scan_record import moment
from schemas.webhook import Endpoint, ReportSchedule, Threshold
from webhooks import payloads
from webhooks.deliveries import Message
from webhooks.report_text import AnswerRow, slack, table
from webhooks.worker import Parts

_log = logging.getLogger("waymark.webhooks")

# How often thresholds are looked at, and schedules.
EVERY_MS = 60_000
POLL_S = 5.0
# How long a report waits until all scans before its hour are stored.
PATIENCE_MS = 3_600_000
# Rows of a report.
MAX_ROWS = 1_000
# In the state of an endpoint: why a question could not be answered lately.
PROBLEM = "problem"


class Answered(msgspec.Struct, frozen=True):
    """`shown` is the answer as the API gives it; scans before `complete_until_ms` are in it, None if that is not
    known."""

    shown: Any
    dimensions: Sequence[str]
    metrics: Sequence[str]
    rows: Sequence[AnswerRow]
    complete_until_ms: int | None


# The answer to a question of a workspace. Raises Refused, Unavailable of codes and of analytics, and TooMany.
Ask = Callable[[int, dict[str, Any]], Awaitable[Answered]]


class ReportName(msgspec.Struct, frozen=True):
    id: str
    name: str


class ReportData(msgspec.Struct, frozen=True):
    """`period` names the day, week or month after which it is told. An `error` is told in place of an answer."""

    title: str
    text: str
    report: ReportName
    period: str
    answer: Any = None
    error: str | None = None


class ThresholdData(msgspec.Struct, frozen=True):
    title: str
    text: str
    report: ReportName
    metric: str
    value: int
    above: int | None
    below: int | None


class QuestionSource:
    def __init__(self, parts: Parts, ask: Ask) -> None:
        self._parts = parts
        self._ask = ask
        self._next_ms = 0

    async def step(self) -> float:
        """Raises LeaseLost, and Unavailable of Redis."""
        endpoints = [each for each in self._parts.directory.all() if not each.stopped]
        thresholds = self._parts.now_ms() >= self._next_ms
        if thresholds:
            self._next_ms = self._parts.now_ms() + EVERY_MS
        try:
            for endpoint in endpoints:
                if "report" in endpoint.events:
                    for one in endpoint.schedules:
                        await self._report(endpoint, one)
                if "threshold" in endpoint.events and thresholds:
                    for each in endpoint.thresholds:
                        await self._threshold(endpoint, each)
        except (Unavailable, TooMany):
            # The warehouse is away or busy: the next step asks again.
            self._next_ms = 0
        return POLL_S

    async def _report(self, endpoint: Endpoint, one: ReportSchedule) -> None:
        now_ms = self._parts.now_ms()
        when = Schedule(every=one.every, hour=one.hour, weekday=one.weekday, day=one.day, timezone=one.timezone)
        period = schedule.last_due(when, datetime.fromtimestamp(now_ms / 1000, UTC))
        field = f"report:{one.id}"
        told = await _field(self._parts, endpoint, field)
        if told == "":
            # From the first hour after its creation on.
            made_ms = max(endpoint.created_at_ms, endpoint.updated_at_ms)
            if schedule.due(when, period).timestamp() * 1000 <= made_ms:
                await self._advance(endpoint, field, "", period.name, [])
                return
        if told == period.name:
            return
        report = await reports.get(self._parts.redis, endpoint.workspace, one.report)
        if report is None:
            await self._advance(endpoint, field, told, period.name, [])
            await _note(self._parts, endpoint, f"there is no report {one.report} any more")
            return
        due_ms = schedule.due(when, period).timestamp() * 1000
        named = ReportName(report.id, report.name)
        title = f"{report.name}: {period.name}"
        try:
            answered = await self._ask(endpoint.workspace, _of_report(report))
        except Refused as refused:
            data = ReportData(title, str(refused), named, period.name, error=str(refused))
        else:
            until_ms = answered.complete_until_ms
            if until_ms is not None and until_ms < due_ms and now_ms < due_ms + PATIENCE_MS:
                return
            text = table(answered.dimensions, answered.metrics, answered.rows)
            data = ReportData(title, text, named, period.name, answered.shown)
        id = self._parts.signing.id("report", endpoint.id, one.id, period.name)
        await self._advance(endpoint, field, told, period.name, [self._message(endpoint, id, "report", data)])

    async def _threshold(self, endpoint: Endpoint, one: Threshold) -> None:
        report = await reports.get(self._parts.redis, endpoint.workspace, one.report)
        if report is None:
            await _note(self._parts, endpoint, f"there is no report {one.report} any more")
            return
        try:
            answered = await self._ask(endpoint.workspace, _of_total(report, one.metric))
        except Refused as refused:
            await _note(self._parts, endpoint, f"{report.name}: {refused}"[:500])
            return
        value = int(answered.rows[0].metrics[0]) if answered.rows else 0
        reached = value >= one.above if one.above is not None else one.below is not None and value < one.below
        field = f"threshold:{one.id}"
        told = await _field(self._parts, endpoint, field)
        if reached == (told == "reached"):
            return
        messages: list[Message] = []
        if reached:
            what = f"at {one.above:,} or more" if one.above is not None else f"below {one.below or 0:,}"
            title = f"{report.name}: {one.metric} are {what}"
            text = f"{value:,} {one.metric} as of {moment(self._parts.now_ms())}"
            named = ReportName(report.id, report.name)
            data = ThresholdData(title, text, named, one.metric, value, one.above, one.below)
            id = self._parts.signing.id("threshold", endpoint.id, one.id, self._parts.now_ms())
            messages.append(self._message(endpoint, id, "threshold", data))
        await self._advance(endpoint, field, told, "reached" if reached else "not", messages)

    def _message(self, endpoint: Endpoint, id: str, type: Any, data: ReportData | ThresholdData) -> Message:
        if endpoint.format == "slack":
            return Message(id, type, slack(data.title, data.text))
        return payloads.message(id, type, self._parts.now_ms(), data)

    async def _advance(
        self, endpoint: Endpoint, field: str, before: str, after: str, messages: Sequence[Message]
    ) -> None:
        plan = await self._parts.directory.plan(endpoint.workspace)
        now_ms = self._parts.now_ms()
        await self._parts.queue.advance(endpoint.id, field, before, after, messages, plan, now_ms)


def _of_report(report: Report) -> dict[str, Any]:
    """The question of a report, with no more rows than a message holds."""
    pagination = dict(report.query.get("pagination") or {})
    pagination["limit"] = min(pagination.get("limit") or MAX_ROWS, MAX_ROWS)
    return {**report.query, "pagination": pagination}


def _of_total(report: Report, metric: str) -> dict[str, Any]:
    """The total of a report's question, whatever it is broken down by."""
    kept = ("date_range", "timezone", "filters", "kinds")
    total = {name: report.query[name] for name in kept if name in report.query} | {"metrics": [metric]}
    if "kinds" not in total and "scan:kind" in report.query.get("dimensions", ()):
        total["kinds"] = list(KINDS)
    return total


@raises_unavailable
async def _field(parts: Parts, endpoint: Endpoint, field: str) -> str:
    raw = await command(parts.redis, "HGET", keys.webhook(endpoint.id, "state"), field)
    return raw.decode() if raw else ""


@raises_unavailable
async def _note(parts: Parts, endpoint: Endpoint, problem: str) -> None:
    await command(parts.redis, "HSET", keys.webhook(endpoint.id, "state"), PROBLEM, problem)
