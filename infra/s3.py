"""Sign requests to an S3-compatible store (AWS Signature, version 4).

Pure but for what says that it blocks: elsewhere the caller opens the connection. Only whole objects are put and only
single ones are requested, which every such store understands.
"""

import hashlib
import hmac
import html
import http.client
import re
from collections.abc import Iterator, Mapping
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
    # Of temporary credentials.
    token: str = ""

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
    if bucket.token:
        sent["x-amz-security-token"] = bucket.token
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


def ask(
    bucket: Bucket, method: str, key: str, *, now: datetime, body: bytes = b"", query: Mapping[str, str] | None = None
) -> bytes:
    """One request about an object, or with a query about all; the answer's body. Blocks. Raises FileNotFoundError for
    an object that is not there, else OSError."""
    path = bucket.path(key) if query is None else f"/{bucket.prefix.partition('/')[0]}"
    asked = "&".join(f"{name}={quote(value, safe='-_.~')}" for name, value in sorted((query or {}).items()))
    headers = {"Content-Length": str(len(body))} if method == "PUT" else {}
    payload = hashlib.sha256(body).hexdigest()
    sent = signed(bucket, method, path, headers, payload=payload, now=now, query=asked)
    connection = bucket.connect()
    try:
        connection.request(method, f"{path}?{asked}" if asked else path, body=body or None, headers=sent)
        answer = connection.getresponse()
        said = answer.read()
    except http.client.HTTPException as error:
        raise OSError(f"the bucket did not answer: {error!r}") from error
    finally:
        connection.close()
    if answer.status == 404 and query is None:
        raise FileNotFoundError(f"{key} is not in the bucket")
    if answer.status not in (200, 204):
        raise OSError(f"the bucket answered {answer.status}: {said[:_REASON].decode(errors='replace')}")
    return said


def listed(bucket: Bucket, under: str, *, now: datetime) -> Iterator[str]:
    """The keys that begin with `under`. Blocks; raises OSError. (The answer is XML of the store's own making; the keys
    are ours and need no parser.)"""
    folder = bucket.prefix.partition("/")[2]
    before = f"{folder}/" if folder else ""
    query = {"list-type": "2", "prefix": before + under}
    while True:
        said = ask(bucket, "GET", "", now=now, query=query).decode()
        for found in re.findall(r"<Key>([^<]*)</Key>", said):
            yield html.unescape(found).removeprefix(before)
        following = re.search(r"<NextContinuationToken>([^<]*)</NextContinuationToken>", said)
        if following is None:
            return
        query["continuation-token"] = html.unescape(following[1])
