"""Secrets and signatures after the Standard Webhooks specification.

No secret is stored. Each is derived from a key, the endpoint's id and the secret's number, so a dump of Redis that
lacks the key (WAYMARK_WEBHOOK_KEY) gives none away, and the owner can be shown it again. Without that setting the key
is one that Redis keeps.
"""

import hmac
from base64 import b64encode
from collections.abc import Mapping, Sequence
from hashlib import sha256
from secrets import token_bytes

from redis.asyncio import Redis

from codes.redis_client import command, raises_unavailable
from schemas import keys
from schemas.webhook import Endpoint, SecretVersion

PREFIX = "whsec_"
# How long the former secret signs, too, after a rotation, if nothing else is asked for; and at most.
OVERLAP_S = 24 * 3600
MAX_OVERLAP_S = 7 * 24 * 3600


class UnknownKey(Exception):
    """The secret was derived from a key that is not set here: WAYMARK_WEBHOOK_KEY has changed."""


class SigningKeys:
    """The keys that secrets are derived from, by their names."""

    def __init__(self, kept: bytes, own: str | None = None) -> None:
        self._kept = kept
        self._known = {_name(key): key for key in (kept, *([own.encode()] if own else []))}
        self.current = _name(own.encode() if own else kept)

    def secret(self, endpoint: str, version: SecretVersion) -> bytes:
        """Raises UnknownKey."""
        key = self._known.get(version.key)
        if key is None:
            raise UnknownKey(version.key)
        return hmac.digest(key, f"secret:{endpoint}:{version.number}".encode(), sha256)

    def shown(self, endpoint: Endpoint) -> str:
        """The newest secret, as its owner is told it. Raises UnknownKey."""
        return PREFIX + b64encode(self.secret(endpoint.id, endpoint.secrets[0])).decode()

    def valid(self, endpoint: Endpoint, now_ms: int) -> list[bytes]:
        """The secrets that sign now, the newest first. Raises UnknownKey when not even that one is known."""
        newest, *former = endpoint.secrets
        found = [self.secret(endpoint.id, newest)]
        for version in former:
            if version.key in self._known and version.until_ms is not None and now_ms < version.until_ms:
                found.append(self.secret(endpoint.id, version))
        return found

    def id(self, prefix: str, *parts: str | int) -> str:
        """An id that follows from `parts` and does not give them away."""
        text = "\0".join(map(str, (prefix, *parts)))
        return f"{prefix}_{hmac.digest(self._kept, text.encode(), sha256).hex()[:40]}"


def _name(key: bytes) -> str:
    return hmac.digest(key, b"name", sha256).hex()[:12]


@raises_unavailable
async def signing_keys(redis: Redis, own: str | None) -> SigningKeys:
    """The keys of this deployment; the first call makes the one that Redis keeps."""
    await command(redis, "SET", keys.WEBHOOKS_KEY, token_bytes(32), "NX")
    return SigningKeys(await command(redis, "GET", keys.WEBHOOKS_KEY), own)


def headers(secrets: Sequence[bytes], id: str, now_s: int, body: bytes) -> Mapping[str, str]:
    """The three headers of the specification. Each secret signs id, time and body."""
    signed = f"{id}.{now_s}.".encode() + body
    signatures = (b64encode(hmac.digest(secret, signed, sha256)).decode() for secret in secrets)
    return {
        "webhook-id": id,
        "webhook-timestamp": str(now_s),
        "webhook-signature": " ".join(f"v1,{signature}" for signature in signatures),
    }
