"""Bound a server's connections: in all, and from one address.

At a bound, the connection whose client has been silent for longest is closed for the new one, so a thousand idle
connections keep nobody out. If all are being answered, the new one is refused. The check runs once per connection, not
per request, so the order is that of the clock algorithm: the hand passes by connections that were busy since its last
round.
"""

import logging
from collections.abc import Callable
from itertools import islice
from typing import Protocol

from redirect.client_ip import Trusts, is_v4, packed

# How many of the oldest connections to examine for one that is idle.
LOOKED_AT = 64
# At a bound, log this often.
SAID_EVERY_S = 60.0
# Descriptors for other things than connections: the journal, Redis, files being sent, the warehouse.
RESERVED = 128

log = logging.getLogger(__name__)


class Limited(Protocol):
    """A connection that can be counted. `began`: the start of its newest request, or of the connection."""

    @property
    def began(self) -> float: ...

    def waits(self) -> bool:
        """Whether the client has to speak next."""
        ...

    def evict(self) -> None:
        """Close it to make room for another one."""
        ...


def within_descriptors(most: int, descriptors: int) -> int:
    """`most`, or fewer if the process has too few descriptors."""
    return max(min(most, descriptors - max(RESERVED, descriptors // 4)), 1)


class ConnectionLimits:
    """The connections of one server. Peers that `trusts` accepts are proxies: they speak for many clients, so only the
    bound in all applies to them."""

    def __init__(self, most: int, most_of_address: int, trusts: Trusts, elapsed: Callable[[], float]) -> None:
        self._most = most
        self._most_of_address = most_of_address
        self._trusts = trusts
        self._elapsed = elapsed
        # The connection examined longest ago comes first; the value is its `began` at that time.
        self._all: dict[Limited, float] = {}
        self._by_address: dict[bytes, dict[Limited, float]] = {}
        self._address_of: dict[Limited, bytes] = {}
        self._said_at = -SAID_EVERY_S

    def __len__(self) -> int:
        return len(self._all)

    def admit(self, connection: Limited, peer: str | None) -> bool:
        """Whether the connection may stay; if so, call `forget` when it ends. A connection without a peer comes from
        this machine."""
        address = _block(peer)
        if address is not None:
            own = self._by_address.get(address)
            if own is not None and len(own) >= self._most_of_address and not self._trusts(packed(peer or "") or b""):
                self._say("one address has", len(own))
                if not self._evict_idle(own):
                    return False
        if len(self._all) >= self._most:
            self._say("there are", len(self._all))
            if not self._evict_idle(self._all):
                return False
        self._all[connection] = connection.began
        if address is not None:
            self._by_address.setdefault(address, {})[connection] = connection.began
            self._address_of[connection] = address
        return True

    def forget(self, connection: Limited) -> None:
        self._all.pop(connection, None)
        address = self._address_of.pop(connection, None)
        if address is not None:
            own = self._by_address[address]
            del own[connection]
            if not own:
                del self._by_address[address]

    def _evict_idle(self, connections: dict[Limited, float]) -> bool:
        victim: Limited | None = None
        for one in list(islice(connections, LOOKED_AT)):
            if not (waits := one.waits()) or one.began != connections[one]:
                del connections[one]
                connections[one] = one.began
                if waits and victim is None:
                    victim = one
            else:
                victim = one
                break
        if victim is None:
            return False
        self.forget(victim)
        victim.evict()
        return True

    def _say(self, who: str, count: int) -> None:
        # The log never says which address.
        if self._elapsed() - self._said_at >= SAID_EVERY_S:
            self._said_at = self._elapsed()
            log.warning("%s %d connections, as many as may be: idle ones give way to new ones", who, count)


def _block(peer: str | None) -> bytes | None:
    """The block that counts as one client: an IPv4 address, or an IPv6 /64."""
    address = packed(peer) if peer else None
    return address if address is None or is_v4(address) else address[:8]
