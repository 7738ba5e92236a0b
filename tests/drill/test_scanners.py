"""drill.scanners: a redirect that arrived is in the client log, and an outage is as long as a scanner waited."""

import asyncio
import random

from drill.client_log import ClientLog
from drill.scanners import Scanners

ANSWER = b"HTTP/1.1 302 Found\r\nlocation: https://example.com/\r\ncontent-length: 0\r\n\r\n"


class Server:
    """Answers; or is silent; or answers something else."""

    def __init__(self) -> None:
        self.answer = ANSWER
        self.quiet = asyncio.Event()
        self.quiet.set()
        self.seen: list[str] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            try:
                head = await reader.readuntil(b"\r\n\r\n")
            except asyncio.IncompleteReadError:
                writer.close()
                return
            self.seen.append(head.split(b"utm_campaign=")[1].split(b" ")[0].decode())
            await self.quiet.wait()
            writer.write(self.answer)


async def test_a_client_log_of_what_was_given() -> None:
    server, log = Server(), ClientLog("3")
    async with await asyncio.start_server(server.serve, "127.0.0.1", 0) as listener:
        port = listener.sockets[0].getsockname()[1]
        scanners = Scanners(port, ["a", "b"], log, random.Random(1))
        scanning = asyncio.create_task(scanners.run())
        assert await scanners.answered(5)
        server.quiet.clear()
        await asyncio.sleep(0.4)
        server.quiet.set()
        assert await scanners.answered(5)
        server.answer = ANSWER.replace(b"302 Found", b"503 Away")
        assert not await scanners.answered(0.2)
        server.answer = ANSWER
        assert await scanners.answered(5)
        scanners.stop()
        await scanning
        listener.close()
    assert len(server.seen) == len(set(server.seen)) == log.sent
    assert 0 < len(log.given) < log.sent
    assert {log.campaign(visit) for visit in log.given} <= set(server.seen)
    assert 0.38 < log.longest_outage_s < 3
