"""Send one delivery to its receiver, whose address a user typed: treated as hostile, like a logo's.

Only public hosts, or those in networks that the operator allows, at the IP address that was checked; no redirect is
followed; an answer has a bound in time and size, and nothing of it is kept but its status.
"""

import asyncio
import ssl
from collections.abc import Collection, Mapping
from ipaddress import ip_address, ip_network
from types import TracebackType
from urllib.parse import quote, urlsplit

import httpcore2
import msgspec
from httpcore2 import AsyncNetworkBackend

from codes import destinations
from codes.errors import Refused
from codes.resolver import Resolver
from codes.vetted_hosts import CheckedAddress, Networks, NotVetted, addresses_of, vetted_address
from infra.version import VERSION
from webhooks.deliveries import Failure

FIELD = "url"
PATIENCE_S = 15.0
# How much of an answer is read, so that its connection can be used again.
MAX_ANSWER = 64 * 1024
# Below, only the web's own ports: a POST to a mail server is not asked for.
FREE_PORTS = 1024


class Answer(msgspec.Struct, frozen=True):
    """What came of an attempt: the status of the answer, or why there is none; what Retry-After says."""

    status: int | None
    failure: Failure = ""
    retry_after: str | None = None

    @property
    def accepted(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


def networks(text: str) -> Networks:
    """Comma-separated networks. Raises ValueError."""
    return [ip_network(part.strip()) for part in text.split(",") if part.strip()]


class Receivers:
    """`allowed` are private networks in which receivers may be; elsewhere plain HTTP is refused, unless
    `plain_http`."""

    def __init__(
        self,
        *,
        own_hosts: Collection[str],
        resolver: Resolver,
        allowed: Networks = (),
        plain_http: bool = False,
        network: AsyncNetworkBackend | None = None,
        patience_s: float = PATIENCE_S,
    ) -> None:
        self._own_hosts = own_hosts
        self._resolver = resolver
        self._allowed = allowed
        self._plain_http = plain_http
        self._network = network or httpcore2.AnyIOBackend()
        self._patience_s = patience_s

    async def check(self, url: str) -> str:
        """Return the URL if events may be sent there; a name that does not resolve yet passes. Raises Refused."""
        try:
            host, port = destinations.parse(url)
            found = await addresses_of(host, self._resolver)
            private = bool(found) and all(any(ip_address(each) in one for one in self._allowed) for each in found)
            if not private:
                await destinations.check(url, own_hosts=self._own_hosts, resolver=self._resolver)
        except Refused as refused:
            raise _refuse(refused.code, refused.message.replace("destination", "receiver")) from None
        if port < FREE_PORTS and port not in (80, 443):
            raise _refuse("port_not_allowed", f"a receiver's port is 80, 443, or {FREE_PORTS:,} and above")
        if urlsplit(url).fragment:
            raise _refuse("invalid_url", "a receiver's URL has no fragment")
        if not (private or self._plain_http or url.lower().startswith("https:")):
            raise _refuse("not_https", "a receiver's URL begins with https://")
        return url

    async def session(self, url: str) -> "Session":
        """A connection for some deliveries in a row. Raises NotVetted when the receiver must not be asked (any more),
        or its name does not resolve."""
        try:
            await self.check(url)
        except Refused as refused:
            raise NotVetted(url) from refused
        host, port = destinations.parse(url)
        address = await vetted_address(host, own_hosts=self._own_hosts, resolver=self._resolver, allowed=self._allowed)
        return Session(url, host, port, CheckedAddress(address, self._network), self._patience_s)


class Session:
    """One kept-alive connection to a receiver, at a vetted address."""

    def __init__(self, url: str, host: str, port: int, backend: AsyncNetworkBackend, patience_s: float) -> None:
        parts = urlsplit(url)
        secure = parts.scheme.lower() == "https"
        path = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~-._")
        query = f"?{quote(parts.query, safe='/%:@!$&()*+,;=~-._?')}" if parts.query else ""
        self._host = host if port == (443 if secure else 80) else f"{host}:{port}"
        self._patience_s = patience_s
        self._url = httpcore2.URL(
            scheme=b"https" if secure else b"http",
            host=host.strip("[]").encode("ascii"),
            port=port,
            target=f"{path}{query}".encode("ascii"),
        )
        self._pool = httpcore2.AsyncConnectionPool(
            ssl_context=ssl.create_default_context() if secure else None,
            max_connections=1,
            keepalive_expiry=5.0,
            network_backend=backend,
        )

    async def __aenter__(self) -> "Session":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._pool.aclose()

    async def post(self, body: bytes, more: Mapping[str, str]) -> Answer:
        headers: dict[bytes | str, bytes | str] = {
            "Host": self._host,
            "Content-Type": "application/json",
            "Content-Length": str(len(body)),
            "User-Agent": f"Waymark/{VERSION}",
            "Accept": "*/*",
            "Accept-Encoding": "identity",
        }
        headers.update(more.items())
        try:
            async with (
                asyncio.timeout(self._patience_s),
                self._pool.stream("POST", self._url, headers=headers, content=body) as response,
            ):
                after = {name.lower(): value for name, value in response.headers}.get(b"retry-after")
                answer = Answer(response.status, "", after.decode("latin-1") if after else None)
                read = 0
                async for chunk in response.aiter_stream():
                    read += len(chunk)
                    if read > MAX_ANSWER:
                        break
        except TimeoutError:
            return Answer(None, "timeout")
        except ssl.SSLError:
            return Answer(None, "tls")
        except (OSError, httpcore2.NetworkError, httpcore2.ProtocolError, httpcore2.TimeoutException) as error:
            if isinstance(error.__cause__ or error.__context__, ssl.SSLError):
                return Answer(None, "tls")
            return Answer(None, "connection")
        return answer if answer.accepted else msgspec.structs.replace(answer, failure="status")


def _refuse(code: str, message: str) -> Refused:
    return Refused(FIELD, code, message)
