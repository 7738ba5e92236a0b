"""The pages of codes that are no link: made once for each version of a code."""

import pages
from redirect.bounded_cache import forget_oldest
from redirect.response import Ending, showing
from schemas.scan_options import Content

# Pages are up to 30 KB.
PAGES = 500


class Contents:
    def __init__(self, limit: int = PAGES) -> None:
        self._limit = limit
        self._made: dict[tuple[int, int], Ending] = {}

    def page(self, birth: int, version: int, content: Content) -> Ending:
        """Takes a millisecond or two the first time."""
        found = self._made.get((birth, version))
        if found is None:
            page = pages.render(content.type, content.data, content.design)
            forget_oldest(self._made, self._limit)
            found = self._made[birth, version] = showing(page, "page", 200)
        return found


def file(content: Content, now_ms: int) -> Ending | None:
    """The contact or the date that a page offers: no visit of its own."""
    page = pages.download(content.type, content.data, now_ms=now_ms)
    if page is None:
        return None
    ending = showing(page, "page", 200)
    return Ending(ending.outcome, ending.status, ending.headers, ending.body, recorded=False)
