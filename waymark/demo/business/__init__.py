"""Mirador Roasters, who do not exist: three cafés and a roastery, their codes, and what they ask about them."""

from typing import Any

from waymark.demo.business.cafes import CAFES
from waymark.demo.business.campaigns import CAMPAIGNS, EVENTS
from waymark.demo.business.company import ONLINE, TRADE
from waymark.demo.business.packaging import PACKAGING
from waymark.demo.story import Story

STORIES: tuple[Story, ...] = (*CAFES, *PACKAGING, *CAMPAIGNS, *EVENTS, *ONLINE, *TRADE)
FOLDERS: tuple[str, ...] = tuple(dict.fromkeys(story.folder for story in STORIES))

STYLES: dict[str, dict[str, Any]] = {
    "Menu": {"shape": "rounded", "finder": "rounded", "color": "#17413c", "margin": 3},
    "Poster": {
        "shape": "dots",
        "finder": {"ring": "circle", "eye": "circle"},
        "gradient": {"type": "linear", "colors": ["#7a1f3d", "#c2410c"], "angle": 45},
        "margin": 3,
    },
    "Bag": {
        "shape": "classy",
        "finder": "leaf",
        "color": "#3b2417",
        "frame": {"caption": "Where is it from?", "color": "#3b2417"},
    },
}

_PEOPLE = {"metrics": ["scans", "visitors"], "timezone": "Europe/London", "kinds": ["human"]}
REPORTS: dict[str, dict[str, Any]] = {
    "Night owl, the campaign": _PEOPLE
    | {
        "date_range": "90d",
        "filters": [["is", "scan:utm_campaign", ["night-owl"]]],
        "compare": "previous_period",
        "dimensions": ["time:day"],
    },
    "Tables, this month": _PEOPLE
    | {"date_range": "month", "filters": [["is", "code:tag", ["menu"]]], "compare": "previous_period"},
    "Shops by country": _PEOPLE
    | {
        "date_range": "12mo",
        "filters": [["is", "code:tag", ["packaging"]]],
        "compare": "year_over_year",
        "dimensions": ["scan:country"],
    },
}
