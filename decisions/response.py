"""The response to a scan: the outcome to record, and the HTTP answer."""

import msgspec

import pages
from schemas.event import Outcome

NO_STORE = (b"cache-control", b"no-store")
EMPTY = (b"content-length", b"0")

# How a line says that neither a variant nor a rule was taken.
NO_VARIANT = b'""'

Headers = tuple[tuple[bytes, bytes], ...]


class Response(msgspec.Struct, frozen=True, gc=False):
    """A response. `variant` is the key of the variant or rule taken, as JSON. Responses that are not `recorded` are not
    scans of the code: a file of its page, a request to try again later. A `notice` is one of our pages, in English and
    without a branding: `redirect.branded_pages` gives the visitor's."""

    outcome: Outcome
    status: int
    headers: Headers
    body: bytes = b""
    variant: bytes = NO_VARIANT
    recorded: bool = True
    notice: pages.Kind | None = None


def redirect_to(
    location: bytes, outcome: Outcome = "redirect", *, variant: bytes = NO_VARIANT, status: int = 302
) -> Response:
    return Response(outcome, status, ((b"location", location), NO_STORE, EMPTY), variant=variant)


def page_response(page: pages.Page, outcome: Outcome, status: int, *more: tuple[bytes, bytes]) -> Response:
    return Response(outcome, status, (*page.headers, *more), page.body)


def notice_response(notice: pages.Kind, outcome: Outcome, status: int, *more: tuple[bytes, bytes]) -> Response:
    return msgspec.structs.replace(page_response(pages.notice(notice), outcome, status, *more), notice=notice)


def with_headers(response: Response, *more: tuple[bytes, bytes]) -> Response:
    return msgspec.structs.replace(response, headers=(*response.headers, *more))


def see_other(response: Response) -> Response:
    """The same redirect as the answer to a form, to be followed with GET."""
    return msgspec.structs.replace(response, status=303) if response.status == 302 else response
