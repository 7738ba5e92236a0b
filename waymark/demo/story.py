"""One code of the demonstration, and the shapes that its scans have: by hour, weekday and month."""

from typing import Any

import msgspec

from schemas.scan_options import Query

# How many days the demonstration looks back. "A year ago" is in it for each day of the last quarter.
DAYS = 456


class Story(msgspec.Struct, frozen=True, kw_only=True):
    """A code, and how its life went. Days are counted back from today; `hours` are local, `weekdays` from Monday,
    `season` from January."""

    label: str
    folder: str
    # Scans of a day, beside those of the other codes.
    rate: float
    # "" for a page.
    to: str = ""
    type: str = "website"
    content: dict[str, Any] | None = None
    page_design: dict[str, Any] | None = None
    slug: str | None = None
    aliases: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    style: str = ""
    # Where it leads, the weight, and the name of it.
    variants: tuple[tuple[str, int, str], ...] = ()
    # Conditions as users write them, where it leads, and the name of it.
    rules: tuple[tuple[dict[str, Any], str, str], ...] = ()
    utm: tuple[str, str, str] = ("", "", "")
    query: Query = "drop"
    password: str | None = None
    scan_limit: int | None = None
    locked: bool = False
    began: int = DAYS - 1
    # From then on it is expired, or paused; some still try.
    expired: int | None = None
    paused: int | None = None
    # Opens so many days from now.
    opens: int | None = None
    # By how much a day's scans multiply from the first day to the last.
    growth: float = 1.0
    season: tuple[float, ...] = (1.0,) * 12
    weekdays: tuple[float, ...] = (1.0,) * 7
    hours: tuple[tuple[int, float], ...]
    # Days around which there were many more, and how many times more.
    bursts: tuple[tuple[int, float], ...] = ()
    # A day on which a crawler went mad.
    crawled: int | None = None
    # Countries or cities where it is mostly scanned.
    home: tuple[str, ...] = ()
    # Percent of the scans that come by a picture; and its prints, with how often each is scanned.
    printed: int = 97
    placements: tuple[tuple[str, int], ...] = (("", 1),)


MEALS = ((8, 2.0), (9, 4.0), (10, 4.0), (11, 4.0), (12, 6.0), (13, 5.0), (14, 3.0), (15, 4.0), (16, 4.0), (17, 2.0))
COMMUTE = ((6, 1.0), (7, 4.0), (8, 6.0), (9, 3.0), (12, 2.0), (16, 2.0), (17, 5.0), (18, 5.0), (19, 2.0), (22, 0.5))
KITCHEN = ((6, 1.0), (7, 4.0), (8, 5.0), (9, 4.0), (10, 3.0), (12, 1.0), (15, 2.0), (16, 2.0), (18, 1.5), (20, 1.0))
EVENINGS = ((9, 0.5), (12, 1.5), (15, 1.5), (17, 2.0), (19, 4.0), (20, 5.0), (21, 5.0), (22, 3.0), (23, 1.0), (0, 0.4))
WORKING = ((8, 1.5), (9, 4.0), (10, 5.0), (11, 4.0), (13, 3.0), (14, 5.0), (15, 4.0), (16, 3.0), (17, 1.0), (20, 0.4))
DAYTIME = ((10, 2.0), (11, 4.0), (12, 5.0), (13, 4.0), (14, 4.0), (15, 4.0), (16, 3.0), (17, 2.0), (18, 1.0))

EVERY_DAY = (1.0, 1.0, 1.0, 1.1, 1.2, 1.3, 1.2)
WEEKENDS = (0.6, 0.6, 0.7, 0.8, 1.2, 2.0, 1.8)
OFFICE = (1.1, 1.2, 1.2, 1.1, 0.9, 0.2, 0.15)

EVEN = (1.0,) * 12
OUTDOORS = (0.5, 0.6, 0.8, 1.0, 1.3, 1.5, 1.6, 1.5, 1.2, 0.9, 0.6, 0.6)
WINTER = (1.2, 1.1, 1.0, 0.9, 0.8, 0.7, 0.6, 0.7, 0.9, 1.1, 1.3, 1.7)
SHOPS = (0.8, 0.8, 0.9, 0.9, 0.9, 0.9, 0.8, 0.8, 1.0, 1.1, 1.4, 1.8)
