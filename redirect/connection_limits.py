"""How many connections a server has at a time: in all, and from one address.

At a bound the connection whose client has said nothing for longest gives way to the new one, so that a thousand idle
connections keep nobody out. Where all are being answered, the new one is refused. Asked once for each connection, and
not for each request: so the order is that of a clock's hand, which passes by whoever was busy since it last came.
"""

import logging
from collections.abc import Callable
from itertools import islice
from typing import Protocol

from redirect.client_ip import Trusts, is_v4, packed

# So many of the oldest are looked at for one that waits.
LOOKED_AT = 64
# At a bound, this often in the log.
SAID_EVERY_S = 60.0
# Descriptors that are no connections: the journal, Redis, files that are sent, the warehouse.
RESERVED = 128

log = logging.getLogger(__name__)


class Limited(Protocol):
    """A connection, as it is counted. `began`: when its newest request did, or the connection itself."""

    @property
    def began(self) -> float: ...

    def waits(self) -> bool:
        """Whether its client is to speak next."""
        ...

    def evict(self) -> None:
        """Ends it, for another one."""
        ...


def within_descriptors(most: int, descriptors: int) -> int:
    """So many of `most` as the process can have."""
    return max(min(most, descriptors - max(RESERVED, descriptors // 4)), 1)


class ConnectionLimits:
    """Peers that `trusts` names are proxies: they speak for many, and are bounded in all alone."""

    def __init__(self, most: int, most_of_address: int, trusts: Trusts, elapsed: Callable[[], float]) -> None:
        self._most = most
        self._most_of_address = most_of_address
        self._trusts = trusts
        self._elapsed = elapsed
        # What has not been looked at for longest comes first; with what `began` was then.
        self._all: dict[Limited, float] = {}
        self._by_address: dict[bytes, dict[Limited, float]] = {}
        self._address_of: dict[Limited, bytes] = {}
        self._said_at = -SAID_EVERY_S

    def __len__(self) -> int:
        return len(self._all)

    def admit(self, connection: Limited, peer: str | None) -> bool:
        """Whether it may stay; then `forget` it at its end. One without a peer comes from this machine."""
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
        # (Never which address.)
        if self._elapsed() - self._said_at >= SAID_EVERY_S:
            self._said_at = self._elapsed()
            log.warning("%s %d connections, as many as may be: idle ones give way to new ones", who, count)


def _block(peer: str | None) -> bytes | None:
    """What one client has: an IPv4 address, or an IPv6 network of 64 bits."""
    address = packed(peer) if peer else None
    return address if address is None or is_v4(address) else address[:8]
