"""Slow down the guessing of keys: unknown secrets are looked up at a limited rate for each address.

A secret that was looked up before, right or wrong, is no guess and is looked up at once. Any other takes a token of its
address (IPv6: of its /64), and gives it back if it is right. Without a token it waits; when too many wait it is refused
without a look (429). So an address learns about one secret a second, and a neighbour with a valid key is not held up.
"""

import asyncio
import math
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from starlette.requests import Request

from api.problems import Problem
from api.token_bucket import Buckets, Clock

BURST = 60
PER_S = 1.0
LONGEST_S = 5.0
KEEP = 10_000
_FORWARDED = 20

Networks = tuple[IPv4Network | IPv6Network, ...]


class WrongKeys:
    """`trusted` are proxies whose X-Forwarded-For counts. Belongs to one event loop."""

    def __init__(
        self,
        *,
        trusted: tuple[str, ...] = (),
        clock: Clock = time.monotonic,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._trusted = networks(trusted)
        self._clock = clock
        self._sleep = sleep
        self._buckets = Buckets(clock, keep=KEEP)
        # Apart, so that wrong secrets never evict right ones.
        self._seen: dict[bool, OrderedDict[str, None]] = {True: OrderedDict(), False: OrderedDict()}

    async def turn(self, request: Request, digest: str) -> None:
        """Call before a secret is looked up. Waits, or raises Problem (429)."""
        if any(digest in seen for seen in self._seen.values()):
            return
        bucket = self._buckets.of(address(request, self._trusted), PER_S, BURST)
        wait_s = bucket.take(self._clock())
        if wait_s > LONGEST_S:
            bucket.give_back()
            retry_s = math.ceil(wait_s)
            text = "too many wrong keys come from this address; try again shortly"
            raise Problem(429, "too_many_wrong_keys", text, None, {"Retry-After": str(retry_s)})
        if wait_s:
            await self._sleep(wait_s)

    def found(self, request: Request, digest: str, *, right: bool) -> None:
        """Call after a secret was looked up."""
        known = any(digest in seen for seen in self._seen.values())
        if right and not known:
            self._buckets.of(address(request, self._trusted), PER_S, BURST).give_back()
        self._seen[not right].pop(digest, None)
        seen = self._seen[right]
        seen[digest] = None
        seen.move_to_end(digest)
        if len(seen) > KEEP:
            seen.popitem(last=False)


def networks(texts: tuple[str, ...]) -> Networks:
    """Parse networks and addresses; skip names, which only redirectors know."""
    found = []
    for text in texts:
        try:
            found.append(ip_network(text, strict=False))
        except ValueError:
            continue
    return tuple(found)


def address(request: Request, trusted: Networks) -> str:
    """The address of the client: the last one that is not a trusted proxy; of IPv6 its /64."""
    at = request.client.host if request.client else ""
    forwarded = request.headers.get("x-forwarded-for", "").rsplit(",", _FORWARDED)[-_FORWARDED:] if trusted else []
    for earlier in [*reversed(forwarded), ""]:
        try:
            found = ip_address(at.strip())
        except ValueError:
            return at[:64]
        if isinstance(found, IPv6Address) and found.ipv4_mapped is not None:
            found = found.ipv4_mapped
        if not earlier.strip() or not any(found in network for network in trusted):
            break
        at = earlier
    if isinstance(found, IPv6Address):
        return str(ip_network((int(found) >> 64 << 64, 64)))
    return str(found)
