"""However a visit ends, its event says how the scanner came and by which print; the destination hears neither."""

from collections.abc import Iterator

import pytest

from schemas.event import ScanEvent
from schemas.scan_options import Conditions, Content, Rule, Variant
from tests.redirect.codes import CRAWLER, HASH, PASSWORD, Code, Codes, codes
from tests.redirect.scanner import Answer

WEB, STATION = "https://example.com/web", "https://example.com/station"
PAGE = Content(type="vcard_plus", data={"vCardContent": {"first_name": "Ada", "last_name": "Lovelace"}})


@pytest.fixture(scope="module")
def world() -> Iterator[Codes]:
    with codes() as made:
        yield made


def printed(code: Code) -> Code:
    """The code as its pictures lead to it."""
    code.path = f"/q{code.path}/"
    return code


def said(code: Code) -> tuple[str, str, str, str]:
    event = code.last()
    return event.kind, event.outcome, event.entry, event.placement


def test_the_ends_of_a_visit(world: Codes) -> None:
    code = printed(world.code(query="append"))
    assert code.get("p=window&table=7").location == f"{WEB}?table=7"
    assert said(code) == ("human", "redirect", "qr", "window")
    assert code.get("p=window", method="HEAD").location == WEB
    assert said(code) == ("bot", "redirect", "qr", "window")
    code.get("p=window", Sec_Purpose="prefetch")
    assert said(code) == ("prefetch", "redirect", "qr", "window")
    code.get("p=window&e=nfc", agent=CRAWLER)
    assert said(code) == ("bot", "redirect", "nfc", "window")
    paused = printed(world.code(status="paused"))
    paused.get("p=window")
    assert said(paused) == ("human", "paused", "qr", "window")
    limited = printed(world.code(scan_limit=1))
    assert [limited.get("p=door").status for _ in range(2)] == [302, 410]
    assert [(event.outcome, event.placement) for event in limited.events()] == [
        ("redirect", "door"),
        ("limited", "door"),
    ]


def test_a_page_and_its_file(world: Codes) -> None:
    code = printed(world.code(destination="", content=PAGE))
    page = code.get("p=window")
    assert said(code) == ("human", "page", "qr", "window")
    # The file is at the page's own address, and is no scan.
    assert b'href="?download=1"' in page.body
    assert code.get("download=1").headers["content-type"].startswith("text/vcard")
    assert len(code.events()) == 1


def test_the_form_of_a_password_comes_back_to_where_it_was_asked(world: Codes) -> None:
    code = printed(world.code(password=HASH, query="append"))
    form: Answer = code.get("p=window")
    assert said(code) == ("human", "gate", "qr", "window")
    # Without an `action` a browser posts to the address of the page, with its query.
    assert b'<form method="post">' in form.body
    assert code.post("wrong", "p=window").status == 403
    assert said(code) == ("human", "gate", "qr", "window")
    passed = code.post(PASSWORD, "p=window&x=1")
    assert (passed.status, passed.location) == (303, f"{WEB}?x=1")
    assert said(code) == ("human", "redirect", "qr", "window")
    cookie = passed.headers["set-cookie"].partition(";")[0]
    assert code.get("p=window", Cookie=cookie).location == WEB
    assert said(code) == ("human", "redirect", "qr", "window")


def test_a_rule_may_ask_for_a_placement_and_a_variant_is_told_nothing(world: Codes) -> None:
    to_station = Rule(id="r", key="r", when=Conditions(query={"p": ("station",)}), to=STATION)
    code = printed(world.code(query="override", rules=(to_station,), variants=(Variant(id="v", key="a", url=WEB),)))
    assert code.get("p=station&e=nfc").location == STATION
    assert code.get("p=window").location == WEB
    assert [(event.variant, event.entry, event.placement) for event in code.events()] == [
        ("r", "nfc", "station"),
        ("a", "qr", "window"),
    ]


def test_a_link_to_nothing(world: Codes) -> None:
    world.server.get("/q/nowhere-at-all/?p=window")
    found: ScanEvent = world.server.events()[-1]
    assert (found.code, found.outcome, found.entry, found.placement) == (0, "unknown", "qr", "window")
