"""Addresses that a stranger typed and that this machine itself will ask: only public hosts that are not this machine,
at the very IP address that was checked (a name may resolve to another one a moment later)."""

from collections.abc import Collection, Iterable, Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address

from httpcore2 import SOCKET_OPTION, AsyncNetworkBackend, AsyncNetworkStream

from codes import destinations
from codes.public_ip import is_ours, is_public_text
from codes.resolver import Resolver

Networks = Sequence[IPv4Network | IPv6Network]


class NotVetted(Exception):
    """The host must not be asked, or is not known."""


class CheckedAddress(AsyncNetworkBackend):
    """Dials the IP address that was checked, whatever the name resolves to by now. TLS still checks the name."""

    def __init__(self, address: str, network: AsyncNetworkBackend) -> None:
        self._address = address
        self._network = network

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 (the signature is the library's)
        local_address: str | None = None,
        socket_options: Iterable[SOCKET_OPTION] | None = None,
    ) -> AsyncNetworkStream:
        return await self._network.connect_tcp(self._address, port, timeout, local_address, socket_options)


async def addresses_of(host: str, resolver: Resolver) -> tuple[str, ...]:
    """The addresses of a host, which may be one itself."""
    try:
        return (str(ip_address(host.strip("[]"))),)
    except ValueError:
        return await resolver.resolve(host)


async def vetted_address(host: str, *, own_hosts: Collection[str], resolver: Resolver, allowed: Networks = ()) -> str:
    """An address of the host to dial, of IPv4 if it has one. Each of its addresses must be public and not ours, or in a
    network that the operator has `allowed`. Raises NotVetted."""
    found = await addresses_of(host, resolver)
    unknown = [each for each in found if not any(ip_address(each) in network for network in allowed)]
    if not found or not all(map(is_public_text, unknown)) or any(map(is_ours, unknown)):
        raise NotVetted(host)
    for own in own_hosts if unknown else ():
        # Behind NAT, only the names of our own hosts tell which addresses are ours.
        if set(await addresses_of(destinations.bare(own), resolver)) & set(unknown):
            raise NotVetted(host)
    return min(found, key=lambda each: ":" in each)
