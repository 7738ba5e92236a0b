"""Lists by page number, with the addresses of the pages before and after."""

from urllib.parse import urlencode

import msgspec

from api.dialect import Call
from api.parameters import IntegerParameter, Parameter
from api.problems import not_found

# Numbers below 1 are read, too: they are answered like those past the last.
PAGE = IntegerParameter(
    name="page",
    where="query",
    description="Which page, from 1 on; 404 past the last.",
    schema={"type": "integer", "default": 1},
    default=1,
    low=0,
    high=10**12,
)
PAGE_SIZE = Parameter.integer("page_size", "How many on a page.", 25, 1, 100)


class Place(msgspec.Struct, frozen=True):
    """A page of a list: where it starts, and the addresses of its neighbours."""

    start: int
    size: int
    count: int
    next: str | None
    previous: str | None


def asked(call: Call) -> tuple[int, int]:
    """Number and size of the page. Raises Problem (400)."""
    return PAGE.read(call.request), PAGE_SIZE.read(call.request)


def place(call: Call, path: str, count: int) -> Place:
    """The page of a list of `count` entries that the caller asks for; a list without any has one. Raises Problem: 404
    for one that is not there."""
    page, size = asked(call)
    last = max(1, -(-count // size))
    if not 1 <= page <= last:
        raise not_found("page: there is no such page")
    return Place(
        start=(page - 1) * size,
        size=size,
        count=count,
        next=_address(call, path, page + 1) if page < last else None,
        previous=_address(call, path, page - 1) if page > 1 else None,
    )


def _address(call: Call, path: str, page: int) -> str:
    """The same question about another page."""
    others = [(name, value) for name, value in call.request.query_params.multi_items() if name != "page"]
    return f"{call.context.settings.api_url}{path}?{urlencode([('page', str(page)), *others])}"
