"""Build what delivers webhooks from the settings, in each process that serves the API."""

from typing import Any

from api import questions
from api.context import ApiContext
from api.dialects.openqr.query import to_wire
from api.dialects.openqr.schemas import DynamicCode
from api.dialects.openqr.to_wire import dynamic_code
from codes.resolver import Resolver
from infra import fair_queue
from schemas.code import Code
from waymark.settings import Settings
from waymark.wiring import room_settings
from webhooks.mail import Mailer, mail_server
from webhooks.questions import Answered, QuestionSource
from webhooks.receivers import Receivers, networks
from webhooks.report_text import AnswerRow
from webhooks.scan_source import ScanSource
from webhooks.worker import Worker


def receivers_of(settings: Settings) -> Receivers:
    return Receivers(
        own_hosts=room_settings.every_host(settings),
        resolver=Resolver(),
        allowed=networks(settings.webhook_networks or ""),
        plain_http=settings.webhook_http,
    )


def mailer_of(settings: Settings) -> Mailer:
    if settings.smtp_url is None:
        return Mailer()
    return Mailer(mail_server(settings.smtp_url, settings.mail_from or ""))


def worker_of(settings: Settings, context: ApiContext) -> Worker:
    def show_code(code: Code) -> DynamicCode:
        return dynamic_code(code, context.settings.short_url)

    async def ask(workspace: int, question: dict[str, Any]) -> Answered:
        # In the turns of that workspace, with its own questions.
        turn = fair_queue.owner.set(fair_queue.Owner(workspace=workspace, key="webhooks"))
        try:
            asked = await questions.ask(context, workspace, question)
        finally:
            fair_queue.owner.reset(turn)
        shown = to_wire(asked, context.settings.short_url)
        until = asked.complete_until
        return Answered(
            shown=shown,
            dimensions=question.get("dimensions", ()),
            metrics=question["metrics"],
            rows=[AnswerRow(row.dimensions, row.metrics) for row in shown.results],
            complete_until_ms=None if until is None else round(until.timestamp() * 1000),
        )

    return Worker(
        context.codes.redis,
        plans=context.codes.plans,
        receivers=context.receivers,
        mailer=context.mailer,
        show_code=show_code,
        own_key=settings.webhook_key,
        short_host=room_settings.own_hosts(settings)[0],
        signals=context.signals,
        now_ms=context.now_ms,
        sources=[
            lambda parts: ScanSource(parts, context.questions, context.codes.attributes),
            lambda parts: QuestionSource(parts, ask),
        ],
    )
