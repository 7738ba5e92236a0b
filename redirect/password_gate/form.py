"""Read the password from a submitted form, within bounds."""

import asyncio
from collections.abc import Mapping
from urllib.parse import parse_qsl, urlsplit

from redirect.asgi import Receive

LONGEST_BODY = 4096
PATIENCE_S = 10.0
_FIELDS = 8


class BadForm(Exception):
    """The request is no password form; `status` is the answer's HTTP status."""

    def __init__(self, status: int) -> None:
        super().__init__(str(status))
        self.status = status


def is_foreign(headers: Mapping[bytes, bytes], own_host: str) -> bool:
    """Whether a page of another site sent the form. Programs send no origin, and are allowed."""
    site = headers.get(b"sec-fetch-site")
    if site is not None:
        return site not in (b"same-origin", b"none")
    origin = headers.get(b"origin")
    if origin is None:
        return False
    try:
        host = urlsplit(origin.decode("latin-1")).netloc.lower()
    except ValueError:
        return True
    return host not in (headers.get(b"host", b"").decode("latin-1").lower(), own_host)


async def password(headers: Mapping[bytes, bytes], receive: Receive) -> str:
    """Read the password. Raises BadForm. Reads no more than a form needs, and waits no longer than a slow phone
    takes."""
    kind = headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
    if kind != b"application/x-www-form-urlencoded":
        raise BadForm(415)
    try:
        async with asyncio.timeout(PATIENCE_S):
            body = await _body(receive)
    except TimeoutError:
        raise BadForm(408) from None
    try:
        fields = parse_qsl(body.decode("latin-1"), keep_blank_values=True, errors="replace", max_num_fields=_FIELDS)
    except ValueError:
        raise BadForm(400) from None
    return dict(reversed(fields)).get("password", "")


async def _body(receive: Receive) -> bytes:
    body = b""
    more = True
    while more:
        message = await receive()
        if message["type"] != "http.request":
            raise BadForm(400)
        body += message.get("body", b"")
        if len(body) > LONGEST_BODY:
            raise BadForm(413)
        more = message.get("more_body", False)
    return body
