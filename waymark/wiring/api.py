"""Build the API app from the settings, in whichever process serves it."""

import atexit
from collections.abc import Callable, Mapping

from opentelemetry.trace import Tracer
from prometheus_client import CollectorRegistry
from redis.asyncio import Redis
from starlette.applications import Starlette

from analytics.query_pool import QueryPool
from api.app import create_app
from api.context import ApiContext, ApiSettings, Ready
from api.exports import Exports
from api.health import engine_checks
from api.logos import Logos
from api.middleware.cors import parse_origins
from api.qr_images import QrImages
from api.wrong_keys import WrongKeys
from codes.plans import known
from codes.resolver import Resolver
from codes.service import Codes
from codes.work_signals import WorkSignals
from schemas.complete_until import CompleteUntil
from schemas.proof import Proof
from waymark.settings import Settings
from waymark.wiring import room_settings, webhooks


def api_app(
    settings: Settings,
    redis: Redis,
    questions: QueryPool,
    exports: Exports,
    registry: CollectorRegistry,
    more_readiness: Mapping[str, Ready],
    completeness: Callable[[], CompleteUntil],
    proof: Callable[[], Proof | None],
    tracer: Tracer | None = None,
) -> Starlette:
    domains = room_settings.domains(settings, redis)
    files = room_settings.files(settings, redis)
    codes = Codes(
        redis,
        own_hosts=room_settings.own_hosts(settings),
        usable=domains.is_usable,
        is_short=domains.is_short,
        plans=known(settings.plans),
    )
    logos = Logos(own_hosts=room_settings.every_host(settings), resolver=Resolver(), files=files)
    images = QrImages(logos, fonts=str(settings.fonts.resolve()) if settings.fonts else "")
    atexit.register(images.close)
    return create_app(
        ApiContext(
            codes=codes,
            replication=room_settings.replication(settings, redis),
            domains=domains,
            files=files,
            images=images,
            questions=questions,
            exports=exports,
            signals=WorkSignals(redis),
            export_target=room_settings.export_target(settings),
            wrong_keys=WrongKeys(trusted=room_settings.trusted_proxies(settings)),
            settings=ApiSettings(
                short_url=settings.short_base,
                api_url=settings.api_base,
                cors_origins=parse_origins(settings.cors_origins or ""),
                webhook_key=settings.webhook_key,
                streams=settings.streams,
            ),
            receivers=webhooks.receivers_of(settings),
            mailer=webhooks.mailer_of(settings),
            completeness=completeness,
            proof=proof,
            readiness={**engine_checks(codes, questions, settings.redis_fsync), **more_readiness},
            registry=registry,
            tracer=tracer,
        )
    )
