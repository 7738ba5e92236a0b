"""The scanner's address, as sixteen bytes that never leave this process."""

import socket
from collections.abc import Callable, Iterable
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

NO_ADDRESS = bytes(16)
_MAPPED = bytes(10) + b"\xff\xff"
_LONGEST_LIST = 1024


def packed(text: str) -> bytes | None:
    """IPv4 or IPv6 in sixteen bytes, IPv4 as IPv6 maps it; None when it is neither."""
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


def trusts(proxies: Iterable[str]) -> Callable[[bytes], bool]:
    """Whether an address is one of ours. Raises ValueError when a setting is no network."""
    networks: list[IPv4Network | IPv6Network] = [ip_network(proxy.strip(), strict=False) for proxy in proxies]

    def trusted(address: bytes) -> bool:
        ip = ip_address(unpacked(address))
        return any(ip.version == network.version and ip in network for network in networks)

    return trusted


def forwarded(value: bytes, trusted: Callable[[bytes], bool]) -> bytes | None:
    """The scanner in a list that each proxy has added its peer to: the last that is not one of ours.
    What stands before that, a scanner may have made up. None when there is none to believe."""
    for part in reversed(value[-_LONGEST_LIST:].decode("latin-1").split(",")):
        address = packed(part)
        if address is None:
            return None
        if not trusted(address):
            return address
    return None
