"""Lists by page number, with the addresses of the next and the previous page."""

from urllib.parse import urlencode

import msgspec

from api.dialect import Call
from api.parameters import IntegerParameter, Parameter
from api.problems import not_found

# Not clamped to its pages: a page that does not exist is 404.
PAGE = IntegerParameter(
    name="page",
    where="query",
    description="The number of the page, from 1 on; 404 past the last.",
    schema={"type": "integer", "default": 1},
    default=1,
    low=0,
    high=10**12,
)
PAGE_SIZE = Parameter.integer("page_size", "How many on a page.", 25, 1, 100)


class Page(msgspec.Struct, frozen=True):
    """A page of a list: where it starts, and the addresses of its neighbours."""

    start: int
    size: int
    count: int
    next: str | None
    previous: str | None


def sent_page(call: Call, path: str, count: int) -> Page:
    """The page that was asked for, of a list of `count` entries at `path`. An empty list has one page. Raises Problem:
    404 past the last page."""
    number, size = PAGE.read(call.request), PAGE_SIZE.read(call.request)
    last = max(1, -(-count // size))
    if not 1 <= number <= last:
        raise not_found("page: there is no such page")
    return Page(
        start=(number - 1) * size,
        size=size,
        count=count,
        next=_address(call, path, number + 1) if number < last else None,
        previous=_address(call, path, number - 1) if number > 1 else None,
    )


def _address(call: Call, path: str, number: int) -> str:
    """The same request for another page."""
    others = [(name, value) for name, value in call.request.query_params.multi_items() if name != "page"]
    return f"{call.context.settings.api_url}{path}?{urlencode([('page', str(number)), *others])}"
