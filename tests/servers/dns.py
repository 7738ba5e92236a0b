"""A name server on loopback that says what a test tells it, over UDP, and can be silent."""

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset


class NameServer(asyncio.DatagramProtocol):
    """`records` are (name, type) → texts. A name without any record does not exist."""

    def __init__(self) -> None:
        self.records: dict[tuple[str, str], list[str]] = {}
        self.silent = False
        self.broken = False
        self.questions: list[tuple[str, str]] = []
        self.address = ""
        self._transport: asyncio.DatagramTransport | None = None

    def say(self, name: str, kind: str, *texts: str) -> None:
        self.records[name, kind] = list(texts)

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        self._transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        question = dns.message.from_wire(data)
        asked = question.question[0]
        name, kind = asked.name.to_text(omit_final_dot=True).lower(), dns.rdatatype.to_text(asked.rdtype)
        self.questions.append((name, kind))
        if self.silent:
            return
        answer = dns.message.make_response(question)
        answer.flags |= dns.flags.RA
        if self.broken:
            answer.set_rcode(dns.rcode.SERVFAIL)
        else:
            self._fill(answer, name, kind)
        assert self._transport is not None
        self._transport.sendto(answer.to_wire(), addr)

    def _fill(self, answer: dns.message.Message, name: str, kind: str) -> None:
        """As a resolver does: an alias is followed, unless it was what was asked for."""
        for _ in range(8):
            if texts := self.records.get((name, kind)):
                answer.answer.append(dns.rrset.from_text(dns.name.from_text(name), 60, "IN", kind, *texts))
                return
            if kind == "CNAME" or not (alias := self.records.get((name, "CNAME"))):
                break
            answer.answer.append(dns.rrset.from_text(dns.name.from_text(name), 60, "IN", "CNAME", *alias))
            name = alias[0].rstrip(".")
        if not any(known == name for known, _ in self.records):
            answer.set_rcode(dns.rcode.NXDOMAIN)


def name_socket() -> socket.socket:
    """For those who must know its address before it answers."""
    found = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    found.bind(("127.0.0.1", 0))
    found.setblocking(False)
    return found


@asynccontextmanager
async def name_server(at: socket.socket | None = None) -> AsyncIterator[NameServer]:
    loop = asyncio.get_running_loop()
    transport, server = await loop.create_datagram_endpoint(NameServer, sock=at or name_socket())
    host, port = transport.get_extra_info("sockname")
    server.address = f"{host}:{port}"
    try:
        yield server
    finally:
        transport.close()


@contextmanager
def name_server_beside() -> Iterator[NameServer]:
    """The same in a thread, for tests that block."""
    loop = asyncio.new_event_loop()
    stop, ready, made = asyncio.Event(), threading.Event(), []

    async def serve() -> None:
        async with name_server() as server:
            made.append(server)
            ready.set()
            await stop.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()), daemon=True)
    thread.start()
    assert ready.wait(30)
    try:
        yield made[0]
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.close()
