"""An address that a user typed is hostile: it must be public, has bounds, and is dialled only where it was checked."""

import asyncio
import gzip
import ssl
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager

import pytest
from httpcore2 import SOCKET_OPTION, AnyIOBackend, AsyncNetworkBackend, AsyncNetworkStream

from api.logos import Logos
from codes.resolver import Lookup, Resolver
from qr.errors import Refused
from qr.logo import MAX_BYTES

PUBLIC = "8.8.8.8"
OURS = "8.8.4.4"
# Whatever the remote end says or is.
SAID = "cannot be fetched: it must be a file of at most 1,024 KB at a public address, on port 80 or 443, that answers"
Answer = Callable[[str], list[bytes]]


class Stream(AsyncNetworkStream):
    """A plain connection, which says yes to TLS and notes the name that it was asked to check."""

    def __init__(self, plain: AsyncNetworkStream, asked: list[tuple[str, int, str | None]]) -> None:
        self._plain = plain
        self._asked = asked

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return await self._plain.read(max_bytes, timeout)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        await self._plain.write(buffer, timeout)

    async def aclose(self) -> None:
        await self._plain.aclose()

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> AsyncNetworkStream:
        assert ssl_context.check_hostname and ssl_context.verify_mode is ssl.CERT_REQUIRED
        self._asked[-1] = (*self._asked[-1][:2], server_hostname)
        return self


class Elsewhere(AsyncNetworkBackend):
    """The rest of the network: whatever address is dialled, one server answers. `asked` has the addresses, ports and
    names in certificates."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.asked: list[tuple[str, int, str | None]] = []

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[SOCKET_OPTION] | None = None,
    ) -> AsyncNetworkStream:
        self.asked.append((host, port, None))
        return Stream(await AnyIOBackend().connect_tcp("127.0.0.1", self._port), self.asked)


@asynccontextmanager
async def serving(answer: Answer, pause_s: float = 0.0) -> AsyncIterator[tuple[Elsewhere, list[str]]]:
    heads: list[str] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            heads.append(head)
            for piece in answer(head.split()[1]):
                writer.write(piece)
                await writer.drain()
                await asyncio.sleep(pause_s)
        except (ConnectionError, asyncio.IncompleteReadError):
            return
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield Elsewhere(server.sockets[0].getsockname()[1]), heads


def names(host: str) -> tuple[str, ...]:
    return {
        "internal.example.com": ("10.0.0.7",),
        "both.example.com": (PUBLIC, "127.0.0.1"),
        "none.example.com": (),
        "s.example.net": (OURS,),
        "beside.example.com": (OURS,),
        "azure.example.com": ("168.63.129.16",),
    }.get(host, (PUBLIC,))


def logos(elsewhere: Elsewhere, look_up: Lookup = names, patience_s: float = 20.0, keep_s: float = 300.0) -> Logos:
    resolver = Resolver(look_up)
    return Logos(
        own_hosts=["s.example.net"],
        resolver=resolver,
        network=elsewhere,
        patience_s=patience_s,
        keep_s=keep_s,
    )


def ok(body: bytes, *headers: str) -> list[bytes]:
    lines = ["HTTP/1.1 200 OK", f"Content-Length: {len(body)}", *headers]
    return ["\r\n".join(lines).encode() + b"\r\n\r\n", body]


def moved(to: str) -> list[bytes]:
    return [f"HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n".encode()]


async def refused(elsewhere: Elsewhere, url: str, patience_s: float = 20.0) -> None:
    with pytest.raises(Refused) as refused:
        await logos(elsewhere, patience_s=patience_s).fetched(url)
    assert refused.value.field == "style.logo"
    assert refused.value.message == f"{SAID} within 5 seconds and at most 3 redirects"


async def test_what_is_at_a_public_address_is_fetched_from_where_it_was_checked() -> None:
    async with serving(lambda path: ok(b"picture of " + path.encode())) as (elsewhere, heads):
        assert await logos(elsewhere).fetched("https://img.example.com/a%20b/ü.png?x=1&y=é") == (
            b"picture of /a%20b/%C3%BC.png?x=1&y=%C3%A9"
        )
    assert elsewhere.asked == [(PUBLIC, 443, "img.example.com")]
    assert "Host: img.example.com\r\n" in heads[0]


@pytest.mark.parametrize(
    "url",
    [
        *("http://127.0.0.1/a.png", "http://10.1.2.3/", "http://169.254.169.254/latest/meta-data/", "http://[::1]/"),
        *("http://localhost/", "http://2130706433/", "http://0x7f.1/", "http://[::ffff:10.0.0.1]/", "http://0/"),
        *("http://internal.example.com/", "http://both.example.com/", "http://none.example.com/"),
        *("http://168.63.129.16/metadata/v1/", "http://azure.example.com/", "http://beside.example.com/a.png"),
        *("http://img.example.com:22/", "https://img.example.com:8443/a.png", "http://img.example.com:6379/"),
        *("https://s.example.net/k7Pm2qR", "http://user@example.com/", "http://example.com\\@127.0.0.1/"),
    ],
)
async def test_what_is_not_public_is_not_asked(url: str) -> None:
    async with serving(lambda path: ok(b"secret")) as (elsewhere, _):
        await refused(elsewhere, url)
    assert elsewhere.asked == []


@pytest.mark.parametrize(
    "to", ["http://127.0.0.1/", "http://internal.example.com/", "file:///etc/passwd", "gopher://x/"]
)
async def test_a_redirect_is_an_address_to_check(to: str) -> None:
    async with serving(lambda path: moved(to)) as (elsewhere, _):
        await refused(elsewhere, "http://img.example.com/")
    assert len(elsewhere.asked) == 1


async def test_redirects_are_followed_three_times() -> None:
    def answer(path: str) -> list[bytes]:
        step = int(path.removeprefix("/"))
        return ok(b"there") if step == 3 else moved(str(step + 1))

    async with serving(answer) as (elsewhere, _):
        assert await logos(elsewhere).fetched("http://img.example.com/0") == b"there"
        await refused(elsewhere, "http://img.example.com/-1")


async def test_a_name_that_changes_its_meaning_is_asked_where_it_was_checked() -> None:
    answers = iter([(PUBLIC,), ("127.0.0.1",), ("127.0.0.1",)])
    async with serving(lambda path: ok(b"secret")) as (elsewhere, _):
        resolver = Resolver(lambda host: next(answers), keep_s=0)
        with pytest.raises(Refused):
            await Logos(own_hosts=(), resolver=resolver, network=elsewhere).fetched("http://img.example.com/")
    assert elsewhere.asked == []


@pytest.mark.parametrize(
    "pieces",
    [
        ok(bytes(MAX_BYTES + 1)),
        [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", *[b"10000\r\n" + bytes(65536) + b"\r\n"] * 17],
        [b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"],
        [b"SSH-2.0-OpenSSH_9.6\r\n"],
        [b"HTTP/1.1 200 OK\r\n", *[b"X-Long: " + b"a" * 4000 + b"\r\n"] * 6],
        ok(gzip.compress(bytes(1000)), "Content-Encoding: gzip"),
        [],
        ok(b"picture", "X: y")[:1],
        [b"HTTP/1.1 200 OK\r\n", *[b"X-Long: " + b"a" * 4000 + b"\r\n"] * 6, b"\r\n", b"picture"],
        [b"HTTP/1.1 200 OK\r\n\r\n"],
    ],
    ids=[
        "too long",
        "chunks without end",
        "missing",
        "another protocol",
        "headers without end",
        "packed",
        "nothing",
        "half",
        "headers too long",
        "nothing after the headers",
    ],
)
async def test_answers_have_bounds(pieces: list[bytes]) -> None:
    async with serving(lambda path: pieces) as (elsewhere, _):
        await refused(elsewhere, "http://img.example.com/")


async def test_a_host_that_takes_its_time_is_not_waited_for() -> None:
    async with serving(lambda path: [b"HTTP/1.1 200 OK\r\n", *[b"X: y\r\n"] * 1000], pause_s=0.05) as (elsewhere, _):
        await refused(elsewhere, "http://img.example.com/", patience_s=0.3)


async def test_what_was_fetched_is_remembered_for_a_while() -> None:
    async with serving(lambda path: ok(b"picture")) as (elsewhere, _):
        found = logos(elsewhere)
        for _ in range(3):
            await found.fetched("http://img.example.com/a.png")
        assert len(elsewhere.asked) == 1
        forgetful = logos(elsewhere, keep_s=0)
        for _ in range(2):
            await forgetful.fetched("http://img.example.com/a.png")
        assert len(elsewhere.asked) == 3
