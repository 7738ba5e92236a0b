"""The scanner's address, as sixteen bytes that never leave this process."""

import socket
from collections.abc import Callable, Iterable, Iterator
from importlib.resources import files
from ipaddress import ip_network
from typing import NamedTuple

NO_ADDRESS = bytes(16)
_MAPPED = bytes(10) + b"\xff\xff"
_LONGEST_LIST = 1024
# Edges that publish their networks, each with our copy of the list.
EDGE_NETWORKS = {"cloudflare": "cloudflare_networks.txt"}


def packed(text: str) -> bytes | None:
    """An IPv4 or IPv6 address in sixteen bytes, IPv4 mapped to IPv6; None for any other text."""
    text = text.strip().partition("%")[0]
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        return _MAPPED + socket.inet_pton(socket.AF_INET, text)
    except (OSError, ValueError):
        pass
    try:
        return socket.inet_pton(socket.AF_INET6, text)
    except (OSError, ValueError):
        return None


def is_v4(address: bytes) -> bool:
    return address.startswith(_MAPPED)


def unpacked(address: bytes) -> str:
    if is_v4(address):
        return socket.inet_ntop(socket.AF_INET, address[12:])
    return socket.inet_ntop(socket.AF_INET6, address)


Trusts = Callable[[bytes], bool]


def trusts(proxies: Iterable[str]) -> Trusts:
    """A test for trusted addresses: single ones, networks, or the published networks of a named edge. Raises ValueError
    for any other setting."""
    networks: dict[bool, list[tuple[int, int]]] = {True: [], False: []}
    for proxy in _networks(proxies):
        network = ip_network(proxy, strict=False)
        host_bits = network.max_prefixlen - network.prefixlen
        start = int.from_bytes((_MAPPED if network.version == 4 else b"") + network.network_address.packed, "big")
        networks[network.version == 4].append((start >> host_bits, host_bits))

    def trusted(address: bytes) -> bool:
        value = int.from_bytes(address, "big")
        return any(value >> host_bits == start for start, host_bits in networks[is_v4(address)])

    return trusted


def edges_of(proxies: Iterable[str]) -> tuple[str, ...]:
    """The names of edges among these settings."""
    return tuple(proxy for proxy in proxies if proxy.strip().lower() in EDGE_NETWORKS)


def _networks(proxies: Iterable[str]) -> Iterator[str]:
    for proxy in proxies:
        name = proxy.strip()
        if name.lower() in EDGE_NETWORKS:
            text = files("redirect").joinpath(EDGE_NETWORKS[name.lower()]).read_text()
            yield from (line for line in text.splitlines() if line and not line.startswith("#"))
        else:
            yield name


class Forwarded(NamedTuple):
    """The result of reading a list of forwarded addresses. `scanner`: the last untrusted address, or None when there is
    none to believe; a scanner may have invented everything before it. `outermost`: the trusted proxy to which the
    scanner connected, or None when that is the peer itself."""

    scanner: bytes | None
    outermost: bytes | None


def forwarded(value: bytes, trusted: Trusts) -> Forwarded:
    """Read the list from its end: each proxy has appended its peer."""
    outermost = None
    for part in reversed(value[-_LONGEST_LIST:].decode("latin-1").split(",")):
        address = packed(part)
        if address is None:
            break
        if not trusted(address):
            return Forwarded(address, outermost)
        outermost = address
    return Forwarded(None, outermost)
