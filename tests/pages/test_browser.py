"""Every page in Chromium: light and dark, on a phone and on a desk; what axe-core finds; and whether anything hostile
gets to run."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import pages
from tests.pages.chromium import PHONE, VIEWS, Answer, of_page, serving, visit
from tests.pages.film import record
from tests.pages.hostile import DESIGN, mixed
from tests.pages.samples import SAMPLES
from tests.pages.site import NOTICES, site

pytestmark = pytest.mark.browser

ONE = [{"name": "phone", "scheme": "light", **PHONE}]
NAMES = [*SAMPLES, *NOTICES]
LOOKED_AT = [view["name"] for view in VIEWS if view["axe"]]


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return record(tmp_path_factory.mktemp("film"))


@pytest.fixture(scope="module")
def seen(film: bytes) -> Iterator[dict[tuple[str, str], dict[str, Any]]]:
    with serving(site({"quay.webm": film})) as base:
        found = visit([{"name": name, "url": f"{base}/{name}"} for name in NAMES], axe=True)
        yield {(one["name"], one["view"]): one for one in found}


def faults(one: dict[str, Any]) -> list[str]:
    """What a browser complains of, but for what is said of a status that is meant."""
    meant = ("verbose:", f"error: Failed to load resource: the server responded with a status of {one['status']} ")
    return [line for line in one["console"] if not line.startswith(meant)]


@pytest.mark.parametrize("view", [view["name"] for view in VIEWS])
@pytest.mark.parametrize("name", NAMES)
def test_a_page_is_seen_without_faults(seen: dict[tuple[str, str], dict[str, Any]], name: str, view: str) -> None:
    one = seen[name, view]
    assert faults(one) == []
    if view in LOOKED_AT:
        assert one["violations"] == []
        assert one["rules"] > 10
    assert one["seen"]["wide"] <= 0
    assert one["seen"]["scripts"] == one["seen"]["handlers"] == one["seen"]["broken"] == 0
    assert all(state >= 1 for state in one["seen"]["playable"])
    # Nothing is asked of another host.
    assert len({url.split("/")[2] for url in one["requests"]}) == 1


def test_pages_follow_the_scheme_and_the_direction(seen: dict[tuple[str, str], dict[str, Any]]) -> None:
    for name in NAMES:
        light, dark = (seen[name, f"phone-{scheme}"]["seen"]["paper"] for scheme in ("light", "dark"))
        # This one's owner has chosen a dark page.
        assert (light != dark) is (name != "list_links")
    assert seen["vcard_arabic", "phone-light"]["seen"]["direction"] == "rtl"
    assert seen["vcard_plus", "phone-light"]["seen"]["direction"] == "ltr"


def test_axe_would_say_what_is_wrong() -> None:
    """The page that nothing is found on has been looked at."""
    bad = Answer(200, b"<!doctype html><img src=/f/a/dawn.png><p style='color:#ccc;background:#fff'>faint</p>")
    bad = bad._replace(headers=(("content-type", "text/html"),))
    with serving(lambda *_: bad) as base:
        [one] = visit([{"name": "bad", "url": base}], views=ONE, axe=True)
    assert {line.split(":")[0] for line in one["violations"]} >= {"color-contrast", "html-has-lang", "image-alt"}


def test_contacts_and_events_are_saved(tmp_path: Path) -> None:
    """By a browser that cannot show them, under the name of what they are."""
    wanted = [{"name": name, "click": ["a[href^='?']"]} for name in ("vcard_plus", "event", "vcard_arabic")]
    with serving(site()) as base:
        found = visit([{**one, "url": f"{base}/{one['name']}"} for one in wanted], views=ONE, downloads=tmp_path)
    saved = {one["name"]: [Path(path) for path in one["downloads"]] for one in found}
    assert [path.name for path in saved["vcard_plus"]] == ["Amara Okafor.vcf"]
    assert [path.name for path in saved["event"]] == ["Open studio night.ics"]
    assert [path.name for path in saved["vcard_arabic"]] == ["ليلى حداد.vcf"]
    assert saved["vcard_plus"][0].read_bytes().startswith(b"BEGIN:VCARD\r\n")


def test_the_gate_is_sent_to_where_it_stands_and_leads_elsewhere() -> None:
    """The destination may be on any host, which browsers hold against `form-action`."""
    arrived: list[tuple[str, str, bytes]] = []
    there = Answer(200, b"<!doctype html><html lang=en><title>there</title>", (("content-type", "text/html"),))
    with serving(lambda *_: there) as elsewhere:

        def gate(method: str, target: str, body: bytes) -> Answer:
            arrived.append((method, target, body))
            if method == "GET":
                return of_page(pages.notice("ask"))
            return Answer(303, headers=(("location", elsewhere.replace("127.0.0.1", "localhost") + "/end"),))

        with serving(gate) as base:
            [one] = visit([{"name": "gate", "url": f"{base}/Ab3?utm=x", "type": "sesame & öl"}], views=ONE)
    assert arrived[-1] == ("POST", "/Ab3?utm=x", b"password=sesame+%26+%C3%B6l")
    assert one["url"].startswith("http://localhost:") and one["url"].endswith("/end")
    assert faults(one) == []


def test_nothing_hostile_runs() -> None:
    """Script in every field, links of every bad scheme, five megabytes of it: shown as text, and clicked at."""
    made = mixed()

    def answer(_: str, target: str, __: bytes) -> Answer:
        name = target[1:]
        if name not in made:
            return Answer(404)
        return of_page(pages.render(*made[name], DESIGN))

    with serving(answer) as base:
        jobs = [{"name": name, "url": f"{base}/{name}", "click": [".inert"], "wait": 10} for name in made]
        found = visit(jobs, views=ONE)
    assert len(found) == len(made)
    for one in found:
        assert (one["name"], one["dialogs"], one["seen"]["ran"]) == (one["name"], [], None)
        assert one["seen"]["scripts"] == one["seen"]["handlers"] == 0, one["name"]
        assert one["seen"]["wide"] <= 0, one["name"]
        schemes = {href.partition(":")[0] for href in one["seen"]["hrefs"] if not href.startswith(("?", "/f/"))}
        assert schemes <= {"https", "http", "mailto", "tel", "sms", "geo", "bitcoin"}, one["name"]
        assert one["seen"]["text"] < 200_000
