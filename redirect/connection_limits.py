"""How many connections a server has at a time: in all, and from one address.

At a bound the oldest connection that waits for its client gives way to the new one, so that a thousand idle connections
keep nobody out. Where none does, the new one is refused. Asked once for each connection, and not for each request.
"""

import logging
from collections.abc import Callable
from itertools import islice
from typing import Protocol

from redirect.address import Trusts, is_v4, packed

# So many of the oldest are looked at for one that waits.
LOOKED_AT = 64
# At a bound, this often in the log.
SAID_EVERY_S = 60.0
# Descriptors that are no connections: the journal, Redis, files that are sent, the warehouse.
RESERVED = 128

log = logging.getLogger(__name__)


class Limited(Protocol):
    """A connection, as it is counted."""

    def waits(self) -> bool:
        """Whether its client is to speak next."""
        ...

    def give_way(self) -> None:
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
        # In order of opening, as dicts are; and by address.
        self._all: dict[Limited, bytes | None] = {}
        self._by_address: dict[bytes, dict[Limited, None]] = {}
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
                if not self._make_way(own):
                    return False
        if len(self._all) >= self._most:
            self._say("there are", len(self._all))
            if not self._make_way(self._all):
                return False
        self._all[connection] = address
        if address is not None:
            self._by_address.setdefault(address, {})[connection] = None
        return True

    def forget(self, connection: Limited) -> None:
        address = self._all.pop(connection, None)
        if address is not None:
            own = self._by_address[address]
            del own[connection]
            if not own:
                del self._by_address[address]

    def _make_way(self, connections: "dict[Limited, bytes | None] | dict[Limited, None]") -> bool:
        for one in islice(connections, LOOKED_AT):
            if one.waits():
                self.forget(one)
                one.give_way()
                return True
        return False

    def _say(self, who: str, count: int) -> None:
        # (Never which address.)
        if self._elapsed() - self._said_at >= SAID_EVERY_S:
            self._said_at = self._elapsed()
            log.warning("%s %d connections, as many as may be: idle ones give way to new ones", who, count)


def _block(peer: str | None) -> bytes | None:
    """What one client has: an IPv4 address, or an IPv6 network of 64 bits."""
    address = packed(peer) if peer else None
    return address if address is None or is_v4(address) else address[:8]
