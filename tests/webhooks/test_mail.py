"""webhooks: reports and thresholds by e-mail."""

import email
from email.policy import default

import msgspec
import pytest

from codes.errors import Refused
from tests.servers.mail import mail_server
from tests.webhooks.conftest import Hooks
from webhooks import deliveries
from webhooks.deliveries import Message
from webhooks.mail import Mailer, check_address
from webhooks.mail import mail_server as parsed

SENDER = "Waymark <qr@example.com>"
BODY = msgspec.json.encode({"type": "report", "data": {"title": "Posters: May\nBcc: x", "text": "DE  2\n.\nFR  1"}})


async def test_a_report_is_sent_and_tried_again(hooks: Hooks) -> None:
    async with mail_server() as server:
        hooks.mail(Mailer(parsed(f"smtp://localhost:{server.port}", SENDER)))
        server.refuses = True
        endpoint = await hooks.endpoint("report", url="mailto:team@example.com")
        plan = hooks.plans["unlimited"]
        await deliveries.put(hooks.redis, endpoint.id, Message("report_1", "report", BODY), plan, hooks.clock())
        async with hooks.working():
            await hooks.until_failed(endpoint)
            server.refuses = False
            hooks.clock.pass_by(60_000)
            await hooks.until(lambda: server.letters)
    letter = email.message_from_string(server.letters[0].removesuffix("\r\n.\r\n"), policy=default)
    assert (letter["To"], letter["From"]) == ("team@example.com", SENDER)
    # A title is one line: it makes no header.
    assert (letter["Subject"], letter["Bcc"]) == ("Posters: May Bcc: x", None)
    assert letter["Message-ID"] == "<report_1@example.com>"
    assert letter.get_content().splitlines() == ["DE  2", "..", "FR  1"], "a dot alone would end it"


@pytest.mark.parametrize(
    "address",
    [
        *("", "a", "a@b", "a@example.com,b@example.com", "a b@example.com", "a@example.com?bcc=b@example.com\n"),
        *("<a@example.com>", "a@exämple.com", f"{'a' * 250}@example.com", "a@example.com\r\nBcc: b@example.com"),
    ],
)
def test_an_address_is_one_and_nothing_else(address: str) -> None:
    with pytest.raises(Refused):
        check_address(address)


def test_servers() -> None:
    found = parsed("smtp://us%40er:p%3Aw@mail.example.com", SENDER)
    assert (found.host, found.port, found.user, found.password, found.implicit_tls) == (
        *("mail.example.com", 587, "us@er", "p:w", False),
    )
    assert parsed("smtps://mail.example.com", SENDER).port == 465
    for url in ("mail.example.com", "http://mail.example.com", "smtp://", "smtp://a:b:c", "smtp://a/b", "smtp://a?b"):
        with pytest.raises(ValueError, match="it takes an address"):
            parsed(url, SENDER)
