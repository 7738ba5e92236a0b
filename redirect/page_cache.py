"""The pages of codes that are not links, rendered once per version of a code."""

import pages
from decisions.response import Response, page_response
from redirect.bounded_cache import forget_oldest
from schemas.scan_options import Content

# Pages are up to 30 KB.
PAGES = 500


class PageCache:
    def __init__(self, limit: int = PAGES) -> None:
        self._limit = limit
        self._made: dict[tuple[int, int], Response] = {}

    def page(self, birth: int, version: int, content: Content) -> Response:
        """The page of a code. The first call takes a millisecond or two."""
        found = self._made.get((birth, version))
        if found is None:
            page = pages.render(content.type, content.data, content.design)
            forget_oldest(self._made, self._limit)
            found = self._made[birth, version] = page_response(page, "page", 200)
        return found


def page_file(content: Content, now_ms: int) -> Response | None:
    """The contact or calendar file that a page offers. Its download is not a scan."""
    page = pages.download(content.type, content.data, now_ms=now_ms)
    if page is None:
        return None
    response = page_response(page, "page", 200)
    return Response(response.outcome, response.status, response.headers, response.body, recorded=False)
