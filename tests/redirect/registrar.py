"""Domains and the codes on them, as redirectors are told of them."""

import json
import time
import uuid
from typing import Any

import msgspec
import redis

from schemas import keys
from schemas.branding import Branding
from schemas.domain import Domain
from schemas.route import Route
from tests.redirect.scanner import PUBLISH, Publisher

OURS = 3


class Registrar:
    """Keeps domains in Redis and tells of them, as `codes` does."""

    def __init__(self, redis_url: str) -> None:
        self.redis = redis.Redis.from_url(redis_url)
        self.publisher = Publisher(redis_url)
        self.version = int(time.time() * 1000)

    def close(self) -> None:
        self.publisher.close()
        self.redis.close()

    def write(self, name: str, workspace: int = OURS, **more: Any) -> Domain:
        """Without a word to anyone."""
        fields = {"id": str(uuid.uuid4()), "number": 1, "token": "t", "created_at_ms": 1, "verified_at_ms": 2}
        domain = Domain(**{**fields, "workspace": workspace, "name": name, **more})
        self.redis.hset(keys.DOMAINS, domain.id, msgspec.json.encode(domain))
        self._next()
        return domain

    def _next(self) -> None:
        self.version += 1
        self.redis.set(keys.DOMAINS_VERSION, self.version)

    def tell(self) -> float:
        """Returns when all redirectors have acknowledged (a busy machine's take long); with the seconds that took."""
        began, names, nonce = time.monotonic(), self.publisher.names(), uuid.uuid4().hex
        route = {"version": self.version, "birth": 0, "workspace": 0, "gone": True}
        change = json.dumps({"key": keys.DOMAINS, "route": route, "nonce": nonce})
        self.publisher._do("EVAL", PUBLISH, 0, keys.CHANGES, keys.ROUTES, change)
        acks = keys.ack(nonce)
        while names - set(self.redis.lrange(acks, 0, -1)) and time.monotonic() < began + 5:
            time.sleep(0.002)
        return time.monotonic() - began

    def add(self, name: str, workspace: int = OURS, **more: Any) -> Domain:
        domain = self.write(name, workspace, **more)
        self.tell()
        return domain

    def brand(self, workspace: int, **fields: Any) -> None:
        self.redis.hset(keys.BRANDINGS, str(workspace), msgspec.json.encode(Branding(**fields)))
        self.tell_next()

    def unbrand(self, workspace: int) -> None:
        self.redis.hdel(keys.BRANDINGS, str(workspace))
        self.tell_next()

    def tell_next(self) -> None:
        self._next()
        self.tell()

    def drop(self, domain: Domain) -> None:
        self.redis.hdel(keys.DOMAINS, domain.id)
        self._next()
        self.tell()

    def code(self, host: str, slug: str, number: int, workspace: int = OURS, **more: Any) -> None:
        """A code that leads to its own number."""
        self.publisher.version += 1
        fields = {"version": self.publisher.version, "birth": number, "workspace": workspace}
        route = Route(**{**fields, "destination": f"https://example.com/{number}", **more})
        self.redis.set(keys.route(keys.link_key(host, slug)), msgspec.json.encode(route))
