"""How Kafka is spoken to: TLS, and who we are (SASL).

The settings are those of Kafka's own clients. `options` are aiokafka's, made once in each process.
"""

import asyncio
import ssl
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import httpx2
import msgspec
from aiokafka.abc import AbstractTokenProvider
from aiokafka.conn import create_conn
from aiokafka.errors import KafkaError

Protocol = Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]
Mechanism = Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER"]

# A new token is asked for so long before the old one ends.
EARLY_S = 60
TOKEN_WITHIN_S = 10.0
PROBE_MS = 5_000


class KafkaSecurity(msgspec.Struct, frozen=True):
    """`user` and `password` are the client id and the secret for `token_url` (OAUTHBEARER). `ca`: the certificates that
    are trusted (None: the system's)."""

    protocol: Protocol = "PLAINTEXT"
    mechanism: Mechanism = "PLAIN"
    user: str = ""
    password: str = ""
    token_url: str = ""
    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None

    def options(self) -> dict[str, Any]:
        """Raises OSError (ssl.SSLError is one) for files that cannot be read."""
        if self.protocol == "PLAINTEXT":
            return {}
        found: dict[str, Any] = {"security_protocol": self.protocol}
        if self.protocol in ("SSL", "SASL_SSL"):
            found["ssl_context"] = self._tls()
        if self.protocol in ("SASL_PLAINTEXT", "SASL_SSL"):
            found["sasl_mechanism"] = self.mechanism
            if self.mechanism == "OAUTHBEARER":
                found["sasl_oauth_token_provider"] = Tokens(self.token_url, self.user, self.password)
            else:
                found |= {"sasl_plain_username": self.user, "sasl_plain_password": self.password}
        return found

    def _tls(self) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=self.ca)
        if self.certificate is not None:
            context.load_cert_chain(self.certificate, self.key)
        return context


class _Token(msgspec.Struct):
    access_token: str
    expires_in: float = 300.0


class Tokens(AbstractTokenProvider):  # type: ignore[misc]
    """Tokens by OAuth 2's client credentials (RFC 6749, 4.4)."""

    def __init__(self, url: str, client: str, secret: str) -> None:
        self._url, self._client, self._secret = url, client, secret
        self._asking = asyncio.Lock()
        self._token, self._until = "", 0.0

    async def token(self) -> str:
        """Raises KafkaError, which names the address but nothing secret."""
        async with self._asking:
            if time.monotonic() >= self._until:
                found = await self._ask()
                self._token = found.access_token
                self._until = time.monotonic() + max(0.0, found.expires_in - EARLY_S)
            return self._token

    async def _ask(self) -> _Token:
        try:
            async with httpx2.AsyncClient(timeout=TOKEN_WITHIN_S) as http:
                answer = await http.post(
                    self._url, data={"grant_type": "client_credentials"}, auth=(self._client, self._secret)
                )
            answer.raise_for_status()
            return msgspec.json.decode(answer.content, type=_Token)
        except httpx2.HTTPStatusError as error:
            raise KafkaError(f"{self._url} gives no token: {error.response.status_code}") from None
        except (httpx2.HTTPError, msgspec.MsgspecError) as error:
            raise KafkaError(f"{self._url} gives no token: {type(error).__name__}") from None


async def refusal(bootstrap: str, options: Mapping[str, Any]) -> Exception | None:
    """Why a broker does not let us in: aiokafka tells of a wrong password only that no broker answers."""
    found: Exception | None = None
    for place in bootstrap.split(","):
        host, _, port = place.strip().rpartition(":")
        try:
            connection = await create_conn(host.strip("[]"), int(port), request_timeout_ms=PROBE_MS, **options)
        except (KafkaError, OSError, TimeoutError) as error:
            found = error
        else:
            connection.close()
            return None
    return found
