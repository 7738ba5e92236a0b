"""What the API works with. Everything that lives outside a request is handed in here."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime

import msgspec
from opentelemetry.trace import Tracer
from prometheus_client import CollectorRegistry

from analytics.query_pool import QueryPool
from api.logos import Logos
from api.middleware.limits import Limits
from api.rate_limits import RateLimits
from api.wrong_keys import WrongKeys
from codes.domains import Domains
from codes.files import Files
from codes.resolver import Resolver
from codes.service import Codes

# Answers what is missing, in a few words, or None when it can do its work.
Ready = Callable[[], Awaitable[str | None]]


def utc_now() -> datetime:
    return datetime.now(UTC)


class ApiSettings(msgspec.Struct, frozen=True):
    # The bases of short links and of this API, without a slash at the end.
    short_url: str = "http://localhost:8001"
    api_url: str = "http://localhost:8000"
    limits: Limits = Limits()
    # A folder with fonts for captions in scripts that ours has not.
    fonts: str = ""
    # Pages of these may call the API in a browser; "*" is any.
    cors_origins: frozenset[str] = frozenset()


class ApiContext(msgspec.Struct, frozen=True):
    """`readiness` names the parts that requests need, each with how to ask it; `registry` is what the
    status port shows at /metrics, so that whoever shares the process can add to it."""

    codes: Codes
    domains: Domains
    files: Files
    questions: QueryPool
    settings: ApiSettings = ApiSettings()
    logos: Logos = msgspec.field(default_factory=lambda: Logos(own_hosts=(), resolver=Resolver()))
    rates: RateLimits = msgspec.field(default_factory=RateLimits)
    wrong_keys: WrongKeys = msgspec.field(default_factory=WrongKeys)
    now: Callable[[], datetime] = utc_now
    readiness: Mapping[str, Ready] = {}
    registry: CollectorRegistry = msgspec.field(default_factory=CollectorRegistry)
    # None: requests are not traced.
    tracer: Tracer | None = None
