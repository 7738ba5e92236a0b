"""What the redirector is compared with: the least that an ASGI app can do, and the usual way.

Neither looks anything up and neither records anything.
"""

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

DESTINATION = "https://www.example.com/landing"


async def bare(scope: Scope, receive: Receive, send: Send) -> None:
    """A constant 302."""
    if scope["type"] != "http":
        return
    await send(
        {
            "type": "http.response.start",
            "status": 302,
            "headers": [
                (b"location", DESTINATION.encode()),
                (b"cache-control", b"no-store"),
                (b"content-length", b"0"),
            ],
        }
    )
    await send({"type": "http.response.body", "body": b""})


async def _redirect(request: Request) -> RedirectResponse:
    return RedirectResponse(DESTINATION, status_code=302, headers={"cache-control": "no-store"})


usual = Starlette(routes=[Route("/{slug}", _redirect)])
