"""An SMTP server on loopback that keeps what it is sent."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class MailServer:
    def __init__(self) -> None:
        self.port = 0
        self.letters: list[str] = []
        self.receivers: list[str] = []
        self.refuses = False

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        def say(line: str) -> None:
            writer.write(f"{line}\r\n".encode())

        say("220 here")
        try:
            while line := (await reader.readline()).decode().strip():
                word = line.partition(" ")[0].upper()
                if word == "EHLO":
                    say("250 here")
                elif word == "RCPT":
                    self.receivers.append(line)
                    say("451 later" if self.refuses else "250 ok")
                elif word == "DATA":
                    say("354 go on")
                    self.letters.append((await reader.readuntil(b"\r\n.\r\n")).decode())
                    say("250 taken")
                elif word == "QUIT":
                    say("221 bye")
                    break
                else:
                    say("250 ok")
        finally:
            writer.close()


@asynccontextmanager
async def mail_server() -> AsyncIterator[MailServer]:
    found = MailServer()
    server = await asyncio.start_server(found.handle, "127.0.0.1", 0)
    found.port = server.sockets[0].getsockname()[1]
    try:
        yield found
    finally:
        server.close()
