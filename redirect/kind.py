"""What made a visit: a person, a program, a link preview, or a browser loading ahead of a click."""

import re
from collections.abc import Mapping
from importlib import resources

from schemas.event import Kind

_PREFETCH = re.compile(rb"\b(?:prefetch|prerender|preview)\b", re.IGNORECASE)
PREFETCH_HEADERS = (b"sec-purpose", b"purpose", b"x-purpose", b"x-moz")


def known_agents(text: str) -> dict[str, re.Pattern[str]]:
    """The sections of the kept list, in its order, each as one pattern."""
    sections: dict[str, list[str]] = {}
    for line in text.splitlines():
        if line.startswith("["):
            lines = sections.setdefault(line.strip("[]"), [])
        elif line and not line.startswith("#"):
            lines.append(line)
    return {name: re.compile("|".join(lines), re.IGNORECASE) for name, lines in sections.items()}


_KNOWN = known_agents(resources.files("redirect").joinpath("known_agents.txt").read_text())


def kind_of_agent(agent: str) -> Kind:
    """By the user agent alone."""
    if not agent.strip():
        return "bot"
    if _KNOWN["preview"].search(agent):
        return "preview"
    if _KNOWN["bot"].search(agent):
        return "bot"
    return "human"


def is_prefetch(headers: Mapping[bytes, bytes]) -> bool:
    return any((value := headers.get(name)) is not None and _PREFETCH.search(value) for name in PREFETCH_HEADERS)
