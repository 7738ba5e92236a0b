"""Who scans: user agents as they are sent, from the files that the redirector's classification is tested with."""

import json
import random
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "tests" / "redirect" / "agents"

# How often a person's device is of which family.
_PEOPLE = {"phones": 55, "in_app": 20, "desktops": 18, "tablets": 6, "consoles": 1}
_OTHERS = {"previews": 45, "crawlers": 25, "monitoring": 15, "libraries": 10, "ai_crawlers": 5}

_LANGUAGES = ("en-GB,en;q=0.9", "en-US,en;q=0.9", "de-DE,de;q=0.9,en;q=0.6", "fr-FR,fr;q=0.8", "nl-NL", "ja-JP", "")
# Most scans come from a camera, which sends none.
_REFERRERS = ("", "", "", "", "", "https://t.co/x1", "https://www.google.com/", "https://www.example.com/menu?table=4")


def _read(family: str) -> list[str]:
    return [one["agent"] for one in json.loads((FOLDER / f"{family}.json").read_text())]


_AGENTS = {family: _read(family) for family in (*_PEOPLE, *_OTHERS)}


def person(dice: random.Random) -> dict[str, str]:
    headers = {"User-Agent": _of(_PEOPLE, dice), "Accept": "text/html"}
    if language := dice.choice(_LANGUAGES):
        headers["Accept-Language"] = language
    if referrer := dice.choice(_REFERRERS):
        headers["Referer"] = referrer
    return headers


def other(dice: random.Random) -> dict[str, str]:
    """A bot, or a program that shows a preview."""
    return {"User-Agent": _of(_OTHERS, dice)}


def _of(families: dict[str, int], dice: random.Random) -> str:
    [family] = dice.choices(list(families), weights=list(families.values()))
    return dice.choice(_AGENTS[family])
