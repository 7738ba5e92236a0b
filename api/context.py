"""What the API works with: everything that outlives a request is handed in here."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime

import msgspec
from opentelemetry.trace import Tracer
from prometheus_client import CollectorRegistry

from analytics.query_pool import QueryPool
from api.exports import Exports
from api.logos import Logos
from api.middleware.limits import Limits
from api.qr_images import QrImages
from api.rate_limits import RateLimits
from api.stream.stream import Streams
from api.upload import upload_queue
from api.view_passwords import ViewPasswords
from api.wrong_keys import WrongKeys
from codes.domains import Domains
from codes.export_targets import ExportTarget
from codes.files import Files
from codes.replication import Replication
from codes.resolver import Resolver
from codes.service import Codes
from codes.work_signals import WorkSignals
from infra.fair_queue import FairQueue
from schemas.complete_until import UNKNOWN, CompleteUntil
from schemas.proof import Proof
from webhooks.mail import Mailer
from webhooks.receivers import Receivers

# A check of a part: what is wrong with it, in a few words, or None.
Ready = Callable[[], Awaitable[str | None]]


def utc_now() -> datetime:
    return datetime.now(UTC)


class ApiSettings(msgspec.Struct, frozen=True):
    # The bases of short links and of this API, without a slash at the end.
    short_url: str = "http://localhost:8001"
    api_url: str = "http://localhost:8000"
    limits: Limits = Limits()
    # Pages of these may call the API in a browser; "*" is any.
    cors_origins: frozenset[str] = frozenset()
    # From which the secrets of webhooks are derived; None: from one that Redis keeps.
    webhook_key: str | None = None
    # Open streams of this process at most.
    streams: int = 2000


class ApiContext(msgspec.Struct, frozen=True):
    """`readiness` has a check for each part that requests need; `registry` is shown at /metrics of the status port."""

    codes: Codes
    # Changes are acknowledged once its replicas have them.
    replication: Replication
    domains: Domains
    files: Files
    questions: QueryPool
    exports: Exports
    # Of work in the background; None: workers ask by themselves.
    signals: WorkSignals | None = None
    # None: this deployment writes no scheduled exports.
    export_target: ExportTarget | None = None
    settings: ApiSettings = ApiSettings()
    images: QrImages = msgspec.field(default_factory=lambda: QrImages(Logos(own_hosts=(), resolver=Resolver())))
    uploads: FairQueue = msgspec.field(default_factory=upload_queue)
    imports: FairQueue = msgspec.field(default_factory=lambda: FairQueue(2, own_at_once=1))
    rates: RateLimits = msgspec.field(default_factory=RateLimits)
    wrong_keys: WrongKeys = msgspec.field(default_factory=WrongKeys)
    view_passwords: ViewPasswords = msgspec.field(default_factory=ViewPasswords)
    receivers: Receivers = msgspec.field(default_factory=lambda: Receivers(own_hosts=(), resolver=Resolver()))
    mailer: Mailer = msgspec.field(default_factory=Mailer)
    streams: Streams = msgspec.field(default_factory=Streams)
    now: Callable[[], datetime] = utc_now
    # Until when every scan is stored, as an aggregator last found it. It costs nothing to ask.
    completeness: Callable[[], CompleteUntil] = lambda: UNKNOWN
    # What was found by the last round of the audit in the background; None before the first.
    proof: Callable[[], Proof | None] = lambda: None
    readiness: Mapping[str, Ready] = {}
    registry: CollectorRegistry = msgspec.field(default_factory=CollectorRegistry)
    # None: requests are not traced.
    tracer: Tracer | None = None

    def complete_until(self) -> datetime | None:
        """Every scan answered before this is stored, erased, or refused and counted. None: it is not known."""
        until = self.completeness().until_ms
        return None if until is None else datetime.fromtimestamp(until / 1000, UTC)

    def now_ms(self) -> int:
        return round(self.now().timestamp() * 1000)
