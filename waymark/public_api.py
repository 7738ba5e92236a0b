"""The API with everything it works with, in whichever process serves it."""

import asyncio
from collections.abc import Mapping

from fastapi import FastAPI
from opentelemetry.trace import Tracer
from prometheus_client import CollectorRegistry
from redis.asyncio import Redis

from analytics.pool import Questions
from api.app import create_app
from api.context import ApiContext, ApiSettings, Ready
from api.logos import Logos
from api.readiness import parts
from codes import plans
from codes.domains import Domains
from codes.errors import Unavailable
from codes.fields import NewCode
from codes.resolver import Resolver
from codes.store import Codes
from schemas.code import Code
from waymark import rooms
from waymark.settings import Settings


class LiftedCodes(Codes):
    """Makes no code before it is certain that its number was never used."""

    def __init__(self, redis: Redis, lifted: asyncio.Event, own_hosts: list[str], domains: Domains) -> None:
        super().__init__(redis, own_hosts=own_hosts, usable=domains.usable, is_short=domains.is_short)
        self._lifted = lifted

    async def create(self, workspace: int, new: NewCode) -> Code:
        if not self._lifted.is_set():
            raise Unavailable("the warehouse has not been asked yet which numbers are used")
        return await super().create(workspace, new)


def api_app(
    settings: Settings,
    redis: Redis,
    questions: Questions,
    lifted: asyncio.Event,
    registry: CollectorRegistry,
    more_readiness: Mapping[str, Ready],
    tracer: Tracer | None = None,
) -> FastAPI:
    async def numbers_ready() -> str | None:
        return None if lifted.is_set() else "the warehouse has not been asked yet which numbers are used"

    domains = rooms.domains(settings, redis)
    files = rooms.files(settings, redis)
    plans.use(settings.plans)
    codes = LiftedCodes(redis, lifted, rooms.own_hosts(settings), domains)
    return create_app(
        ApiContext(
            codes=codes,
            domains=domains,
            files=files,
            logos=Logos(own_hosts=rooms.every_host(settings), resolver=Resolver(), files=files),
            questions=questions,
            settings=ApiSettings(
                short_url=settings.short_base,
                api_url=settings.api_base,
                fonts=str(settings.fonts.resolve()) if settings.fonts else "",
            ),
            readiness={**parts(codes, questions, settings.redis_fsync), "numbers": numbers_ready, **more_readiness},
            registry=registry,
            tracer=tracer,
        )
    )
