"""Logos of codes: uploaded files of the workspace, and files at addresses that a user typed.

Such an address is treated as hostile: only public hosts that are not this machine, on the two ports of the web, at the
very IP address that was checked (a name may resolve to another one a moment later); a redirect is a new address to
check; everything has a bound. All failures have the same text, so that nobody learns from it what answers where.
"""

import asyncio
import ssl
from collections import OrderedDict
from collections.abc import Collection
from urllib.parse import quote, urljoin, urlsplit

import httpcore2
from httpcore2 import AsyncNetworkBackend

from codes import destinations
from codes.errors import Missing
from codes.errors import Refused as RefusedByCodes
from codes.files import Files
from codes.resolver import Resolver
from codes.vetted_hosts import CheckedAddress, NotVetted, vetted_address
from qr.errors import Refused
from qr.logo import MAX_BYTES

FIELD = "style.logo"
MAX_REDIRECTS = 3
MAX_HEADERS = 16 * 1024
PATIENCE_S = 5.0
AT_ONCE = 8
PORTS = (80, 443)
# How many fetched logos are remembered.
KEEP = 64
_REDIRECTS = (301, 302, 303, 307, 308)


class Unfetched(Exception):
    """Nothing usable is at the address, for whatever reason."""


def _unfit(why: str) -> Refused:
    return Refused(FIELD, why)


def _unfetched() -> Refused:
    return _unfit(
        f"cannot be fetched: it must be a file of at most {MAX_BYTES // 1024:,} KB at a public address, on port 80 or "
        f"443, that answers within {PATIENCE_S:g} seconds and at most {MAX_REDIRECTS} redirects"
    )


class Logos:
    """`own_hosts` are those of short links and of the API; `network` opens connections. Fetched logos are kept for
    `keep_s`: a code is drawn more often than its logo changes."""

    def __init__(
        self,
        *,
        own_hosts: Collection[str],
        resolver: Resolver,
        files: Files | None = None,
        network: AsyncNetworkBackend | None = None,
        keep_s: float = 300.0,
        patience_s: float = PATIENCE_S,
    ) -> None:
        self._own_hosts = own_hosts
        self._resolver = resolver
        self._files = files
        self._network = network or httpcore2.AnyIOBackend()
        self._keep_s = keep_s
        self._patience_s = patience_s
        self._kept: OrderedDict[str, tuple[float, bytes]] = OrderedDict()
        self._turn = asyncio.Semaphore(AT_ONCE)

    async def uploaded(self, workspace: int, id: str) -> bytes:
        """The bytes of a file of this workspace. Raises Refused."""
        try:
            if self._files is None:
                raise Missing
            # One byte more than allowed shows that it is too large.
            return await self._files.read(workspace, id, MAX_BYTES + 1)
        except Missing:
            raise _unfit("is not the id of a file of this workspace") from None

    async def fetched(self, url: str) -> bytes:
        """The bytes at this address, of whatever kind. Raises Refused."""
        now = asyncio.get_running_loop().time()
        kept = self._kept.get(url)
        if kept is not None and kept[0] > now:
            return kept[1]
        try:
            async with asyncio.timeout(self._patience_s), self._turn:
                found = await self._follow(url)
        except (Unfetched, OSError, httpcore2.NetworkError, httpcore2.ProtocolError):
            # (TimeoutError and SSLError are OSErrors.)
            raise _unfetched() from None
        self._kept[url] = (now + self._keep_s, found)
        self._kept.move_to_end(url)
        while len(self._kept) > KEEP:
            self._kept.popitem(last=False)
        return found

    async def _follow(self, url: str) -> bytes:
        for _ in range(MAX_REDIRECTS + 1):
            host, port, address = await self._checked(url)
            location, body = await self._get(url, host, port, address)
            if not location:
                return body
            url = urljoin(url, location)
        raise Unfetched

    async def _checked(self, url: str) -> tuple[str, int, str]:
        """Host, port, and a public IP address of the host that is not ours. Raises Unfetched."""
        try:
            await destinations.check(url, own_hosts=self._own_hosts, resolver=self._resolver)
            host, port = destinations.parse(url)
        except RefusedByCodes:
            raise Unfetched from None
        if port not in PORTS:
            raise Unfetched
        try:
            # Unlike a destination, a logo must resolve now, and each of its addresses must be public.
            return host, port, await vetted_address(host, own_hosts=self._own_hosts, resolver=self._resolver)
        except NotVetted:
            raise Unfetched from None

    async def _get(self, url: str, host: str, port: int, address: str) -> tuple[str, bytes]:
        """Where a redirect leads, or "" and the body. Raises Unfetched, and the errors of the client."""
        parts = urlsplit(url)
        secure = parts.scheme.lower() == "https"
        path = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~-._")
        query = f"?{quote(parts.query, safe='/%:@!$&()*+,;=~-._?')}" if parts.query else ""
        target = httpcore2.URL(
            scheme=b"https" if secure else b"http",
            host=host.strip("[]").encode("ascii"),
            port=port,
            target=f"{path}{query}".encode("ascii"),
        )
        headers: dict[bytes | str, bytes | str] = {
            "Host": host if port == (443 if secure else 80) else f"{host}:{port}",
            "Accept": "image/*",
            "Accept-Encoding": "identity",
            "User-Agent": "Waymark",
            "Connection": "close",
        }
        connection = httpcore2.AsyncHTTPConnection(
            target.origin,
            ssl_context=ssl.create_default_context() if secure else None,
            network_backend=CheckedAddress(address, self._network),
        )
        async with connection, connection.stream("GET", target, headers=headers) as response:
            return await _read(response)


async def _read(response: httpcore2.Response) -> tuple[str, bytes]:
    if sum(len(name) + len(value) for name, value in response.headers) > MAX_HEADERS:
        raise Unfetched
    headers = {name.lower(): value.strip() for name, value in response.headers}
    if response.status in _REDIRECTS and (location := headers.get(b"location")):
        return location.decode("latin-1"), b""
    if response.status != 200 or headers.get(b"content-encoding", b"").lower() not in (b"", b"identity"):
        raise Unfetched
    body = bytearray()
    async for chunk in response.aiter_stream():
        body += chunk
        if len(body) > MAX_BYTES:
            raise Unfetched
    if not body and not headers.keys() & {b"content-length", b"transfer-encoding"}:
        # The connection ended before anything came.
        raise Unfetched
    return "", bytes(body)
