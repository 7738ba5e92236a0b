"""Kafka by TLS and SASL: a real broker lets in who may, and what it says to others is one clear line."""

import asyncio
import base64
import json
import secrets
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest
from aiokafka.errors import KafkaError

from aggregator.kafka_bus import KafkaBus
from drill.kafka import started
from drill.secure_kafka import PASSWORD, SecureKafka
from harness.certificates import self_signed
from ingest.kafka_security import KafkaSecurity, Mechanism, Tokens
from ingest.kafka_topic import ensure
from ingest.shipper import ShipSettings, ShipStatus, ship
from tests.ingest.events import REST, open_journal
from tests.servers import require
from waymark.checks.engines import engines
from waymark.settings import BadSetting, Settings, read


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecureKafka]:
    require.programs("java", "mvn", why="a Kafka broker")
    with started(SecureKafka(tmp_path_factory.mktemp("kafka") / "kafka")) as one:
        yield one


def by_user(broker: SecureKafka, mechanism: Mechanism = "SCRAM-SHA-512", password: str = PASSWORD) -> KafkaSecurity:
    return KafkaSecurity("SASL_SSL", mechanism, "waymark", password, ca=broker.certificate)


def topic() -> str:
    return f"scans-{secrets.token_hex(4)}"


@asynccontextmanager
async def token_server(status: int = 200) -> AsyncIterator[tuple[str, list[bytes]]]:
    """Gives tokens that nobody has signed, as a broker takes them that is not told whose to take. What it was asked."""
    asked: list[bytes] = []

    def part(value: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        asked.append(head + await reader.readexactly(len("grant_type=client_credentials")))
        claims = {"sub": "waymark", "iat": int(time.time()) - 5, "exp": int(time.time()) + 600}
        body = json.dumps({"access_token": f"{part({'alg': 'none'})}.{part(claims)}.", "expires_in": 600}).encode()
        writer.write(b"HTTP/1.1 %d x\r\ncontent-length: %d\r\nconnection: close\r\n\r\n%s" % (status, len(body), body))
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/token", asked


async def is_let_in(bootstrap: str, security: KafkaSecurity) -> None:
    """With all that an aggregator and its topic need."""
    bus = KafkaBus(bootstrap, topic(), "group", time.monotonic, security=security.options())
    await bus.open()
    await bus.close()


@pytest.mark.kafka
@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"])
async def test_a_user_is_let_in_with_the_password(broker: SecureKafka, mechanism: Mechanism) -> None:
    await is_let_in(broker.sasl, by_user(broker, mechanism))


@pytest.mark.kafka
async def test_a_client_is_let_in_with_a_token_that_is_asked_for_once(broker: SecureKafka) -> None:
    async with token_server() as (url, asked):
        security = KafkaSecurity("SASL_SSL", "OAUTHBEARER", "waymark", PASSWORD, url, broker.certificate)
        await is_let_in(broker.sasl, security)
    assert len(asked) == 1 and b"grant_type=client_credentials" in asked[0]
    assert base64.b64encode(f"waymark:{PASSWORD}".encode()) in asked[0]


@pytest.mark.kafka
async def test_a_machine_is_let_in_with_its_certificate(broker: SecureKafka) -> None:
    trusting = KafkaSecurity("SSL", ca=broker.certificate, certificate=broker.certificate)
    await is_let_in(broker.tls, trusting)
    with pytest.raises(KafkaError):
        await ensure(broker.tls, topic(), security=KafkaSecurity("SSL", ca=broker.certificate).options())


@pytest.mark.kafka
async def test_scans_are_shipped_by_tls_and_scram(broker: SecureKafka, tmp_path: Path) -> None:
    journal = open_journal(tmp_path / "journal")
    for _ in range(20):
        journal.append(REST)
    journal.close()
    settings = ShipSettings(
        journal=tmp_path / "journal", bootstrap=broker.sasl, topic=topic(), security=by_user(broker).options()
    )
    stop, status = asyncio.Event(), ShipStatus()
    shipping = asyncio.create_task(ship(settings, stop, status))
    async with asyncio.timeout(60):
        while not status.records:  # noqa: ASYNC110 (of another task, which sets no event)
            await asyncio.sleep(0.05)
    stop.set()
    await shipping
    assert status.connected is False and status.bytes


@pytest.mark.kafka
async def test_who_is_not_let_in_is_told_why_in_one_line(broker: SecureKafka, tmp_path: Path) -> None:
    own = self_signed(tmp_path / "other.pem")
    for security, why in (
        (by_user(broker, password="another"), "Authentication failed"),
        (by_user(broker, "PLAIN", "another"), "Invalid username or password"),
        (msgspec.structs.replace(by_user(broker), ca=own), "CERTIFICATE_VERIFY_FAILED"),
    ):
        with pytest.raises(KafkaError) as caught:
            await ensure(broker.sasl, topic(), security=security.options())
        said = str(caught.value)
        assert why in said and "\n" not in said and "another" not in said, said
    settings = Settings(
        data=tmp_path / "data",
        kafka_bootstrap=broker.sasl,
        kafka_security="SASL_SSL",
        kafka_mechanism="SCRAM-SHA-512",
        kafka_user="waymark",
        kafka_password="another",
        kafka_ca=broker.certificate,
    )
    found = [finding async for finding in engines(settings) if finding.about == "kafka"]
    assert len(found) == 1 and "Authentication failed" in found[0].text, found


async def test_a_refused_token_names_the_address_and_no_secret() -> None:
    async with token_server(401) as (url, _):
        with pytest.raises(KafkaError, match="gives no token: 401") as caught:
            await Tokens(url, "waymark", PASSWORD).token()
    assert PASSWORD not in str(caught.value)


@pytest.mark.parametrize(
    ("environ", "named"),
    [
        ({"WAYMARK_KAFKA_SECURITY": "SASL_SSL"}, "WAYMARK_KAFKA_USER"),
        ({"WAYMARK_KAFKA_SECURITY": "TLS"}, "WAYMARK_KAFKA_SECURITY"),
        ({"WAYMARK_KAFKA_USER": "waymark"}, "WAYMARK_KAFKA_USER"),
        ({"WAYMARK_KAFKA_CA": "/nowhere.pem", "WAYMARK_KAFKA_SECURITY": "SSL"}, "WAYMARK_KAFKA_CA"),
        ({"WAYMARK_KAFKA_CA": __file__}, "WAYMARK_KAFKA_CA"),
        ({"WAYMARK_KAFKA_KEY": __file__, "WAYMARK_KAFKA_SECURITY": "SSL"}, "WAYMARK_KAFKA_KEY"),
        (
            {
                "WAYMARK_KAFKA_SECURITY": "SASL_SSL",
                "WAYMARK_KAFKA_MECHANISM": "OAUTHBEARER",
                "WAYMARK_KAFKA_USER": "a",
                "WAYMARK_KAFKA_PASSWORD": "b",
            },
            "WAYMARK_KAFKA_TOKEN_URL",
        ),
    ],
)
def test_settings_that_do_not_fit_together_are_named(environ: dict[str, str], named: str) -> None:
    with pytest.raises(BadSetting, match=named):
        read(environ)
