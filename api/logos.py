"""Where logos come from: uploaded files of the workspace, and addresses that a user typed.

Such an address is asked like a stranger: only public hosts that are not this machine, on the two ports of the web, at
the very IP address that was checked (a name may mean something else a moment later), a redirect is a new address to
check, and everything has a bound. Whatever goes wrong there is told in one sentence, so that nobody can learn from it
what answers where.
"""

import asyncio
import ssl
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Collection
from ipaddress import ip_address
from urllib.parse import quote, urljoin, urlsplit

import httptools

from codes import destinations
from codes.errors import Missing
from codes.errors import Refused as RefusedByCodes
from codes.files import Files
from codes.public_ip import is_ours, is_public_text
from codes.resolver import Resolver
from qr.errors import Refused
from qr.logo import MAX_BYTES

FIELD = "style.logo"
MAX_REDIRECTS = 3
MAX_HEAD = 16 * 1024
PATIENCE_S = 5.0
AT_ONCE = 8
PORTS = (80, 443)
# How many fetched logos are remembered.
KEEP = 64

# From an IP address and a port (and a name for TLS, or None) to a connection.
Connect = Callable[[str, int, str | None], Awaitable[tuple[asyncio.StreamReader, asyncio.StreamWriter]]]


async def connect(address: str, port: int, tls_name: str | None) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    context = ssl.create_default_context() if tls_name else None
    return await asyncio.open_connection(address, port, ssl=context, server_hostname=tls_name, limit=MAX_HEAD)


class Unfetched(Exception):
    """Nothing that can be used is at the address, for whatever reason."""


class _Answer:
    """What httptools calls back."""

    def __init__(self) -> None:
        self.location = ""
        self.body = bytearray()
        self.complete = False
        # Whether the answer says where it ends; else it does when the connection does.
        self.bounded = False
        self._head = 0

    def on_header(self, name: bytes, value: bytes) -> None:
        self._head += len(name) + len(value)
        if self._head > MAX_HEAD:
            raise Unfetched
        self.bounded = self.bounded or name.lower() in (b"content-length", b"transfer-encoding")
        if name.lower() == b"location":
            self.location = value.decode("latin-1").strip()
        elif name.lower() == b"content-encoding" and value.strip().lower() not in (b"", b"identity"):
            raise Unfetched

    def on_body(self, chunk: bytes) -> None:
        self.body += chunk
        if len(self.body) > MAX_BYTES:
            raise Unfetched

    def on_message_complete(self) -> None:
        self.complete = True


def _unfit(why: str) -> Refused:
    return Refused(FIELD, why)


def _unfetched() -> Refused:
    return _unfit(
        f"cannot be fetched: it must be a file of at most {MAX_BYTES // 1024:,} KB at a public address, on port 80 or "
        f"443, that answers within {PATIENCE_S:g} seconds and at most {MAX_REDIRECTS} redirects"
    )


class Logos:
    """`own_hosts` are those that short links and the API live on. Fetched logos are kept for a while: a code is drawn
    more often than its logo changes."""

    def __init__(
        self,
        *,
        own_hosts: Collection[str],
        resolver: Resolver,
        files: Files | None = None,
        connect: Connect = connect,
        keep_s: float = 300.0,
        patience_s: float = PATIENCE_S,
    ) -> None:
        self._own_hosts = own_hosts
        self._resolver = resolver
        self._files = files
        self._connect = connect
        self._keep_s = keep_s
        self._patience_s = patience_s
        self._kept: OrderedDict[str, tuple[float, bytes]] = OrderedDict()
        self._turn = asyncio.Semaphore(AT_ONCE)

    async def uploaded(self, workspace: int, id: str) -> bytes:
        """The bytes of a file of this workspace. Raises Refused."""
        try:
            if self._files is None:
                raise Missing
            # One more than there may be shows that there are too many.
            return await self._files.read(workspace, id, MAX_BYTES + 1)
        except Missing:
            raise _unfit("is not the id of a file of this workspace") from None

    async def fetched(self, url: str) -> bytes:
        """The bytes at this address, whatever they are. Raises Refused."""
        now = asyncio.get_running_loop().time()
        kept = self._kept.get(url)
        if kept is not None and kept[0] > now:
            return kept[1]
        try:
            async with asyncio.timeout(self._patience_s), self._turn:
                found = await self._follow(url)
        except (Unfetched, OSError, httptools.HttpParserError, asyncio.IncompleteReadError):
            # (A TimeoutError and an SSLError are OSErrors.)
            raise _unfetched() from None
        self._kept[url] = (now + self._keep_s, found)
        self._kept.move_to_end(url)
        while len(self._kept) > KEEP:
            self._kept.popitem(last=False)
        return found

    async def _follow(self, url: str) -> bytes:
        for _ in range(MAX_REDIRECTS + 1):
            host, port, address = await self._checked(url)
            status, answer = await self._ask(url, host, port, address)
            if status == 200:
                return bytes(answer.body)
            if status not in (301, 302, 303, 307, 308) or not answer.location:
                raise Unfetched
            url = urljoin(url, answer.location)
        raise Unfetched

    async def _checked(self, url: str) -> tuple[str, int, str]:
        """Host, port, and an IP address of it that is public and not ours: that one is asked. Raises Unfetched."""
        try:
            await destinations.check(url, own_hosts=self._own_hosts, resolver=self._resolver)
            host, port = destinations.parse(url)
        except RefusedByCodes:
            raise Unfetched from None
        found = await self._addresses(host)
        # A destination may not resolve yet; what is fetched now must. And every address it has is looked at again.
        if port not in PORTS or not found or not all(map(is_public_text, found)) or any(map(is_ours, found)):
            raise Unfetched
        for own in self._own_hosts:
            # Behind a network that translates addresses, only the names of our own hosts tell which are ours.
            if set(await self._addresses(destinations.bare(own))) & set(found):
                raise Unfetched
        return host, port, found[0]

    async def _addresses(self, host: str) -> tuple[str, ...]:
        try:
            return (str(ip_address(host.strip("[]"))),)
        except ValueError:
            return await self._resolver.resolve(host)

    async def _ask(self, url: str, host: str, port: int, address: str) -> tuple[int, _Answer]:
        parts = urlsplit(url)
        secure = parts.scheme.lower() == "https"
        reader, writer = await self._connect(address, port, host.strip("[]") if secure else None)
        answer = _Answer()
        parser = httptools.HttpResponseParser(answer)
        try:
            path = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~-._")
            query = f"?{quote(parts.query, safe='/%:@!$&()*+,;=~-._?')}" if parts.query else ""
            named = host if port == (443 if secure else 80) else f"{host}:{port}"
            writer.write(
                f"GET {path}{query} HTTP/1.1\r\nHost: {named}\r\nAccept: image/*\r\nAccept-Encoding: identity\r\n"
                "User-Agent: Waymark\r\nConnection: close\r\n\r\n".encode("ascii")
            )
            await writer.drain()
            while not answer.complete and (chunk := await reader.read(MAX_HEAD)):
                _feed(parser, chunk)
                if parser.get_status_code() != 200 and answer.location:
                    break
        finally:
            writer.transport.abort()
        status = parser.get_status_code()
        if status == 0 or (status == 200 and not answer.complete and (answer.bounded or not answer.body)):
            raise Unfetched
        return status, answer


def _feed(parser: httptools.HttpResponseParser, chunk: bytes) -> None:
    try:
        parser.feed_data(chunk)
    except httptools.HttpParserCallbackError as error:
        # What one of ours raised, on its way through the parser.
        if isinstance(error.__context__, Unfetched):
            raise error.__context__ from None
        raise
