"""Whether an IP address is on the public internet, in whatever notation it is written."""

import re
import socket
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

# Everything that IANA's special-purpose registries reserve.
_V4_SPECIAL = [
    IPv4Network(text)
    for text in [
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"),
        *("192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15"),
        *("198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4"),
        # Public, but on each machine of Azure it is the platform itself.
        "168.63.129.16/32",
    ]
]
# Only this block of IPv6 is allocated to the internet, except these parts of it.
_V6_GLOBAL = IPv6Network("2000::/3")
_V6_SPECIAL = [IPv6Network(text) for text in ["2001::/23", "2001:db8::/32", "3fff::/20"]]
# Blocks that embed an IPv4 address, and how many bits to shift to get it.
_V6_CARRIES_V4 = [
    (IPv6Network("::ffff:0:0/96"), 0),
    (IPv6Network("64:ff9b::/96"), 0),
    (IPv6Network("2002::/16"), 80),
]

_number = re.compile(r"0[xX][0-9a-fA-F]*|[0-9]+")


def is_public(address: IPv4Address | IPv6Address) -> bool:
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _V4_SPECIAL)
    for network, shift in _V6_CARRIES_V4:
        if address in network:
            return is_public(IPv4Address(int(address) >> shift & 0xFFFFFFFF))
    return address in _V6_GLOBAL and not any(address in network for network in _V6_SPECIAL)


def is_public_text(text: str) -> bool:
    """Return the same for text from a resolver; an IPv6 zone (`fe80::1%eth0`) is always link-local."""
    try:
        return is_public(ip_address(text))
    except ValueError:
        return False


def is_ours(text: str) -> bool:
    """Return whether this machine has the address: a socket can be bound to it only then."""
    family = socket.AF_INET6 if ":" in text else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((text, 0))
        except OSError:
            return False
    return True


def looks_like_ipv4(host: str) -> bool:
    """Return whether a browser reads this host as an IPv4 address: its last part is a number."""
    return _number.fullmatch(host.rsplit(".", 1)[-1]) is not None


def parse_ipv4(host: str) -> IPv4Address:
    """Parse an IPv4 address as browsers and C libraries do: one to four parts, each decimal, octal (`0…`) or
    hexadecimal (`0x…`), the last filling what is left. Raises ValueError."""
    parts = host.split(".")
    if len(parts) > 4:
        raise ValueError("more than four parts")
    numbers = [_part(part) for part in parts]
    *leading, last = numbers
    if any(number > 255 for number in leading) or last >= 256 ** (4 - len(leading)):
        raise ValueError("a part is too large")
    return IPv4Address(last + sum(number << 8 * (3 - position) for position, number in enumerate(leading)))


def _part(text: str) -> int:
    if not _number.fullmatch(text) or len(text) > 64:
        raise ValueError("a part is not a number")
    if text[:2] in ("0x", "0X"):
        return int(text[2:] or "0", 16)
    return int(text, 8) if text.startswith("0") else int(text)
