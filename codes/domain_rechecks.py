"""Verified domains are checked again: a domain whose proof is gone for longer than its grace is served no more.

A name changes hands; its new owner has the DNS, and so the proof. A proof is gone when the DNS answers and the TXT
record does not hold the domain's token; a silent or broken name server proves nothing. Runs in every process that
serves the API: the one that claims a check in Redis first does it.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress

from codes.domains import Domains
from codes.errors import Missing, Unavailable
from codes.redis_client import Script, command, raises_unavailable
from schemas import keys
from schemas.domain import Domain, decode_domain

_log = logging.getLogger("waymark.domains")

DAY_MS = 24 * 3600 * 1000
# A domain that was not proven is checked this much more often, so that it recovers soon.
OFTENER = 8
# How often to look for checks that are due.
EVERY_S = 300.0

# ARGV: id, now, how old the last check must be. A domain that was never checked is due.
_CLAIM = Script("""
local last = redis.call('ZSCORE', KEYS[1], ARGV[1])
if last and tonumber(last) > ARGV[2] - ARGV[3] then return 0 end
redis.call('ZADD', KEYS[1], ARGV[2], ARGV[1])
return 1
""")


class DomainRechecks:
    """`every_ms` 0: never."""

    def __init__(self, domains: Domains, *, every_ms: int = DAY_MS) -> None:
        self._domains = domains
        self._every_ms = every_ms
        # Verified domains that are in their grace, as of the last round.
        self._unproven = 0

    def metrics(self) -> Mapping[str, float]:
        return {"waymark_domains_unproven": self._unproven}

    async def run(self, stop: asyncio.Event, *, every_s: float = EVERY_S) -> None:
        """Check until `stop`. Retries when Redis is away."""
        while self._every_ms and not stop.is_set():
            with suppress(Unavailable):
                await self.round()
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), every_s)

    @raises_unavailable
    async def round(self) -> Counter[str]:
        """Check each domain that is due, one after another; return the count of each result. Raises Unavailable."""
        redis = self._domains.redis
        known = [decode_domain(raw) for raw in await command(redis, "HVALS", keys.DOMAINS)]
        verified = [domain for domain in known if domain.verified_at_ms is not None]
        self._unproven = sum(domain.unproven_since_ms is not None for domain in verified)
        found: Counter[str] = Counter()
        for domain in verified:
            age_ms = self._every_ms // (OFTENER if domain.unproven_since_ms is not None else 1)
            if await _CLAIM.run(redis, [keys.DOMAINS_LOOKED_AT], domain.id, self._domains.now_ms(), age_ms):
                with suppress(Missing):
                    found[await self._check(domain)] += 1
        gone = {name.decode() for name in await command(redis, "ZRANGE", keys.DOMAINS_LOOKED_AT, 0, -1)}
        if gone := gone - {domain.id for domain in verified}:
            await command(redis, "ZREM", keys.DOMAINS_LOOKED_AT, *gone)
        return found

    async def _check(self, domain: Domain) -> str:
        before, after, checks = await self._domains.recheck(domain)
        served_until_ms = self._domains.served_until_ms(after)
        if after.verified_at_ms is None:
            _log.warning("the domain %s is served no more: its proof was not there for too long", after.name)
            return "lapsed"
        if before.unproven_since_ms is None and served_until_ms is not None:
            self._unproven += 1
            _log.warning(
                "the proof of the domain %s is gone (%s): it is served for another %d hours",
                *(after.name, checks.txt.problem or "another record", self._domains.grace_ms // 3_600_000),
            )
            return "unproven"
        if before.unproven_since_ms is not None and served_until_ms is None:
            self._unproven -= 1
            _log.info("the domain %s is proven again", after.name)
        if not checks.txt.answered:
            return "unknown"
        return "proven" if checks.txt.ok else "unproven"
