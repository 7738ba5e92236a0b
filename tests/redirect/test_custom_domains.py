"""Custom domains at a redirector: which code a link at one means, and what else it answers there."""

import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from redirect.cache_sync import SILENT_S
from schemas import keys
from tests.redirect.proxy import Proxy
from tests.redirect.registrar import OURS, Registrar
from tests.redirect.scanner import Answer, Redirector, until

Start = Callable[..., Redirector]
THEIRS = 4


def at(host: str) -> dict[str, str | bytes]:
    return {"Host": host}


GO = at("go.brand.example")


# Path, host (the short one if none), whether unknown hosts are nobody's; status, what the answer is seen by (a code's
# number, a Location, words of the page), and the code, workspace and host that are recorded, if any.
Way = tuple[str, str, bool, int, int | str, tuple[int, int, str] | None]
SHORT, LED, TOLD = "s.example", "led.example", "told.example"
# A row of the table "Before a code" in docs/scan-decisions.md each, in its order.
WAYS: list[tuple[str, str, list[Way]]] = [
    ("a path of the service's own", "at any host", [("/robots.txt", LED, True, 200, "User-agent", None)]),
    ("what only programs ask for", "at any host", [("/wp-login.php", LED, True, 404, "not found\n", None)]),
    ("a path that no code can have", "at any host", [("/a//b", LED, False, 404, "not found\n", None)]),
    (
        "anything else",
        "at a host that is nobody's, with `WAYMARK_UNKNOWN_HOSTS=404`",
        [("/short", "x.example", True, 404, "not found\n", None), ("/", "x.example", True, 404, "not found\n", None)],
    ),
    (
        "anything else",
        "at a host that is nobody's",
        [("/short", "x.example", False, 302, 3, (3, OURS, SHORT)), ("/", "x.example", False, 404, "<", (0, 0, SHORT))],
    ),
    ("a code of the domain", "at a verified domain", [("/both", LED, False, 302, 2, (2, OURS, LED))]),
    (
        "a code of the short host and of the domain's workspace",
        "at a verified domain",
        [("/short", LED, True, 302, 3, (3, OURS, LED))],
    ),
    (
        "a code of another workspace",
        "at a verified domain",
        [("/theirs", LED, False, 302, "https://brand.example/404", (0, OURS, LED))],
    ),
    (
        "the bare host",
        "at a verified domain",
        [
            ("/", LED, False, 302, "https://brand.example/home", (0, OURS, LED)),
            ("/", TOLD, False, 200, "Hello there", (0, OURS, TOLD)),
            ("/", "plain.example", False, 404, "<", (0, OURS, "plain.example")),
        ],
    ),
    (
        "what is not there",
        "at a verified domain",
        [
            ("/never", LED, False, 302, "https://brand.example/404", (0, OURS, LED)),
            ("/never", TOLD, True, 404, "Nothing to see", (0, OURS, TOLD)),
            ("/never", "plain.example", False, 404, "<", (0, OURS, "plain.example")),
        ],
    ),
    ("the bare host", "at the short host", [("/", SHORT, True, 404, "<", (0, 0, SHORT))]),
    ("a code of the short host", "at the short host", [("/both", SHORT, True, 302, 1, (1, OURS, SHORT))]),
    ("what is not there", "at the short host", [("/never", SHORT, False, 404, "<", (0, 0, SHORT))]),
]


@pytest.mark.parametrize("strict", [False, True])
def test_each_row_of_what_comes_before_a_code(start: Start, registrar: Registrar, strict: bool) -> None:
    registrar.code("", "both", 1)
    registrar.code(LED, "both", 2)
    registrar.code("", "short", 3)
    registrar.code("", "theirs", 5, THEIRS)
    registrar.write("plain.example")
    registrar.write(LED, root_url="https://brand.example/home", not_found_url="https://brand.example/404")
    registrar.write(TOLD, root_text="Hello there", not_found_text="Nothing to see")
    server = start(short_url=f"https://{SHORT}", unknown_hosts="404" if strict else "default")
    recorded = []
    for asked_for, where, ways in WAYS:
        for path, host, strictly, status, seen, event in ways:
            if strictly is not strict and host == "x.example":
                continue
            answer = server.get(path, at(host))
            assert answer.status == status, (asked_for, where, path)
            if isinstance(seen, int):
                assert led_to(answer) == seen
            else:
                assert answer.location == seen if status == 302 else seen in answer.body.decode(), (asked_for, where)
            if event is not None:
                # Of what is not there, what was asked for is not kept.
                recorded.append((*event, path[1:] if event[0] else ""))
    server.stop()
    assert [(event.code, event.workspace, event.host, event.slug) for event in server.events()] == recorded
    assert {event.outcome for event in server.events() if event.code == 0} == {"unknown"}


def test_the_table_of_the_documentation_is_this_one() -> None:
    page = (Path(__file__).parents[2] / "docs" / "scan-decisions.md").read_text()
    section = page.split("\n## Before a code\n")[1].split("\n## ")[0]
    rows = [line.strip("| ").split(" | ") for line in section.splitlines() if line.startswith("| ")]
    assert [(row[0], row[1]) for row in rows[1:]] == [(asked_for, where) for asked_for, where, _ in WAYS]
    for row, (_, _, ways) in zip(rows[1:], WAYS, strict=True):
        assert (row[3] == "nothing") == all(event is None for *_, event in ways), row


def led_to(answer: Answer) -> int | None:
    return int(answer.location.rpartition("/")[2]) if answer.status == 302 else None


def test_which_code_a_link_means(start: Start, registrar: Registrar) -> None:
    registrar.code("", "both", 1)
    registrar.code("go.brand.example", "both", 2)
    registrar.code("", "short", 3)
    registrar.code("go.brand.example", "own", 4)
    registrar.code("", "theirs", 5, THEIRS)
    registrar.code("go.brand.example", "moved", 0, gone=True)
    registrar.code("", "moved", 6)
    registrar.code("go.brand.example", "foreign", 7, THEIRS)
    registrar.write("go.brand.example")
    registrar.write("their.brand.example", THEIRS)
    registrar.write("claim.brand.example", verified_at_ms=None)
    server = start(short_url="https://s.example")
    table = {
        "both": (1, 2, None),
        "short": (3, 3, None),
        "own": (None, 4, None),
        "theirs": (5, None, 5),
        "moved": (6, 6, None),
        "foreign": (None, None, None),
        "never": (None, None, None),
    }
    # Twice: as it is read, and as it is remembered.
    for _ in range(2):
        for slug, expected in table.items():
            hosts = ("s.example", "go.brand.example", "their.brand.example")
            assert tuple(led_to(server.get(f"/{slug}", at(host))) for host in hosts) == expected, slug
    # What is no verified domain is taken for the short host.
    for host in ("claim.brand.example", "127.0.0.1", "s.example:8443", "xgo.brand.example", "brand.example", "[::1]"):
        assert led_to(server.get("/both", at(host))) == 1, host
    server.stop()
    assert {(event.code, event.host) for event in server.events() if event.outcome == "redirect"} == {
        *((1, "s.example"), (2, "go.brand.example"), (3, "s.example"), (3, "go.brand.example")),
        *((4, "go.brand.example"), (5, "s.example"), (5, "their.brand.example"), (6, "s.example")),
        (6, "go.brand.example"),
    }


@pytest.mark.parametrize("host", ["go.brand.example", "GO.Brand.Example", "go.brand.example:8443", "go.brand.example."])
def test_a_host_is_known_however_it_is_written(start: Start, registrar: Registrar, host: str) -> None:
    registrar.code("go.brand.example", "own", 4)
    registrar.write("go.brand.example")
    server = start()
    for form in ("/own", "/own/", "/q/own/", "/r/own"):
        assert led_to(server.get(form, at(host))) == 4
    server.stop()
    assert {event.host for event in server.events()} == {"go.brand.example"}


def test_a_change_is_known_when_it_has_been_acknowledged(start: Start, registrar: Registrar) -> None:
    registrar.code("", "both", 1)
    registrar.code("go.brand.example", "both", 2)
    server = start()
    until(server.trusted, "trust")
    for _ in range(20):
        assert led_to(server.get("/both", GO)) == 1
        domain = registrar.add("go.brand.example")
        assert led_to(server.get("/both", GO)) == 2
        registrar.drop(domain)
    domain = registrar.write("go.brand.example")
    assert min(registrar.tell() for _ in range(3)) < 0.9
    registrar.redis.hdel(keys.DOMAINS, domain.id)


def test_domains_are_known_again_after_the_connection_was_lost(
    start: Start, registrar: Registrar, redis_url: str
) -> None:
    registrar.code("", "both", 1)
    registrar.code("go.brand.example", "both", 2)
    with Proxy(urlsplit(redis_url).path) as proxy:
        server = start(url=proxy.url)
        until(server.trusted, "trust")
        assert led_to(server.get("/both", GO)) == 1
        proxy.messages.cut = proxy.commands.cut = True
        until(lambda: not server.trusted(), "distrust")
        registrar.write("go.brand.example")
        # So long that it gives the connection up.
        time.sleep(SILENT_S + 0.5)
        proxy.messages.cut = proxy.commands.cut = False
        # Nobody told it; it has to ask before it believes what it knew.
        until(server.trusted, "trust")
        until(lambda: server.get("/never").status == 404, "Redis to be asked")
        assert led_to(server.get("/both", GO)) == 2


def test_without_redis_domains_go_on(start: Start, registrar: Registrar, redis_url: str) -> None:
    registrar.code("", "short", 3)
    registrar.code("go.brand.example", "own", 4)
    registrar.write("go.brand.example")
    with Proxy(urlsplit(redis_url).path) as proxy:
        server = start(url=proxy.url)
        until(server.trusted, "trust")
        assert [led_to(server.get(path, GO)) for path in ("/short", "/own")] == [3, 4]
        proxy.messages.cut = proxy.commands.cut = True
        until(lambda: not server.trusted(), "distrust")
        assert [led_to(server.get(path, GO)) for path in ("/short", "/own")] == [3, 4]
        assert server.get("/never", GO).status == 503
    server.stop()
    assert {event.host for event in server.events()} == {"go.brand.example"}


def test_the_bare_domain_and_links_that_are_not_there(start: Start, registrar: Registrar) -> None:
    registrar.write("plain.example")
    registrar.write("led.example", root_url="https://brand.example/home", not_found_url="https://brand.example/404")
    registrar.write("told.example", root_text="Hello <there>", not_found_text="Nö")
    server = start(short_url="https://s.example")
    seen = {}
    for host in ("plain.example", "led.example", "told.example", "s.example"):
        for path in ("/", "/never"):
            answer = server.get(path, at(host))
            seen[host, path] = (answer.status, answer.headers.get("location"))
    assert seen == {
        ("plain.example", "/"): (404, None),
        ("plain.example", "/never"): (404, None),
        ("led.example", "/"): (302, "https://brand.example/home"),
        ("led.example", "/never"): (302, "https://brand.example/404"),
        ("told.example", "/"): (200, None),
        ("told.example", "/never"): (404, None),
        ("s.example", "/"): (404, None),
        ("s.example", "/never"): (404, None),
    }
    assert b"Hello &lt;there&gt;" in server.get("/", at("told.example")).body
    assert "Nö".encode() in server.get("/never", at("told.example")).body
    server.stop()
    found = [(e.outcome, e.code, e.workspace, e.host) for e in server.events()]
    assert found[:8] == [
        *[("unknown", 0, OURS, "plain.example")] * 2,
        *[("unknown", 0, OURS, "led.example")] * 2,
        *[("unknown", 0, OURS, "told.example")] * 2,
        *[("unknown", 0, 0, "s.example")] * 2,
    ]


def test_unknown_hosts_may_be_turned_away(start: Start, registrar: Registrar) -> None:
    registrar.code("", "short", 3)
    registrar.write("go.brand.example")
    server = start(short_url="https://s.example", unknown_hosts="404")
    ours = ("s.example", "S.Example", "s.example:8443", "go.brand.example")
    for host in (*ours, "other.example", "127.0.0.1", ""):
        status = 302 if host in ours else 404
        assert server.get("/short", at(host)).status == status, host
    assert server.get("/healthz", at("other.example")).status == 200
    server.stop()
    assert len(server.events()) == 4


def test_what_caddy_asks_before_it_makes_a_certificate(start: Start, registrar: Registrar) -> None:
    registrar.write("go.brand.example")
    registrar.write("claim.brand.example", verified_at_ms=None)
    server = start()
    until(lambda: server.status("/-/tls-ask?domain=go.brand.example").status == 200, "the domains to be read")
    for query in ("", "?domain=", "?domain=claim.brand.example", "?domain=other.example", "?domain=%ff%00"):
        assert server.status(f"/-/tls-ask{query}").status == 404
    domain = registrar.add("new.brand.example")
    until(lambda: server.status("/-/tls-ask?domain=New.Brand.Example.").status == 200, "the new one to be read")
    registrar.drop(domain)
    until(lambda: server.status("/-/tls-ask?domain=new.brand.example").status == 404, "it to be dropped")
    server.stop()
    assert server.events() == []


def test_a_domain_that_cannot_be_read_takes_no_other_along(start: Start, registrar: Registrar) -> None:
    registrar.redis.hset(keys.DOMAINS, "x", b"{}")
    registrar.redis.hset(keys.DOMAINS, "y", b"not json")
    registrar.code("go.brand.example", "own", 4)
    registrar.write("bad.example", root_url="https://ü.example/")
    registrar.write("go.brand.example")
    server = start()
    assert led_to(server.get("/own", GO)) == 4
    assert server.get("/healthz").status == 200


def test_many_hosts_that_nobody_has(start: Start, registrar: Registrar) -> None:
    registrar.code("", "short", 3)
    registrar.write("go.brand.example")
    server = start()
    for n in range(200):
        assert led_to(server.get("/short", at(f"h{n}.example"))) == 3
