"""webhooks: where events may be sent, and how: nothing that a user types leads into our own network."""

import asyncio
from ipaddress import ip_network
from pathlib import Path

import pytest

from codes.errors import Refused
from codes.resolver import Resolver
from codes.vetted_hosts import NotVetted
from harness.certificates import self_signed
from tests.servers.listener import listening
from tests.servers.receiver import Receiver, receiving
from webhooks.receivers import MAX_ANSWER, Receivers, networks

OURS = "go.example.org"
NAMES = {"inside.example.com": ("10.0.0.7",), "both.example.com": ("8.8.8.8", "127.0.0.1"), OURS: ("8.8.4.4",)}


def resolver() -> Resolver:
    return Resolver(lambda host: NAMES.get(host, ("8.8.8.8",)))


def public(**more: object) -> Receivers:
    return Receivers(own_hosts=[OURS], resolver=resolver(), **more)  # type: ignore[arg-type]


def local(patience_s: float = 5.0) -> Receivers:
    return Receivers(own_hosts=[], resolver=resolver(), allowed=[ip_network("127.0.0.0/8")], patience_s=patience_s)


@pytest.mark.parametrize(
    "url",
    [
        *("https://127.0.0.1/", "https://[::1]/", "https://0x7f.1/", "https://169.254.169.254/latest"),
        *("https://inside.example.com/", "https://both.example.com/", "https://localhost/", "https://db/"),
        *(f"https://{OURS}/a", "https://example.com:22/", "http://example.com/", "mailto:a@example.com", "x"),
    ],
)
async def test_what_is_not_public_is_refused(url: str) -> None:
    with pytest.raises(Refused) as refused:
        await public().check(url)
    assert refused.value.field == "url"
    with pytest.raises((NotVetted, Refused)):
        await public().session(url)


@pytest.mark.parametrize("url", ["https://example.com/hook?a=b", "https://example.com:8443/", "https://8.8.8.8/"])
async def test_public_hosts_are_taken(url: str) -> None:
    assert await public().check(url) == url
    assert await public(plain_http=True).check(url.replace("https", "http")) == url.replace("https", "http")


async def test_a_name_that_moves_inside_is_not_asked() -> None:
    """It was public when it was written."""
    moving = {"hooks.example.com": ("8.8.8.8",)}
    receivers = Receivers(own_hosts=[], resolver=Resolver(lambda host: moving[host], keep_s=0.0))
    await receivers.check("https://hooks.example.com/")
    moving["hooks.example.com"] = ("127.0.0.1",)
    with pytest.raises(NotVetted):
        await receivers.session("https://hooks.example.com/")


async def test_a_private_network_is_allowed_by_name_only() -> None:
    allowed = Receivers(own_hosts=[], resolver=resolver(), allowed=networks("10.0.0.0/8, fd00::/8"))
    assert await allowed.check("http://10.1.2.3/hook") and await allowed.check("http://inside.example.com/")
    for url in ("http://127.0.0.1/", "http://192.168.0.1/", "http://example.com/"):
        with pytest.raises(Refused):
            await allowed.check(url)


async def asked(receiver: Receiver, patience_s: float = 5.0, path: str = "") -> tuple[int | None, str]:
    async with await local(patience_s).session(receiver.url + path) as session:
        answer = await session.post(b"{}", {"webhook-id": "a"})
    return answer.status, answer.failure


async def test_what_an_answer_means() -> None:
    async with receiving() as receiver:
        assert await asked(receiver, path="?a=%20b") == (204, "")
        assert receiver.received[0].path == "/hook?a=%20b"
        assert receiver.received[0].headers["content-type"] == "application/json"
        for status in (302, 307, 400, 410, 500):
            receiver.answer = lambda received, status=status: (status, {"Location": receiver.url})  # type: ignore[misc]
            assert await asked(receiver) == (status, "status")
        assert len(receiver.received) == 6, "no redirect is followed"
        receiver.free.clear()
        assert await asked(receiver, 0.2) == (None, "timeout")
    assert await asked(receiver) == (None, "connection")


async def test_one_connection_serves_many() -> None:
    async with receiving() as receiver, await local().session(receiver.url) as session:
        assert [(await session.post(b"{}", {})).status for _ in range(3)] == [204] * 3
        assert receiver.connections == 1


async def test_an_endless_answer_is_not_read_to_its_end() -> None:
    async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        try:
            while True:
                writer.write(b"x" * 65_536)
                await writer.drain()
                sent.append(65_536)
        except ConnectionError:
            gone.set()

    sent: list[int] = []
    gone = asyncio.Event()
    server = await asyncio.start_server(endless, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with await local().session(f"http://127.0.0.1:{port}/") as session:
        assert (await session.post(b"{}", {})).status == 200
    await asyncio.wait_for(gone.wait(), 10)
    assert sum(sent) < 100 * MAX_ANSWER
    server.close()


async def test_nothing_is_sent_to_a_host_that_cannot_prove_its_name(tmp_path: Path) -> None:
    with listening(self_signed(tmp_path / "own.pem")) as (port, heard):
        async with await local().session(f"https://127.0.0.1:{port}/") as session:
            answer = await session.post(b"hush", {})
    assert (answer.status, answer.failure) == (None, "tls")
    assert b"hush" not in b"".join(heard)
