"""Conditional requests: an answer about one code carries its tag, a change can be made to depend on it.

The tag says what the code is (`codes.etags`), not how a dialect shows it, so it can be taken from one API to another.
Where an answer has counts of scans too, its tag goes on after a point with a hash of the answer: a reader is told of a
new scan, and for a change only the part before the point matters, since a scan is no change of the code.
"""

import re
from hashlib import blake2b

from starlette.requests import Request
from starlette.responses import Response

from codes.etags import etag_of
from schemas.code import Code, StaticCode

_TAG = re.compile(r'(?P<weak>W/)?"(?P<tag>[\x21\x23-\x7e\x80-\xff]*)"')


def if_match(request: Request) -> frozenset[str] | None:
    """The tags in If-Match, of which the code must have one at the moment of its change; None where any will do."""
    sent = request.headers.getlist("if-match")
    if not sent or any(part.strip() == "*" for part in sent):
        return None
    # Weak tags say less than a change needs to know.
    return frozenset(found["tag"].partition(".")[0] for found in _TAG.finditer(",".join(sent)) if not found["weak"])


def set_code_etag(request: Request, code: Code | StaticCode, *, alone: bool = True) -> None:
    """Said by a handler whose answer is about this code; `alone` when nothing else is in it that changes."""
    set_etag(request, etag_of(code), alone=alone)


def set_etag(request: Request, tag: str, *, alone: bool = True) -> None:
    """The same for an answer that has a tag of its own: a picture's is that of its bytes."""
    request.state.tag = tag
    request.state.tagged_alone = alone


def with_etag(request: Request, response: Response) -> Response:
    """The answer with its tag; or 304, for a reader who has it already."""
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
