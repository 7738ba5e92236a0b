"""What kind of visit each request makes: the first that fits of prefetch, HEAD, preview, bot, human."""

import json
from collections import Counter
from pathlib import Path

import pytest

from redirect.user_agent import agent_reader
from schemas.event import decode_event, seal
from tests.redirect.recording import ROUTE, cached_route, recording, request_of
from tests.redirect.scanner import IPHONE

FAMILIES = {path.stem: json.loads(path.read_text()) for path in (Path(__file__).parent / "agents").glob("*.json")}

READ = agent_reader()
SLACK = "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)"
CURL = "curl/8.5.0"

# Method, headers, and what it is.
VISITS: list[tuple[str, dict[str, str], str]] = [
    ("GET", {}, "human"),
    ("GET", {"sec-purpose": "prefetch"}, "prefetch"),
    ("GET", {"sec-purpose": "prefetch;prerender"}, "prefetch"),
    ("GET", {"sec-purpose": "prefetch;anonymous-client-ip"}, "prefetch"),
    ("GET", {"sec-purpose": "Prefetch; Prerender"}, "prefetch"),
    ("GET", {"sec-purpose": ""}, "human"),
    ("GET", {"sec-purpose": "none"}, "human"),
    ("GET", {"purpose": "prefetch"}, "prefetch"),
    ("GET", {"purpose": "prerender"}, "prefetch"),
    ("GET", {"purpose": "PREFETCH"}, "prefetch"),
    ("GET", {"purpose": "research"}, "human"),
    ("GET", {"x-purpose": "preview"}, "prefetch"),
    ("GET", {"x-purpose": "instant"}, "human"),
    ("GET", {"x-moz": "prefetch"}, "prefetch"),
    ("GET", {"x-moz": "livebookmarks"}, "human"),
    ("GET", {"purpose": "none", "x-moz": "prefetch"}, "prefetch"),
    ("GET", {"sec-fetch-mode": "navigate", "sec-fetch-user": "?1"}, "human"),
    ("HEAD", {}, "bot"),
    ("HEAD", {"sec-purpose": "prefetch"}, "prefetch"),
    ("HEAD", {"user-agent": SLACK}, "bot"),
    ("GET", {"user-agent": SLACK}, "preview"),
    ("GET", {"user-agent": SLACK, "x-moz": "prefetch"}, "prefetch"),
    ("GET", {"user-agent": CURL}, "bot"),
    ("GET", {"user-agent": CURL, "purpose": "prefetch"}, "prefetch"),
    ("GET", {"user-agent": ""}, "bot"),
]


@pytest.mark.parametrize(("method", "headers", "kind"), VISITS)
def test_the_first_that_fits(method: str, headers: dict[str, str], kind: str) -> None:
    event = decode_event(recorded(method, {"user-agent": IPHONE, **headers}))
    assert event.kind == kind
    assert (event.client == "Bot") == (kind != "human")


def test_no_header_at_all_is_no_person() -> None:
    assert decode_event(recorded("GET", {})).kind == "bot"


def recorded(method: str, headers: dict[str, str]) -> bytes:
    lines: list[bytes] = []

    said = [(name.encode(), value.encode()) for name, value in headers.items()]
    recording(lines.append)(cached_route(ROUTE, "s.example"), request_of(method=method, headers=said))
    return seal(b"[1,1," + lines[0])


def test_the_fixtures_are_many_and_each_stands_once() -> None:
    every = Counter(case["agent"] for family in FAMILIES.values() for case in family)
    assert every.total() >= 150
    assert every.most_common(1)[0][1] == 1


# Only these families are people.
PEOPLE = {"desktops", "phones", "tablets", "in_app", "big_screens", "consoles"}
KIND_OF_FAMILY = {name: "human" if name in PEOPLE else "preview" if name == "previews" else "bot" for name in FAMILIES}


def test_a_family_is_of_one_kind() -> None:
    wrong = [
        case["agent"] for name, family in FAMILIES.items() for case in family if case["is"][0] != KIND_OF_FAMILY[name]
    ]
    assert not wrong


def test_the_apps_people_scan_with_are_people() -> None:
    apps = {case["is"][4] for case in FAMILIES["in_app"]}
    assert apps >= {
        *("Instagram", "Facebook", "Facebook Messenger", "TikTok", "LINE", "WeChat", "Snapchat", "Pinterest"),
        *("LinkedIn", "Twitter", "Threads", "Telegram", "Viber", "KakaoTalk", "Reddit"),
    }


@pytest.mark.parametrize(
    "agent",
    [
        *("SomethingNew/1.0", "my-script", "Mozilla/5.0", "Mozilla/5.0 (compatible)", "Fetcher (+https://a.example)"),
        *("null", "undefined", "-", "*", '""'),
    ],
)
def test_what_names_no_system_is_no_browser(agent: str) -> None:
    assert READ(agent.encode()).kind == "bot"
