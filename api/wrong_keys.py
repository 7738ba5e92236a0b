"""Keys that nobody has seen yet are looked up slowly, where many of them come from one address.

A secret that has been looked up before, right or wrong, is looked up at once: it is no guess. Any other takes a token
of its address (IPv6: of its /64), which it has back if it is right. Without a token it waits for one; where too many
wait it is refused without a look (429). So an address learns of one secret a second, and whoever has a key that works
is not held up by a neighbour who has none.
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
        # Apart, so that no number of wrong ones drives a right one out.
        self._seen: dict[bool, OrderedDict[str, None]] = {True: OrderedDict(), False: OrderedDict()}

    async def turn(self, request: Request, digest: str) -> None:
        """Before a secret is looked up. Raises Problem (429)."""
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
        """After it was."""
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
    """Those that are networks or addresses; a name stands for what only redirectors know."""
    found = []
    for text in texts:
        try:
            found.append(ip_network(text, strict=False))
        except ValueError:
            continue
    return tuple(found)


def address(request: Request, trusted: Networks) -> str:
    """Whose call this is: the last address on its way that is not one of our proxies; of IPv6 its /64."""
    at = request.client.host if request.client else ""
    way = request.headers.get("x-forwarded-for", "").rsplit(",", _FORWARDED)[-_FORWARDED:] if trusted else []
    for earlier in [*reversed(way), ""]:
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
