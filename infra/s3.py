"""Sign requests to an S3-compatible store (AWS Signature, version 4).

Pure but for `put`: the caller opens the connection. Only whole objects are put and only single ones are requested,
which is all that `codes` and `redirect` need, and which every such store understands.
"""

import hashlib
import hmac
import http.client
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import BinaryIO
from urllib.parse import parse_qs, quote, unquote, urlsplit

import msgspec

EMPTY = hashlib.sha256(b"").hexdigest()
# Of a body whose hash would need a second reading; TLS protects it on its way.
UNSIGNED = "UNSIGNED-PAYLOAD"
DEFAULT_REGION = "us-east-1"
_TIMEOUT_S = 30.0
# How much of an error is repeated.
_REASON = 300


class Bucket(msgspec.Struct, frozen=True):
    """A bucket, addressed by path (`host/bucket/key`)."""

    secure: bool
    host: str
    prefix: str
    access: str
    secret: str
    region: str = DEFAULT_REGION

    def path(self, key: str) -> str:
        return f"/{self.prefix}/{key}"

    def connect(self) -> http.client.HTTPConnection:
        """Not yet connected. Everything done with it blocks, and raises OSError or http.client.HTTPException."""
        kind = http.client.HTTPSConnection if self.secure else http.client.HTTPConnection
        return kind(self.host, timeout=_TIMEOUT_S)


def bucket(url: str) -> Bucket:
    """From `https://ACCESS:SECRET@host/bucket?region=eu-central-1`; the bucket may be followed by a folder in it.
    Raises ValueError, which never repeats the secret."""
    parts = urlsplit(url)
    prefix = parts.path.strip("/")
    if parts.scheme not in ("http", "https") or not parts.hostname or not prefix:
        raise ValueError("a bucket is https://ACCESS:SECRET@host/bucket?region=...")
    if not parts.username or not parts.password:
        raise ValueError("a bucket needs an access key and a secret before its host")
    region = parse_qs(parts.query).get("region", [DEFAULT_REGION])[0]
    host = parts.netloc.rpartition("@")[2]
    return Bucket(parts.scheme == "https", host, prefix, unquote(parts.username), unquote(parts.password), region)


def signed(
    bucket: Bucket, method: str, path: str, headers: Mapping[str, str], *, payload: str, now: datetime, query: str = ""
) -> dict[str, str]:
    """The headers to send: those given, and who asks and when. `payload` is the body's SHA-256 in hex, or UNSIGNED."""
    at = now.astimezone(UTC)
    stamp, day = f"{at:%Y%m%dT%H%M%SZ}", f"{at:%Y%m%d}"
    sent = {**headers, "Host": bucket.host, "x-amz-content-sha256": payload, "x-amz-date": stamp}
    lower = sorted((name.lower(), " ".join(value.split())) for name, value in sent.items())
    names = ";".join(name for name, _ in lower)
    request = "\n".join(
        [method, quote(path, safe="/-_.~"), query, *(f"{name}:{value}" for name, value in lower), "", names, payload]
    )
    scope = f"{day}/{bucket.region}/s3/aws4_request"
    to_sign = "\n".join(["AWS4-HMAC-SHA256", stamp, scope, hashlib.sha256(request.encode()).hexdigest()])
    key = f"AWS4{bucket.secret}".encode()
    for part in (day, bucket.region, "s3", "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    signature = hmac.digest(key, to_sign.encode(), "sha256").hex()
    credential = f"{bucket.access}/{scope}"
    return {
        **sent,
        "Authorization": f"AWS4-HMAC-SHA256 Credential={credential},SignedHeaders={names},Signature={signature}",
    }


def put(bucket: Bucket, key: str, body: BinaryIO, size: int, media: str, *, now: datetime) -> None:
    """Store an object, which replaces one with this key. Blocks; raises OSError."""
    path = bucket.path(key)
    headers = {"Content-Type": media, "Content-Length": str(size)}
    connection = bucket.connect()
    try:
        connection.request(
            "PUT", path, body=body, headers=signed(bucket, "PUT", path, headers, payload=UNSIGNED, now=now)
        )
        answer = connection.getresponse()
        said = answer.read(_REASON)
        if answer.status not in (200, 204):
            raise OSError(f"the bucket answered {answer.status}: {said.decode(errors='replace')}")
    except http.client.HTTPException as error:
        raise OSError(f"the bucket did not answer: {error!r}") from error
    finally:
        connection.close()
