"""Read device, system and browser from a user agent, in the names that the APIs show."""

import hashlib
import re
from collections.abc import Callable, Mapping
from functools import cache
from importlib import resources

import msgspec
from ua_parser import Parser
from ua_parser.loaders import load_builtins
from ua_parser.regex import Resolver

from redirect.request_fields import clean, tidy
from schemas.event import Kind

# The kind of a scan: a person, a program, a link preview, or a browser's prefetch.

_PREFETCH = re.compile(rb"\b(?:prefetch|prerender|preview)\b", re.IGNORECASE)
PREFETCH_HEADERS = (b"sec-purpose", b"purpose", b"x-purpose", b"x-moz")


def known_agents(text: str) -> dict[str, re.Pattern[str]]:
    """The sections of the list `known_agents.txt`, in order, each as one pattern."""
    sections: dict[str, list[str]] = {}
    for line in text.splitlines():
        if line.startswith("["):
            lines = sections.setdefault(line.strip("[]"), [])
        elif line and not line.startswith("#"):
            lines.append(line)
    return {name: re.compile("|".join(lines), re.IGNORECASE) for name, lines in sections.items()}


_KNOWN = known_agents(resources.files("redirect").joinpath("known_agents.txt").read_text())


def kind_of_agent(agent: str) -> Kind:
    """The kind, by the user agent alone."""
    if not agent.strip():
        return "bot"
    if _KNOWN["preview"].search(agent):
        return "preview"
    if _KNOWN["bot"].search(agent):
        return "bot"
    return "human"


def is_prefetch(headers: Mapping[bytes, bytes]) -> bool:
    return any((value := headers.get(name)) is not None and _PREFETCH.search(value) for name in PREFETCH_HEADERS)


# Longer user agents are cut before they are parsed.
LONGEST_AGENT = 512


class Agent(msgspec.Struct, frozen=True):
    """A parsed user agent. `digest` replaces the whole text in the visitor hash."""

    kind: Kind
    device: str
    model: str
    os: str
    browser: str
    client: str
    digest: bytes


_BROWSERS = {
    "Mobile Safari": "Safari",
    "Mobile Safari UI/WKWebView": "Safari",
    "Chrome Mobile": "Chrome",
    "Chrome Mobile iOS": "Chrome",
    "Chrome Mobile WebView": "Chrome",
    "Chromium": "Chrome",
    "Firefox Mobile": "Firefox",
    "Firefox iOS": "Firefox",
    "Edge Mobile": "Edge",
    "Opera Mobile": "Opera",
    "Opera Touch": "Opera",
    "WeChat Browser": "WeChat",
}
# Apps with a built-in browser, which the parser takes for that browser.
_APPS = {
    "linkedinapp": "LinkedIn",
    "snapchat": "Snapchat",
    "viber/": "Viber",
    "kakaotalk": "KakaoTalk",
    "reddit/": "Reddit",
    "barcelona ": "Threads",
    "vkandroidapp": "VK",
    "alipayclient": "Alipay",
    "micromessenger": "WeChat",
}
_APP = re.compile("|".join(map(re.escape, _APPS)), re.IGNORECASE)
_SYSTEMS = {"Mac OS X": "macOS", "Mac OS": "macOS", "Chrome OS": "ChromeOS"}
_LINUX = {"Linux", "Ubuntu", "Debian", "Fedora", "CentOS", "Red Hat", "SUSE", "openSUSE", "Arch Linux", "Gentoo"}
_DESKTOPS = {"Windows", "macOS", "ChromeOS", "FreeBSD", "OpenBSD", "NetBSD", "Solaris", *_LINUX}
_PHONES = {"iOS", "Android", "Windows Phone", "Windows Mobile", "KaiOS", "BlackBerry OS", "Symbian OS", "HarmonyOS"}
_CLIENTS = {"iOS": "iOS", "iPadOS": "iOS", "Android": "Android", "macOS": "macOS", "Windows": "Windows"}
# Televisions, consoles and headsets: none of the three devices.
_BIG_SCREEN = re.compile(
    r"smart-?tv|\btv\b|appletv|googletv|hbbtv|webos\.tv|netcast|bravia|chromecast|crkey|\broku"
    r"|; ?aft\w{1,6}(?: build|\))|playstation|xbox|nintendo|oculusbrowser",
    re.IGNORECASE,
)
# Models that the parser does not know by name.
_SAMSUNG = re.compile(r"\b(?:SM|GT)-[A-Z]\d")
_PHONE = re.compile(r"\bmobile\b|\bphone\b|opera mini|opera mobi", re.IGNORECASE)
# Systems used by people that the parser does not know.
_RARE = re.compile(r"x11;|haiku|os/2|amiga|sailfish|openharmony", re.IGNORECASE)
_TABLET = re.compile(r"\bipad\b|\btablet\b|\bkindle\b|\bsilk\b(?!.*mobile)", re.IGNORECASE)


def _device(agent: str, os: str) -> str:
    if _BIG_SCREEN.search(agent):
        return ""
    if _TABLET.search(agent):
        return "tablet"
    if _PHONE.search(agent):
        return "mobile"
    if os == "Android":
        # Android says this of every phone.
        return "tablet"
    if os in _PHONES:
        return "mobile"
    return "desktop" if os in _DESKTOPS else ""


def _model(agent: str, family: str, brand: str, os: str, device: str) -> str:
    if family in {"iPad", "iPod", "Mac", "AppleTV", "Apple TV"} or (family == "iPhone" and os == "iOS"):
        return family
    if family.startswith("Pixel"):
        return "Pixel"
    if brand == "Samsung" or family.startswith(("Samsung", "Galaxy")) or _SAMSUNG.search(agent):
        return "Samsung"
    if os == "Android":
        return "Android"
    if os == "macOS":
        return "Mac"
    if os == "ChromeOS":
        return "Chromebook"
    return "PC" if device == "desktop" and (os == "Windows" or os in _LINUX) else ""


def _system(agent: str, family: str) -> str:
    os = _SYSTEMS.get(family, family)
    # One console claims to be like an iPhone.
    return "" if os == "Other" or (os == "iOS" and "Nintendo" in agent) else os


def _is_browser(agent: str, os: str, device: str) -> bool:
    """Browsers name their system; programs name themselves."""
    return bool(os or device or _BIG_SCREEN.search(agent) or _RARE.search(agent))


@cache
def _patterns() -> Resolver:
    """Takes half a second and 15 MB, and remembers nothing."""
    return Resolver(load_builtins())


def agent_reader() -> Callable[[bytes], Agent]:
    """Make the parser. The first one of a process loads its patterns."""
    parse = Parser(_patterns()).parse

    def read(raw: bytes) -> Agent:
        text = clean(raw, LONGEST_AGENT)
        kind = kind_of_agent(text)
        found = parse(text)
        os = _system(text, tidy(found.os.family, 48) if found.os else "")
        browser = tidy(found.user_agent.family, 48) if found.user_agent else ""
        browser = _BROWSERS.get(browser, browser)
        family = found.device.family if found.device else ""
        brand = (found.device.brand if found.device else "") or ""
        device = _device(text, os)
        if kind == "human" and (brand == "Spider" or not _is_browser(text, os, device)):
            kind = "bot"
        if kind == "human" and (app := _APP.search(text)):
            browser = _APPS[app[0].lower()]
        return Agent(
            kind=kind,
            device=device if kind == "human" else "",
            model=_model(text, family, brand, os, device) if kind == "human" else "",
            os=os,
            browser=browser,
            client=("Linux" if os in _LINUX else _CLIENTS.get(os, "other")) if kind == "human" else "Bot",
            digest=hashlib.blake2b(raw, digest_size=16).digest(),
        )

    return read
