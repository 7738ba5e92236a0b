"""Headers of scanners: a few fixed phones and desktops (`HEADERS`), and a realistic mix of people and bots, drawn from
the user agents that test the redirector's classification."""

import json
import random
from functools import cache
from pathlib import Path

PHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/17.5 Mobile/15E148 Safari/604.1"
)
PIXEL = (
    "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 "
    "Mobile Safari/537.36"
)
_SAMSUNG = (
    "Mozilla/5.0 (Linux; Android 13; SM-S911B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/25.0 "
    "Chrome/121.0.0.0 Mobile Safari/537.36"
)
_IPAD = (
    "Mozilla/5.0 (iPad; CPU OS 16_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/16.6 "
    "Mobile/15E148 Safari/604.1"
)
_WINDOWS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36"
)
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0"

HEADERS: tuple[dict[str, str], ...] = (
    {"User-Agent": PHONE, "Accept": "text/html", "Accept-Language": "en-GB,en;q=0.9"},
    {"User-Agent": PIXEL, "Accept": "text/html", "Accept-Language": "de-DE,de;q=0.9", "Referer": "https://t.co/x1"},
    {"User-Agent": _SAMSUNG, "Accept": "text/html", "Accept-Language": "fr-FR,fr;q=0.8,en;q=0.5"},
    {"User-Agent": _IPAD, "Accept": "text/html", "Accept-Language": "en-US,en;q=0.9"},
    {"User-Agent": _WINDOWS, "Accept": "text/html", "Accept-Language": "en-GB", "Referer": "https://www.example.com/"},
    {"User-Agent": FIREFOX, "Accept": "text/html", "Accept-Language": "nl-NL,nl;q=0.7"},
)


_FAMILIES = Path(__file__).parents[1] / "tests" / "redirect" / "agents"

# Weights of the families of devices, and of programs.
_PEOPLE = {"phones": 55, "in_app": 20, "desktops": 18, "tablets": 6, "consoles": 1}
_OTHERS = {"previews": 45, "crawlers": 25, "monitoring": 15, "libraries": 10, "ai_crawlers": 5}

_LANGUAGES = ("en-GB,en;q=0.9", "en-US,en;q=0.9", "de-DE,de;q=0.9,en;q=0.6", "fr-FR,fr;q=0.8", "nl-NL", "ja-JP", "")
# Most scans come from a camera app, which sends no referrer.
_REFERRERS = ("", "", "", "", "", "https://t.co/x1", "https://www.google.com/", "https://www.example.com/menu?table=4")


@cache
def _agents(family: str) -> list[str]:
    return [one["agent"] for one in json.loads((_FAMILIES / f"{family}.json").read_text())]


def person(dice: random.Random) -> dict[str, str]:
    """The headers of a phone, tablet or desktop."""
    headers = {"User-Agent": _drawn(_PEOPLE, dice), "Accept": "text/html"}
    if language := dice.choice(_LANGUAGES):
        headers["Accept-Language"] = language
    if referrer := dice.choice(_REFERRERS):
        headers["Referer"] = referrer
    return headers


def other(dice: random.Random) -> dict[str, str]:
    """The headers of a bot or a link preview."""
    return {"User-Agent": _drawn(_OTHERS, dice)}


def _drawn(families: dict[str, int], dice: random.Random) -> str:
    [family] = dice.choices(list(families), weights=list(families.values()))
    return dice.choice(_agents(family))
