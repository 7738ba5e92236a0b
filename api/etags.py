"""ETags and conditional requests: an answer about one code carries its ETag; a change may depend on it (If-Match).

The ETag is that of the stored code (`codes.etags`), not of a dialect's answer, so it is valid in all four APIs. An
answer that has counts of scans, too, appends a point and a hash of itself: a reader notices a new scan, while If-Match
compares only the part before the point, since a scan is no change of the code.
"""

import re
from hashlib import blake2b

from starlette.requests import Request
from starlette.responses import Response

from codes.etags import etag_of
from schemas.code import Code, StaticCode

_TAG = re.compile(r'(?P<weak>W/)?"(?P<tag>[\x21\x23-\x7e\x80-\xff]*)"')


def if_match(request: Request) -> frozenset[str] | None:
    """The ETags in If-Match, one of which the code must have when it is changed; None where any will do."""
    sent = request.headers.getlist("if-match")
    if not sent or any(part.strip() == "*" for part in sent):
        return None
    # A weak ETag does not guarantee what a change needs.
    return frozenset(found["tag"].partition(".")[0] for found in _TAG.finditer(",".join(sent)) if not found["weak"])


def set_code_etag(request: Request, code: Code | StaticCode, *, alone: bool = True) -> None:
    """Give the answer the ETag of this code; `alone`: nothing else in the answer changes."""
    set_etag(request, etag_of(code), alone=alone)


def set_etag(request: Request, tag: str, *, alone: bool = True) -> None:
    """Give the answer an ETag of its own: an image has that of its bytes."""
    request.state.tag = tag
    request.state.tagged_alone = alone


def with_etag(request: Request, response: Response) -> Response:
    """Add the ETag; or answer 304 to a reader who has it already."""
    tag: str | None = getattr(request.state, "tag", None)
    if tag is None or response.status_code >= 300:
        return response
    if not request.state.tagged_alone:
        tag = f"{tag}.{blake2b(response.body, digest_size=6).hexdigest()}"
    response.headers["ETag"] = f'"{tag}"'
    if request.method != "GET":
        return response
    sent = request.headers.getlist("if-none-match")
    has = any(part.strip() == "*" for part in sent) or any(
        found["tag"] == tag for found in _TAG.finditer(",".join(sent))
    )
    if not has:
        return response
    return Response(status_code=304, headers={name: response.headers[name] for name in ("ETag", "Cache-Control")})
