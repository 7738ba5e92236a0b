"""/healthz, /readyz and /metrics of a service that serves nothing else: as the API answers them."""

from collections.abc import Mapping

from prometheus_client import CollectorRegistry
from starlette.applications import Starlette
from starlette.routing import Route

from api.context import Ready
from api.health import handlers


def status_app(registry: CollectorRegistry, readiness: Mapping[str, Ready]) -> Starlette:
    return Starlette(routes=[Route(path, handler) for path, handler in handlers(registry, readiness).items()])
