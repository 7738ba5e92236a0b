"""Where a code may lead: public http(s) addresses, accepted as they are or refused, never repaired.

Whatever a browser would silently change (tabs, backslashes, a number read as an address) can show one destination and
mean another, so it is refused. A destination is stored exactly as sent; `location_header` returns the bytes of the
Location header, the same ones if the destination is ASCII.
"""

import re
import unicodedata
from collections.abc import Collection
from ipaddress import IPv6Address
from urllib.parse import quote

import idna

from codes.errors import Refused
from codes.public_ip import is_public, is_public_text, looks_like_ipv4, parse_ipv4
from codes.resolver import Resolver

MAX_LENGTH = 2048

# Suffixes of names that mean something only inside a network.
_INTERNAL = (
    *(".localhost", ".local", ".localdomain", ".internal", ".intranet", ".lan"),
    *(".home", ".corp", ".private", ".home.arpa"),
)
_DEFAULT_PORTS = frozenset({80, 443})

_parts = re.compile(r"(https?)://([^/?#]*)(.*)", re.IGNORECASE | re.DOTALL)
_authority = re.compile(r"(\[[^\[\]]*\]|[^:\[\]]*)(?::([0-9]*))?")
_bad_percent = re.compile(r"%(?![0-9A-Fa-f]{2})")
_label = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
# The joiners that Persian and emoji need; every other invisible character is refused.
_JOINERS = "\u200c\u200d"


def _refuse(code: str, message: str) -> Refused:
    return Refused("destination", code, message)


async def check(url: str, *, own_hosts: Collection[str], resolver: Resolver) -> str:
    """Return `url` unchanged, or raise Refused.

    `own_hosts` are the hosts of short links, with a port if it is not the default. Waits for the lookup of the host, at
    most as long as `resolver` does.
    """
    host, port = parse(url)
    if (host, 443 if port in _DEFAULT_PORTS else port) in {_own(own) for own in own_hosts}:
        raise _refuse("destination_loop", "the destination must not be a short link of this service")
    if host.startswith("["):
        public = is_public(IPv6Address(host[1:-1]))
    elif looks_like_ipv4(host):
        public = is_public(parse_ipv4(host))
    else:
        public = "." in host and not f".{host}".endswith(_INTERNAL)
        public = public and all(map(is_public_text, await resolver.resolve(host)))
    if not public:
        raise _refuse("destination_not_public", "the destination must be on a public host")
    return url


def parse(url: str) -> tuple[str, int]:
    """Return the host as the network knows it (lower case, punycode, no trailing dot, IPv6 in brackets), and the port.
    Raises Refused for an invalid http(s) URL."""
    if len(url) > MAX_LENGTH:
        raise _refuse("destination_too_long", f"the destination must have at most {MAX_LENGTH:,} characters")
    if any(map(_is_unseen, url)):
        raise _refuse("invalid_destination", "the destination must not hold spaces or control characters")
    found = _parts.fullmatch(url)
    if found is None:
        raise _refuse("invalid_destination", "the destination must be an address that starts with http:// or https://")
    scheme, authority, rest = found[1].lower(), found[2], found[3]
    if "\\" in url:
        raise _refuse("invalid_destination", "the destination must not hold backslashes")
    if "@" in authority:
        raise _refuse("invalid_destination", "the destination must not hold a user name")
    if _bad_percent.search(rest):
        raise _refuse("invalid_destination", "a percent sign in the destination must be followed by two hex digits")
    split = _authority.fullmatch(authority)
    if split is None or not split[1]:
        raise _refuse("invalid_destination", "the destination has no valid host")
    port = int(split[2]) if split[2] else (443 if scheme == "https" else 80)
    if split[2] is not None and not (split[2] and len(split[2]) <= 5 and 0 < port < 65536):
        raise _refuse("invalid_destination", "the destination's port must be a number from 1 to 65535")
    return _host(split[1]), port


def location_header(url: str) -> str:
    """Return a checked `url` in ASCII: the host in punycode, the rest as percent-encoded UTF-8. An ASCII destination is
    returned as it is. Links of an app's own scheme have no host."""
    if url.isascii():
        return url
    found = _parts.fullmatch(url)
    if found is None:
        return "".join(c if c.isascii() else quote(c) for c in url)
    scheme, authority, rest = found.groups()
    if not authority.isascii():
        name, colon, port = authority.partition(":")
        authority = _host(name) + colon + port
    return f"{scheme}://{authority}" + "".join(c if c.isascii() else quote(c) for c in rest)


def _is_unseen(char: str) -> bool:
    category = unicodedata.category(char)
    return category in ("Cc", "Cs", "Zs", "Zl", "Zp") or (category == "Cf" and char not in _JOINERS)


def _host(text: str) -> str:
    if text.startswith("["):
        return _ipv6(text)
    try:
        host = idna.uts46_remap(text, std3_rules=False) if not text.isascii() else text.lower()
        host = host.removesuffix(".")
        if looks_like_ipv4(host):
            return str(parse_ipv4(host))
        labels = [label if label.isascii() else idna.alabel(label).decode() for label in host.split(".")]
    except (idna.IDNAError, ValueError) as error:
        raise _refuse("invalid_destination", "the destination has no valid host") from error
    host = ".".join(labels)
    if len(host) > 253 or not all(_label.fullmatch(label) and _is_honest(label) for label in labels):
        raise _refuse("invalid_destination", "the destination has no valid host")
    return host


def _is_honest(label: str) -> bool:
    """Return whether punycode stands for something that needs it."""
    if not label.startswith("xn--"):
        return True
    try:
        return not label[4:].encode().decode("punycode").isascii()
    except UnicodeError:
        return False


def _ipv6(text: str) -> str:
    try:
        address = IPv6Address(text[1:-1])
    except ValueError as error:
        raise _refuse("invalid_destination", "the destination has no valid host") from error
    if address.scope_id is not None:
        raise _refuse("invalid_destination", "the destination has no valid host")
    return f"[{address}]"


def bare(host: str) -> str:
    """Return one of our hosts as the network knows it, without its port."""
    return _own(host)[0]


def _own(host: str) -> tuple[str, int]:
    """Return one of our hosts as `check` compares it: both default ports are the same."""
    split = _authority.fullmatch(host.lower())
    name = split[1] if split else host.lower()
    port = int(split[2]) if split and split[2] else 443
    if not name.isascii():
        name = _host(name)
    return name.removesuffix("."), 443 if port in _DEFAULT_PORTS else port
