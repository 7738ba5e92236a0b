"""The cookie of a dashboard's session, and which requests may use it.

No other site can: the cookie is SameSite=Strict, and besides a request must come from our own pages. Those send a
header that a form cannot send and that CORS does not allow; what a browser asks for by itself (a picture, an event
stream) can only read, and says that it is of the same origin.
"""

from starlette.requests import Request
from starlette.responses import Response

from api.context import ApiContext
from api.problems import Problem
from codes.sessions import LONGEST_MS

HEADER = "x-waymark-dashboard"
_NAME = "waymark_session"
_LONGEST = 128


def _is_secure(context: ApiContext) -> bool:
    return context.settings.api_url.startswith("https:")


def _name(context: ApiContext) -> str:
    # The prefix makes browsers refuse one that another subdomain sets.
    return f"__Host-{_NAME}" if _is_secure(context) else _NAME


def read(request: Request, context: ApiContext) -> str | None:
    found = request.cookies.get(_name(context))
    return found if found and len(found) <= _LONGEST and found.isascii() else None


def check_origin(request: Request) -> None:
    """Raises Problem (403)."""
    if request.headers.get(HEADER) == "1":
        return
    if request.method in ("GET", "HEAD") and request.headers.get("sec-fetch-site") == "same-origin":
        return
    raise Problem(403, "forbidden", f"a session needs the header `{HEADER}: 1`, or a key in place of the session")


def write(response: Response, context: ApiContext, secret: str) -> None:
    response.set_cookie(
        _name(context),
        secret,
        max_age=LONGEST_MS // 1000,
        path="/",
        secure=_is_secure(context),
        httponly=True,
        samesite="strict",
    )


def clear(response: Response, context: ApiContext) -> None:
    response.delete_cookie(_name(context), path="/", secure=_is_secure(context), httponly=True, samesite="strict")
