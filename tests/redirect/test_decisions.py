"""The decisions on the path: a test for each row of the table in docs/scan-decisions.md, and for each pair that can
meet. The table and these tests are held to each other."""

import re
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

import msgspec
import pytest

from decisions.rules import Facts
from decisions.trial import trial
from schemas.route import Route
from schemas.scan_options import Apps, Conditions, Content, Rule, Variant
from tests.redirect.codes import ANDROID, CRAWLER, DESKTOP, HASH, PASSWORD, Code, Codes, codes
from tests.redirect.scanner import Answer

PAGE = Path(__file__).parents[2] / "docs" / "scan-decisions.md"
PAST, FUTURE = 1, 4_000_000_000_000
WEB, OVER = "https://example.com/web", "https://example.com/over"
RULE, APP, VARIANT = "https://example.com/rule", "https://app.example.com/ios", "https://example.com/variant"


class Row(msgspec.Struct, frozen=True):
    """One decision: what a code has that makes it, and how a person's visit with an iPhone ends by it."""

    name: str
    fields: dict[str, Any]
    status: int
    outcome: str
    # A Location, or words of the page.
    shows: str
    variant: str = ""
    used: int = 0


# In their order.
ROWS = [
    Row("paused", {"status": "paused"}, 302, "paused", "/-/paused"),
    Row("not yet started", {"starts_at_ms": FUTURE}, 404, "early", "Nothing here"),
    Row("expired", {"expires_at_ms": PAST}, 410, "expired", "expired"),
    Row("limit reached", {"scan_limit": 5}, 410, "limited", "used up", used=5),
    Row("password", {"password": HASH}, 200, "gate", "password"),
    Row(
        "rule",
        {"rules": (Rule(id="r", key="r", when=Conditions(device=("mobile",)), to=RULE),)},
        *(302, "redirect", RULE, "r"),
    ),
    Row("app", {"apps": Apps(ios=APP)}, 302, "redirect", APP),
    Row(
        "variant",
        {"variants": (Variant(id="v", key="b", url=VARIANT),)},
        *(302, "redirect", VARIANT, "b"),
    ),
    Row("page", {"content": Content("text", {"text": "Words of a page"})}, 200, "page", "Words of a page"),
    Row("destination", {}, 302, "redirect", WEB),
]
PEOPLE_ONLY = Row("people only", {}, 200, "limited", "for people")
BY_NAME = {row.name: row for row in ROWS}
# Whoever has no page has a destination, and the other way round; every other two can be of one code.
PAIRS = [(first, second) for first, second in combinations(ROWS[:-1], 2)]


@pytest.fixture(scope="module")
def world() -> Iterator[Codes]:
    with codes() as made:
        yield made


def coded(world: Codes, *rows: Row, **more: Any) -> Code:
    fields: dict[str, Any] = {}
    for row in rows:
        fields |= row.fields
    code = world.code(**{**fields, **more})
    code.use(max(row.used for row in rows))
    return code


def ended(code: Code, answer: Answer, row: Row, *, status: int = 0) -> None:
    """The visit ended as the row says, and so it was recorded."""
    assert answer.status == (status or row.status)
    assert answer.headers["cache-control"] == "no-store"
    if "location" in answer.headers:
        assert answer.location.endswith(row.shows)
    else:
        assert row.shows in answer.body.decode()
    event = code.last()
    assert (event.outcome, event.variant) == (row.outcome, row.variant)


def test_unknown(world: Codes) -> None:
    answer = world.server.get("/nothing-of-that-name")
    assert answer.status == 404
    event = world.server.events()[-1]
    assert (event.outcome, event.code) == ("unknown", 0)


@pytest.mark.parametrize("name", BY_NAME)
def test_row(world: Codes, name: str) -> None:
    row = BY_NAME[name]
    code = coded(world, row)
    ended(code, code.get(), row)
    assert len(code.events()) == 1


@pytest.mark.parametrize(("first", "second"), PAIRS, ids=lambda row: row.name)
def test_pair(world: Codes, first: Row, second: Row) -> None:
    """The earlier one decides."""
    code = coded(world, first, second)
    ended(code, code.get(), first)


@pytest.mark.parametrize("name", BY_NAME)
def test_head(world: Codes, name: str) -> None:
    """HEAD is answered as GET, without a body, and is a bot's."""
    row = BY_NAME[name]
    code = coded(world, row)
    answer = code.get(method="HEAD")
    assert (answer.status, answer.body) == (row.status, b"")
    event = code.last()
    assert (event.outcome, event.kind, event.variant) == (row.outcome, "bot", row.variant)


@pytest.mark.parametrize(
    "rows", [*[(row,) for row in ROWS], *PAIRS], ids=lambda rows: "+".join(row.name for row in rows)
)
def test_a_trial_says_what_the_scan_gets(world: Codes, rows: tuple[Row, ...]) -> None:
    """What the API says of a described scan is the answer to such a scan, byte for byte."""
    fields: dict[str, Any] = {"destination": WEB, "query": "append", "utm": {"utm_source": "x"}}
    for row in rows:
        fields |= row.fields
    code = coded(world, *rows, **fields)
    answer, event = code.get("table=4"), code.last()
    facts = Facts(event.ts_ms, "", "", "", event.device, event.os, event.os.casefold(), event.browser, "", b"table=4")
    tried = trial(
        Route(1, code.number, 1, **fields),
        facts,
        event.visitor,
        paused_page=b"http://localhost:8001/-/paused",
        used=max(row.used for row in rows),
        passed=False,
    )
    assert tried.key == event.variant
    if tried.by == "password":
        assert (answer.status, event.outcome) == (200, "gate")
        return
    assert tried.response is not None
    headers = {name.decode(): value.decode() for name, value in tried.response.headers}
    said = (tried.response.status, tried.response.outcome, headers.get("location"), tried.response.body)
    assert said == (answer.status, event.outcome, answer.headers.get("location"), answer.body)


# Meetings of a decision with a visit, or with what is only added to a redirect. The table has their names and the
# sentences that they begin with.


def test_meeting_of_limit_and_bot(world: Codes) -> None:
    """A bot uses nothing up and gets no destination (200, a page says so); then it is refused like anybody."""
    code = coded(world, BY_NAME["limit reached"], scan_limit=1)
    code.use(0)
    for _ in range(3):
        answer = code.get(agent=CRAWLER)
        ended(code, answer, PEOPLE_ONLY)
        assert "location" not in answer.headers
    assert code.used == 0
    ended(code, code.get(), BY_NAME["destination"])
    assert code.used == 1
    ended(code, code.get(agent=CRAWLER), BY_NAME["limit reached"])
    assert [event.kind for event in code.events()] == ["bot", "bot", "bot", "human", "bot"]


def test_meeting_of_limit_and_head_or_prefetch(world: Codes) -> None:
    """Neither uses a limit up nor learns of a destination, and whoever follows still gets through."""
    code = coded(world, BY_NAME["limit reached"], scan_limit=1)
    code.use(0)
    for answer in (code.get(method="HEAD"), code.get(Sec_Purpose="prefetch")):
        assert (answer.status, "location" in answer.headers, code.last().outcome) == (200, False, "limited")
    assert code.get().location == WEB
    assert code.get(Sec_Purpose="prefetch").status == 410
    assert code.used == 1


def test_meeting_of_limit_and_password(world: Codes) -> None:
    """Neither the form nor a wrong password uses it up; the right one does, and each later visit with its cookie."""
    code = world.code(password=HASH, scan_limit=2)
    assert code.get().status == 200
    assert code.post("wrong").status == 403
    assert code.used == 0
    passed = code.post()
    assert (passed.status, passed.location, code.used) == (303, WEB, 1)
    cookie = passed.headers["set-cookie"].partition(";")[0]
    assert (code.get(Cookie=cookie).status, code.used) == (302, 2)
    # Used up: whoever has passed, who would, and who asks are told the same.
    assert code.get(Cookie=cookie).status == code.post().status == code.get().status == 410
    assert code.used == 2
    outcomes = [event.outcome for event in code.events()]
    assert outcomes == ["gate", "gate", "redirect", "redirect", "limited", "limited", "limited"]


def test_meeting_of_limit_and_a_raised_limit(world: Codes) -> None:
    """What is counted is how many were used: a limit that is raised lets the difference through."""
    code = world.code(scan_limit=1)
    assert [code.get().status for _ in range(2)] == [302, 410]
    code.edit(scan_limit=3)
    assert [code.get().status for _ in range(3)] == [302, 302, 410]
    code.edit(scan_limit=None)
    assert code.get().status == 302
    code.edit(scan_limit=4)
    assert [code.get().status for _ in range(2)] == [302, 410]


def test_meeting_of_limit_and_a_file_of_its_page(world: Codes) -> None:
    """Fetching the file that a page offers uses nothing up, and is refused once the limit is."""
    content = Content("vcard", {"vCardContent": {"first_name": "Ada", "last_name": "L"}})
    code = world.code(content=content, scan_limit=1)
    assert code.get("download=1").status == 200
    assert code.used == 0
    assert code.get().status == 200
    assert code.get("download=1").status == 410
    # To a program that is the page itself.
    assert b"Ada" not in world.code(content=content, scan_limit=1).get("download=1", agent=CRAWLER).body
    # Where a page has no file, asking for it is a visit like any other.
    code = world.code(content=Content("text", {"text": "Words"}), scan_limit=1)
    assert [code.get("download=1").status for _ in range(2)] == [200, 410]


def test_meeting_of_password_and_rule_app_variant_or_page(world: Codes) -> None:
    """None of them shows before the password; the right one leads on at once (303, a page in place with 200)."""
    for name in ("rule", "app", "variant", "page", "destination"):
        row = BY_NAME[name]
        code = coded(world, BY_NAME["password"], row)
        ended(code, code.get(), BY_NAME["password"])
        ended(code, code.post("nonsense"), BY_NAME["password"], status=403)
        passed = code.post()
        ended(code, passed, row, status=303 if row.status == 302 else 200)
        again = code.get(Cookie=passed.headers["set-cookie"].partition(";")[0])
        ended(code, again, row)
        assert [event.outcome for event in code.events()] == ["gate", "gate", row.outcome, row.outcome]


def test_meeting_of_password_and_bot(world: Codes) -> None:
    """A program is asked like anybody; with the right password it passes, and stays a bot."""
    code = world.code(password=HASH)
    assert code.get(agent=CRAWLER).status == 200
    assert code.post(agent="curl/8.5.0").status == 303
    assert [(event.kind, event.outcome) for event in code.events()] == [("bot", "gate"), ("bot", "redirect")]
    code.edit(password=HASH, scan_limit=1)
    ended(code, code.post(agent="curl/8.5.0"), PEOPLE_ONLY)
    assert code.used == 0


def test_meeting_of_password_and_head_or_prefetch(world: Codes) -> None:
    """They get the form even with the cookie of somebody who has passed."""
    code = world.code(password=HASH)
    cookie = code.post().headers["set-cookie"].partition(";")[0]
    assert code.get(method="HEAD", Cookie=cookie).status == 200
    assert code.get(Sec_Purpose="prefetch", Cookie=cookie).status == 200
    assert code.get(Cookie=cookie).status == 302
    assert [event.outcome for event in code.events()] == ["redirect", "gate", "gate", "redirect"]


def test_meeting_of_password_and_query(world: Codes) -> None:
    """The query of the form's own address is passed on; a password in an address is neither looked at nor passed on."""
    code = world.code(password=HASH, query="append")
    assert code.get(f"password={PASSWORD}".replace(" ", "+")).status == 200
    assert code.post(query="a=1&password=x&b=2").location == f"{WEB}?a=1&b=2"


def test_meeting_of_password_and_an_earlier_decision(world: Codes) -> None:
    """A form that is sent to what is paused or over is answered as a visit is, with 303 for 302."""
    for name in ("paused", "expired", "limit reached"):
        row = BY_NAME[name]
        code = coded(world, row, BY_NAME["password"])
        ended(code, code.post(), row, status=303 if row.status == 302 else row.status)


def test_meeting_of_no_password_and_a_form(world: Codes) -> None:
    """Sent to a code without a password, to one that has not begun or to none, a form is answered like a wrong one."""
    wrong = world.code(password=HASH).post("nonsense")
    plain, early = world.code(), world.code(starts_at_ms=FUTURE, password=HASH)
    seen = [code.post() for code in (plain, early)]
    nothing = Code(world, 1)
    seen.append(nothing.post())
    for answer in seen:
        assert (answer.status, answer.body) == (wrong.status, wrong.body)
        assert answer.headers.keys() == wrong.headers.keys()
    assert [plain.last().outcome, early.last().outcome] == ["gate", "early"]
    assert world.server.events()[-1].outcome == "unknown"


def test_meeting_of_rule_and_rule(world: Codes) -> None:
    """The first that fits; those that are switched off are passed over."""
    rules = (
        Rule(id="1", key="a", when=Conditions(device=("desktop",)), to=f"{RULE}/1"),
        Rule(id="2", key="b", when=Conditions(device=("mobile",)), to=f"{RULE}/2", active=False),
        Rule(id="3", key="c", when=Conditions(device=("mobile",)), to=f"{RULE}/3"),
        Rule(id="4", key="d", when=Conditions(), to=f"{RULE}/4"),
    )
    code = world.code(rules=rules)
    assert [code.get().location, code.get(agent=DESKTOP).location] == [f"{RULE}/3", f"{RULE}/1"]
    assert code.get(agent=CRAWLER).location == f"{RULE}/4"
    assert [event.variant for event in code.events()] == ["c", "a", "d"]


def test_meeting_of_app_and_system(world: Codes) -> None:
    """Only the system that has an app is led to it; others go to the variants, or the web."""
    code = coded(world, BY_NAME["app"], BY_NAME["variant"])
    found = [code.get(agent=agent).location for agent in (ANDROID, DESKTOP, CRAWLER)]
    assert found == [VARIANT] * 3
    code.edit(apps=Apps(android="https://app.example.com/android"))
    assert code.get(agent=ANDROID).location == "https://app.example.com/android"
    assert code.get().location == WEB


def test_meeting_of_query_and_rule_app_variant_or_destination(world: Codes) -> None:
    """Whichever address is taken gets the scan's query and the campaign defaults that it lacks."""
    for name in ("rule", "app", "variant", "destination"):
        row = BY_NAME[name]
        code = coded(world, row, query="append", utm={"utm_source": "qr"})
        assert code.get("a=1&a=2&7=%20").location == f"{row.shows}?a=1&a=2&7=%20&utm_source=qr"
        assert code.get("utm_source=x").location == f"{row.shows}?utm_source=x"
        assert code.last().variant == row.variant


def test_meeting_of_query_and_an_own_query(world: Codes) -> None:
    """Dropped, appended after the destination's own, or in place of what has the same name."""
    own = {"destination": f"{WEB}?a=own&b=own#f"}
    found = [world.code(**own, query=query).get("a=1&a=2").location for query in ("drop", "append", "override")]
    assert found == [f"{WEB}?a=own&b=own#f", f"{WEB}?a=own&b=own&a=1&a=2#f", f"{WEB}?b=own&a=1&a=2#f"]


def test_meeting_of_query_and_expired_destination(world: Codes) -> None:
    """The destination of what is over is taken as it stands."""
    over = {"expired_destination": OVER, "query": "append", "utm": {"utm_source": "qr"}}
    for name in ("expired", "limit reached"):
        code = coded(world, BY_NAME[name], **over)
        answer = code.get("a=1")
        assert (answer.status, answer.location) == (302, OVER)
        assert code.last().outcome == BY_NAME[name].outcome


def test_meeting_of_expired_destination_and_an_earlier_decision(world: Codes) -> None:
    """It is not taken while a code is paused or has not begun."""
    for name in ("paused", "not yet started"):
        code = coded(world, BY_NAME[name], BY_NAME["expired"], expired_destination=OVER)
        ended(code, code.get(), BY_NAME[name])


def test_meeting_of_variant_and_an_empty_list(world: Codes) -> None:
    """Without one that is active and has weight, the destination is where a code leads."""
    none = (Variant(id="1", key="a", url=VARIANT, active=False), Variant(id="2", key="b", url=VARIANT, weight=0))
    for variants in ((), none):
        ended(code := world.code(variants=variants), code.get(), BY_NAME["destination"])


def test_meeting_of_variant_and_the_same_visitor(world: Codes) -> None:
    """Sticky by visitor for the UTC day; left to chance with `none`; by a cookie for longer with `cookie`."""
    two = tuple(Variant(id=key, key=key, url=f"{VARIANT}/{key}", weight=1) for key in ("a", "b"))
    by_visitor = world.code(variants=two)
    assert len({by_visitor.get().location for _ in range(20)}) == 1
    by_chance = world.code(variants=two, sticky="none")
    assert len({by_chance.get().location for _ in range(60)}) == 2
    by_cookie = world.code(variants=two, sticky="cookie")
    first = by_cookie.get()
    cookie = first.headers["set-cookie"].partition(";")[0]
    # Other browsers of other addresses are other visitors, and still led as the cookie says.
    others = [by_cookie.get(agent=f"{DESKTOP} n{n}", Cookie=cookie) for n in range(20)]
    assert {answer.location for answer in others} == {first.location}
    assert not any("set-cookie" in answer.headers for answer in others)
    assert len({by_cookie.get(agent=f"{DESKTOP} n{n}").location for n in range(20)}) == 2
    # A variant that is gone holds nobody.
    left = next(one for one in two if one.url != first.location)
    by_cookie.edit(variants=(left,), sticky="cookie")
    assert by_cookie.get(Cookie=cookie).location == left.url


def test_meeting_of_page_and_query(world: Codes) -> None:
    """Nothing is passed on. `download=1` is the page's file, where it has one; fetching it is no scan."""
    content = Content("vcard", {"vCardContent": {"first_name": "Ada", "last_name": "L"}})
    code = world.code(content=content, query="append")
    assert b"Ada" in code.get("a=1").body
    file = code.get("download=1")
    assert file.headers["content-type"].startswith("text/vcard")
    assert file.headers["cache-control"] == "no-store"
    assert [event.outcome for event in code.events()] == ["page"]
    plain = coded(world, BY_NAME["page"])
    ended(plain, plain.get("download=1"), BY_NAME["page"])


# --- the page ---


def table(heading: str) -> dict[str, str]:
    """First column → last one, of the table under a heading."""
    section = PAGE.read_text().split(f"\n## {heading}\n")[1].split("\n## ")[0]
    rows = [re.split(r"(?<!\\)\|", line)[1:-1] for line in section.splitlines() if line.startswith("|")]
    return {row[0].strip(): row[-1].strip() for row in rows[2:]}


def test_the_page_has_every_decision_in_its_order() -> None:
    found = table("In their order")
    assert list(found) == ["unknown", *BY_NAME]
    assert all(row.outcome in found[row.name] for row in ROWS)


def test_the_page_has_every_pair() -> None:
    assert list(table("Two at once")) == [f"{first.name} + {second.name}" for first, second in PAIRS]
    assert list(table("Two at once").values()) == [first.name for first, _ in PAIRS]


def test_the_page_has_every_meeting() -> None:
    tests = {name: test for name, test in globals().items() if name.startswith("test_meeting_of_")}
    said = {name[len("test_meeting_of_") :].replace("_", " "): test.__doc__ for name, test in tests.items()}
    assert table("Other meetings") == said
