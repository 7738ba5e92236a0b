"""Serve uploaded files at `/f/{key}/{name}`, from a folder or a bucket. A download is not a scan.

The key decides the content type (`schemas.files`), whatever the bytes or the name say; browsers are told not to sniff,
and to run nothing in the file.
"""

import asyncio
import http.client
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, Response, StreamingResponse

from infra import s3
from schemas.files import PREFIX, kind_of, parse_path, path_of

CHUNK = 64 * 1024
# Chromium's viewer shows documents in spite of it.
POLICY = "default-src 'none'; frame-ancestors 'none'; sandbox"
# The headers passed on from a bucket; all others are dropped.
_PASSED_ON = ("content-length", "content-range", "etag", "last-modified")
_ASKED = ("range", "if-range", "if-none-match", "if-modified-since")
_SINGLE_RANGE = re.compile(r"bytes=[0-9]*-[0-9]*")

__all__ = ["PREFIX", "from_bucket", "from_folder", "headers"]

Serve = Callable[[Request], Awaitable[Response]]


def headers(key: str, name: str) -> dict[str, str]:
    """The headers of every answer with this file."""
    kind = kind_of(key)
    assert kind is not None
    return {
        "content-type": kind.content_type,
        "content-disposition": f"inline; filename*=UTF-8''{quote(name, safe='')}",
        "content-security-policy": POLICY,
        "x-content-type-options": "nosniff",
        "cross-origin-resource-policy": "same-origin",
        "referrer-policy": "no-referrer",
        "x-robots-tag": "noindex",
        "accept-ranges": "bytes",
        "cache-control": "public, max-age=86400, immutable",
    }


def from_folder(folder: Path) -> Serve:
    async def serve(request: Request) -> Response:
        key, name = _asked(request)
        path = path_of(folder, key)
        try:
            found = await asyncio.to_thread(path.stat)
        except OSError:
            raise HTTPException(404) from None
        # The content behind a key never changes.
        tag = f'"{key[:32]}"'
        more = {**headers(key, name), "etag": tag}
        if tag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=more)
        return FileResponse(path, headers=more, media_type=more["content-type"], stat_result=found)

    return serve


def from_bucket(bucket: s3.Bucket, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> Serve:
    """Serve from a bucket, which stays private and never sees scanners. The bucket answers ranges."""

    def ask(
        method: str, key: str, asked: dict[str, str]
    ) -> tuple[http.client.HTTPConnection, http.client.HTTPResponse]:
        path = bucket.path(key)
        connection = bucket.connect()
        try:
            connection.request(
                method, path, headers=s3.signed(bucket, method, path, asked, payload=s3.EMPTY, now=now())
            )
            return connection, connection.getresponse()
        except BaseException:
            connection.close()
            raise

    async def serve(request: Request) -> Response:
        key, name = _asked(request)
        asked = {header: value for header in _ASKED if (value := request.headers.get(header))}
        if not _SINGLE_RANGE.fullmatch(asked.get("range", "bytes=0-")):
            # Servers may ignore multiple ranges, and stores differ in whether they support them.
            del asked["range"]
        try:
            connection, answer = await asyncio.to_thread(ask, request.method, key, asked)
        except (OSError, http.client.HTTPException):
            raise HTTPException(503, headers={"retry-after": "2"}) from None
        if answer.status not in (200, 206, 304, 416):
            await asyncio.to_thread(connection.close)
            # Stores answer 403 if the credentials may not list objects.
            raise HTTPException(404 if answer.status in (403, 404) else 503)
        said = {header: value for header in _PASSED_ON if (value := answer.getheader(header))}
        more = {**headers(key, name), **said}
        if answer.status == 416:
            await asyncio.to_thread(connection.close)
            return Response(status_code=416, headers={**more, "content-length": "0"})
        return StreamingResponse(_read(connection, answer), answer.status, headers=more)

    return serve


async def _read(connection: http.client.HTTPConnection, answer: http.client.HTTPResponse) -> AsyncIterator[bytes]:
    """The body, as fast as the client takes it."""
    try:
        while chunk := await asyncio.to_thread(answer.read, CHUNK):
            yield chunk
    finally:
        connection.close()


def _asked(request: Request) -> tuple[str, str]:
    asked = parse_path(request.scope["path"])
    if asked is None:
        raise HTTPException(404)
    return asked
