"""`python -m harness.webhook_receiver PORT LOG SECRET REFUSES`: a receiver of webhooks that is killed at any time.

It verifies each request with the official library, writes down the ids that it holds, and only then accepts it: what
it accepted, it knows, whatever kills it. Some requests it writes down and refuses all the same, as if its answer had
been lost.
"""

import asyncio
import os
import random
import sys
from pathlib import Path

import msgspec
from standardwebhooks.webhooks import Webhook


class _Scan(msgspec.Struct):
    id: str


class _Data(msgspec.Struct):
    scans: list[_Scan] = []


class _Message(msgspec.Struct):
    type: str
    data: _Data


def ids(log: Path) -> list[str]:
    """The ids of the scans that were received, as often as they were. A line cut short by a kill was not accepted."""
    lines = log.read_bytes().split(b"\n") if log.exists() else [b""]
    return [id for line in lines[:-1] for id in line.decode().split()]


async def receive(port: int, log: Path, secret: str, refuses: float) -> None:
    verifier = Webhook(secret)
    descriptor = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    # What a former life left of a line is no id.
    os.write(descriptor, b"\n")

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                pairs = (line.partition(":") for line in head.split("\r\n")[1:] if line)
                headers = {name.lower(): value.strip() for name, _, value in pairs}
                body = await reader.readexactly(int(headers["content-length"]))
                verifier.verify(body, headers, json_parse=False)
                scans = msgspec.json.decode(body, type=_Message).data.scans
                os.write(descriptor, " ".join(scan.id for scan in scans).encode() + b"\n")
                status = b"500 Lost" if random.random() < refuses else b"204 No Content"
                writer.write(b"HTTP/1.1 " + status + b"\r\nContent-Length: 0\r\n\r\n")
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", port)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(receive(int(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], float(sys.argv[4])))
