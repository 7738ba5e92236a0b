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
# The page of a shared view, for whoever has its link.
SHARED = "/shared/{token}"
ASSETS = "/assets/{name}"
# An empty document, which the dashboard fills with the preview of a page.
PREVIEW = "/preview"

# Scripts, styles, pictures and answers of our own origin, and nothing else; no inline script or style.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self';"
    " connect-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors "
)
_COMMON = {
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
_HEADERS = {**_COMMON, "Content-Security-Policy": f"{POLICY}'none'", "X-Frame-Options": "DENY"}
# The styles of a page are within it. Nothing runs there, and nothing is loaded.
_PREVIEW = {
    **_COMMON,
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none';"
    " form-action 'none'; frame-ancestors 'self'; sandbox allow-same-origin",
}
# Of a shared view that may be framed. It has no cookie, and can change nothing that a click could be led to.
_FRAMED = {**_COMMON, "Content-Security-Policy": f"{POLICY}*"}
_NOT_INDEXED = {"X-Robots-Tag": "noindex, nofollow, noarchive"}
# Their names change with their content.
_FOREVER = "public, max-age=31536000, immutable"
_MISSING = (
    b"<!doctype html><title>Waymark</title><p>The dashboard is not built: run <code>make setup</code>."
    b" The API works: <a href=/docs>its documentation</a>."
)


def folder() -> Path:
    return Path(str(files("dashboard").joinpath("dist")))


async def nobody(_: str) -> bool:
    return False


def routes(built: Path, may_be_framed: Callable[[str], Awaitable[bool]] = nobody) -> dict[str, Handler]:
    """Path -> handler. Files are read at the start, so that a build in between mixes no two versions. `may_be_framed`
    says it of the token of a shared view."""
    assets = {path.name: path.read_bytes() for path in (built / "assets").glob("*") if path.is_file()}
    index = built / "index.html"
    page = index.read_bytes() if index.is_file() else _MISSING

    async def view(_: Request) -> Response:
        return Response(page, media_type="text/html", headers={**_HEADERS, "Cache-Control": "no-cache"})

    async def shared(request: Request) -> Response:
        framed = await may_be_framed(request.path_params["token"])
        headers = {**(_FRAMED if framed else _HEADERS), **_NOT_INDEXED, "Cache-Control": "no-cache"}
        return Response(page, media_type="text/html", headers=headers)

    async def asset(request: Request) -> Response:
        name = request.path_params["name"]
        found = assets.get(name)
        if found is None:
            return Response(b"not found\n", 404, media_type="text/plain")
        kind = guess_type(name)[0] or "application/octet-stream"
        return Response(found, media_type=kind, headers={**_HEADERS, "Cache-Control": _FOREVER})

    async def preview(_: Request) -> Response:
        headers = {**_PREVIEW, "Cache-Control": "no-cache"}
        return Response("<!doctype html><title>Preview</title>", media_type="text/html", headers=headers)

    return {PREVIEW: preview, **dict.fromkeys(VIEWS, view), SHARED: shared, ASSETS: asset}
