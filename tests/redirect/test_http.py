"""Over real HTTP: what is answered, and what is recorded of it."""

import socket
from collections.abc import Callable

from tests.redirect.scanner import IPHONE, Publisher, Redirector

Start = Callable[..., Redirector]


def test_every_form_of_a_short_link_leads_on_and_is_recorded_once(start: Start, publisher: Publisher) -> None:
    publisher.write("abc", "https://example.com/a?b=ü#c")
    server = start()
    forms = ["/abc", "/abc/", "/q/abc/", "/q/abc", "/r/abc", "/r/abc/", "/%61bc"]
    for form in forms:
        answer = server.get(form)
        assert answer.status == 302
        assert answer.location.encode("latin-1").decode() == "https://example.com/a?b=ü#c"
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["content-length"] == "0"
    server.stop()
    events = server.events()
    assert [event.seq for event in events] == list(range(1, len(forms) + 1))
    assert {(event.code, event.workspace, event.kind, event.outcome) for event in events} == {
        (7, 3, "human", "redirect")
    }


def test_head_gets_the_same_answer_and_is_a_bots(start: Start, publisher: Publisher) -> None:
    publisher.write("abc", "https://example.com/")
    server = start()
    got, head = server.get("/abc"), server.get("/abc", method="HEAD")
    assert (head.status, head.location, head.headers.keys()) == (got.status, got.location, got.headers.keys())
    server.stop()
    assert [(event.kind, event.client) for event in server.events()] == [("human", "iOS"), ("bot", "Bot")]


def test_other_methods_are_refused(start: Start, publisher: Publisher) -> None:
    publisher.write("abc", "https://example.com/")
    server = start()
    assert server.get("/abc").status == 302
    for method in ("PUT", "DELETE", "OPTIONS", "PATCH"):
        answer = server.get("/abc", method=method)
        assert (answer.status, answer.headers["allow"]) == (405, "GET, HEAD, POST")


def test_a_paused_code_leads_to_a_page_of_ours(start: Start, publisher: Publisher) -> None:
    publisher.write("abc", "https://example.com/", status="paused")
    server = start(short_url="https://Go.Example")
    answer = server.get("/abc")
    assert (answer.status, answer.location) == (302, "https://Go.Example/-/paused")
    page = server.get("/-/paused")
    assert page.status == 200
    assert b"paused" in page.body
    server.stop()
    assert [(event.outcome, event.host) for event in server.events()] == [("paused", "go.example")]


def test_unknown_and_deleted_codes_are_not_found_and_recorded_as_nobodys(start: Start, publisher: Publisher) -> None:
    publisher.write("old", "", gone=True)
    server = start()
    for slug in ("old", "never"):
        answer = server.get(f"/{slug}", {"Host": "evil.example"})
        assert answer.status == 404
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
    server.stop()
    assert [(e.outcome, e.code, e.workspace, e.host) for e in server.events()] == [
        ("unknown", 0, 0, "localhost:8001")
    ] * 2


def test_a_flood_of_unknown_slugs_is_answered_but_not_all_recorded(start: Start) -> None:
    server = start(unknown_per_s=3)
    assert {server.get(f"/slug{n}").status for n in range(40)} == {404}
    dropped = server.metric("waymark_redirect_unknown_unrecorded_total")
    server.stop()
    assert 0 < len(server.events()) < 20
    assert len(server.events()) + dropped == 40


BAD_PATHS = [
    b"/%zz",
    b"/%",
    b"/%ff%fe",
    b"/%00",
    b"/" + b"a" * 129,
    b"/" + b"a" * 20_000,
    b"/a%2fb",
    b"/a/b",
    b"//",
    b"/a%0d%0aSet-Cookie:x",
    b"/\xff\xfe",
    b"/a b",
    b"*",
    b"http://other.example/abc/def",
]


def test_bad_paths_are_the_scanners_error(start: Start) -> None:
    server = start()
    for path in BAD_PATHS:
        with socket.create_connection(("127.0.0.1", server.port), timeout=30) as raw:
            raw.sendall(b"GET " + path + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            status = int(raw.makefile("rb").readline().split()[1])
        assert status in (400, 404), path[:40]


def test_long_and_invalid_headers_are_taken(start: Start, publisher: Publisher) -> None:
    publisher.write("abc", "https://example.com/")
    server = start()
    big = b"\xff\xfe\x80" + b"x" * 16_000
    names = [
        "User-Agent",
        "Referer",
        "Accept-Language",
        "X-Forwarded-For",
        "CF-Connecting-IP",
        "CF-IPCountry",
        "Cookie",
    ]
    for name in [*names, "CF-IPCity", "Sec-Purpose"]:
        assert server.get("/abc", {name: big}).status == 302
    server.stop()
    assert len(server.events()) == 9


def test_no_header_says_where_a_scanner_is_until_an_edge_is_named(start: Start, publisher: Publisher) -> None:
    publisher.write("abc", "https://example.com/")
    claims: dict[str, str | bytes] = {"CF-IPCountry": "FR", "CF-Connecting-IP": "198.51.100.9"}
    plain, named = start(), start(edge="cloudflare")
    for server in (plain, named):
        for headers in (claims, None):
            assert server.get("/abc", headers).status == 302
        server.stop()
    (claimed, honest), (placed, _) = plain.events(), named.events()
    assert (claimed.country, claimed.visitor) == ("", honest.visitor)
    assert placed.country == "FR"


def test_what_it_answers_besides_codes(start: Start) -> None:
    server = start()
    assert server.get("/healthz").body == b"ok\n"
    assert server.ready() == {"ready": True, "lacks": []}
    assert b"waymark_visits_total" in server.status("/metrics").body
    assert server.status("/healthz").body == b"ok\n" and server.status("/readyz").status == 200
    for path in ("/metrics", "/-/tls-ask", "/-/tls-ask?domain=go.example.com"):
        assert server.get(path).status == 404, "not on a public port"
    assert server.get("/robots.txt").status == 200
    assert server.get("/favicon.ico").status == 204
    assert server.get("/").status == 404
    assert server.get("/healthz", method="POST").status == 405


def test_the_address_and_the_user_agent_stay_in_the_process(start: Start, publisher: Publisher) -> None:
    publisher.write("abc", "https://example.com/")
    server = start()
    agent = IPHONE + " Secret-Agent-4711"
    for path in ("/abc", "/never", "/%zz"):
        server.get(
            path, {"User-Agent": agent, "X-Forwarded-For": "203.0.113.77", "Referer": "https://u:pass@a.example/?q"}
        )
    publisher.edit("abc", "https://example.com/2")
    server.stop()
    assert {event.outcome for event in server.events()} == {"redirect", "unknown"}
    kept = server.log_path.read_bytes() + b"".join(p.read_bytes() for p in server.journal.rglob("*") if p.is_file())
    for part in (b"203.0.113.77", b"Agent-4711", b"Mozilla", b"AppleWebKit", b"pass@", b"127.0.0.1"):
        assert part not in kept
