"""Send reports and thresholds by e-mail, through the SMTP server that the operator named.

The message goes out as its receiver's program would read it: a subject and plain text, made from the same message that
an endpoint on the web gets. A message that was sent twice has the same Message-ID.
"""

import asyncio
import smtplib
import ssl
from email.message import EmailMessage
from email.utils import formatdate
from typing import Any
from urllib.parse import unquote, urlsplit

import msgspec

from codes.errors import Refused
from webhooks.receivers import PATIENCE_S, Answer

SCHEME = "mailto:"
MAX_ADDRESS = 254


class MailServer(msgspec.Struct, frozen=True):
    host: str
    port: int
    sender: str
    user: str = ""
    password: str = ""
    # `smtps`: TLS from the first byte on; else STARTTLS, which a server on this machine may lack.
    implicit_tls: bool = False
    local: bool = False


def mail_server(url: str, sender: str) -> MailServer:
    """`smtp://user:password@host:587` or `smtps://…:465`. Raises ValueError."""
    example = "it takes an address such as smtp://user:password@mail.example.com:587"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ValueError(example) from None
    if parts.scheme not in ("smtp", "smtps") or not parts.hostname or parts.path not in ("", "/") or parts.query:
        raise ValueError(example)
    return MailServer(
        host=parts.hostname,
        port=port or (465 if parts.scheme == "smtps" else 587),
        sender=sender,
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        implicit_tls=parts.scheme == "smtps",
        local=parts.hostname in ("localhost", "127.0.0.1", "::1"),
    )


def check_address(address: str) -> str:
    """Check an e-mail address: one, in ASCII, without anything a header could be made of. Raises Refused."""
    name, _, host = address.rpartition("@")
    allowed = address.isascii() and address.isprintable() and not set(address) & set(' ,;:<>()[]"\\')
    if not name or "." not in host or len(address) > MAX_ADDRESS or not allowed:
        raise Refused("url", "invalid_address", "a mailto: URL has one e-mail address and nothing else")
    return address


class Mailer:
    """Without a `server` nothing can be sent."""

    def __init__(self, server: MailServer | None = None) -> None:
        self.server = server

    def check(self, url: str) -> None:
        """Raises Refused."""
        if self.server is None:
            raise Refused("url", "no_mail", "this deployment sends no e-mail")
        check_address(url[len(SCHEME) :])

    async def send(self, url: str, id: str, body: bytes) -> Answer:
        """Send a message in a thread; what a server refuses is tried again like anything else."""
        if self.server is None:
            return Answer(None, "mail")
        try:
            await asyncio.to_thread(_send, self.server, letter(self.server.sender, url[len(SCHEME) :], id, body))
        except (smtplib.SMTPException, OSError):
            return Answer(None, "mail")
        return Answer(250)


def letter(sender: str, to: str, id: str, body: bytes) -> EmailMessage:
    found: dict[str, Any] = msgspec.json.decode(body)
    message = EmailMessage()
    message["From"] = sender
    message["To"] = to
    message["Subject"] = " ".join(str(found["data"].get("title", found["type"])).split())[:200]
    message["Date"] = formatdate()
    message["Message-ID"] = f"<{id}@{sender.rpartition('@')[2].rstrip('>')}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(str(found["data"].get("text", "")) + "\n")
    return message


def _send(server: MailServer, message: EmailMessage) -> None:
    context = ssl.create_default_context()
    if server.implicit_tls:
        client: smtplib.SMTP = smtplib.SMTP_SSL(server.host, server.port, timeout=PATIENCE_S, context=context)
    else:
        client = smtplib.SMTP(server.host, server.port, timeout=PATIENCE_S)
    with client:
        if not server.implicit_tls:
            client.ehlo()
            if client.has_extn("starttls") or not server.local:
                client.starttls(context=context)
        if server.user:
            client.login(server.user, server.password)
        client.send_message(message)
