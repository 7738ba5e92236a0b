"""CORS: which pages of other origins may call the API, and which headers of its answers they may read.

None, unless the settings name them. The API knows no cookies: a page brings a key, so credentials are never allowed.
"""

import re
from collections.abc import Callable, Iterable

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

ANY = "*"
# How long a browser may cache a preflight: the most that any of them does.
KEEP_S = 7200

_ORIGIN = re.compile(r"https?://(?:[a-z0-9.-]+|\[[0-9a-f:]+\])(?::[1-9][0-9]{0,4})?")
_DEFAULT_PORT = re.compile(r"http://.*:80|https://.*:443")


def parse_origins(text: str) -> frozenset[str]:
    """Parse a comma-separated setting. Raises ValueError for what no browser sends as its origin."""
    found = frozenset(part.strip() for part in text.split(",") if part.strip())
    if found == {ANY}:
        return found
    for one in sorted(found):
        if not _ORIGIN.fullmatch(one) or _DEFAULT_PORT.fullmatch(one):
            raise ValueError(
                f"{one[:200]!r} is no origin as browsers send it: it takes https://app.example.com (in lower case, "
                "without path or the scheme's own port), several with commas between, or * alone for every page"
            )
    return found


def allow_origin(headers: MutableHeaders, origins: frozenset[str], origin: str | None, exposed: str) -> bool:
    """Whether a page of that origin may read the answer; sets the headers. `exposed` are the headers it may read."""
    if ANY not in origins:
        headers.add_vary_header("Origin")
    if origin is None or not {origin, ANY} & origins:
        return False
    headers["Access-Control-Allow-Origin"] = ANY if ANY in origins else origin
    headers["Access-Control-Expose-Headers"] = exposed
    return True


class Cors:
    """Around everything else, so that errors have the headers, too. `allowed_headers` are those that a caller of a path
    may send, `exposed_headers` those that it may read."""

    def __init__(
        self,
        app: ASGIApp,
        origins: frozenset[str],
        allowed_headers: Callable[[Scope], Iterable[str]],
        exposed_headers: str,
    ) -> None:
        self.app = app
        self.origins = origins
        self.allowed_headers = allowed_headers
        self.exposed_headers = exposed_headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        sent = Headers(scope=scope)
        preflight = scope["method"] == "OPTIONS" and "access-control-request-method" in sent

        async def sender(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                welcomed = allow_origin(headers, self.origins, sent.get("origin"), self.exposed_headers)
                if welcomed and preflight and message["status"] == 204:
                    headers["Access-Control-Allow-Methods"] = headers["Allow"]
                    headers["Access-Control-Allow-Headers"] = ", ".join(sorted(self.allowed_headers(scope)))
                    headers["Access-Control-Max-Age"] = str(KEEP_S)
            await send(message)

        await self.app(scope, receive, sender)
