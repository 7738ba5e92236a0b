"""A slash that is escaped (`%2F`) does not part a path: `/api/qr/codes/docs%2Fintro` names the code `docs/intro`.

ASGI's `path` no longer tells it from one that does. So in a path that has one it is another character until the route
is found, and a slash again in the route's parameters (`restored`).
"""

import re
from typing import Any
from urllib.parse import unquote

from starlette.types import ASGIApp, Receive, Scope, Send

# A control character: no path of ours has it.
_MARK = "\x1f"
_ESCAPED = re.compile(rb"%2f", re.IGNORECASE)


class EncodedSlashes:
    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        raw = scope.get("raw_path") or b""
        if scope["type"] == "http" and b"%2" in raw:
            marked, slashes = _ESCAPED.subn(b"%1F", raw.partition(b"?")[0])
            if slashes:
                scope = {**scope, "path": unquote(marked.decode("ascii"))}
        await self._app(scope, receive, send)


def restored(parameters: dict[str, Any]) -> dict[str, Any]:
    """A route's path parameters, as they were meant."""
    return {name: value.replace(_MARK, "/") for name, value in parameters.items()}
