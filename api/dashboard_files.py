"""The dashboard's files, at the API's own origin: `/` and what it loads. Any other path of a view is the same page.

The files are built (`make setup`) and packaged beside the code; without them `/` says how to get them.
"""

from collections.abc import Awaitable, Callable
from importlib.resources import files
from mimetypes import guess_type
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

Handler = Callable[[Request], Awaitable[Response]]

# Views of the dashboard that have an address of their own; the page itself says what is not found.
VIEWS = ("/", "/codes", "/codes/{path:path}", "/reports", "/reports/{path:path}", "/settings", "/settings/{path:path}")
ASSETS = "/assets/{name}"

# Scripts, styles, pictures and answers of our own origin, and nothing else; no inline script or style.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self';"
    " connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": POLICY,
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
# Their names change with their content.
_FOREVER = "public, max-age=31536000, immutable"
_MISSING = (
    b"<!doctype html><title>Waymark</title><p>The dashboard is not built: run <code>make setup</code>."
    b" The API works: <a href=/docs>its documentation</a>."
)


def folder() -> Path:
    return Path(str(files("dashboard").joinpath("dist")))


def routes(built: Path) -> dict[str, Handler]:
    """Path -> handler. Files are read at the start, so that a build in between mixes no two versions."""
    assets = {path.name: path.read_bytes() for path in (built / "assets").glob("*") if path.is_file()}
    index = built / "index.html"
    page = index.read_bytes() if index.is_file() else _MISSING

    async def view(_: Request) -> Response:
        return Response(page, media_type="text/html", headers={**_HEADERS, "Cache-Control": "no-cache"})

    async def asset(request: Request) -> Response:
        name = request.path_params["name"]
        found = assets.get(name)
        if found is None:
            return Response(b"not found\n", 404, media_type="text/plain")
        kind = guess_type(name)[0] or "application/octet-stream"
        return Response(found, media_type=kind, headers={**_HEADERS, "Cache-Control": _FOREVER})

    return {**dict.fromkeys(VIEWS, view), ASSETS: asset}
