"""The pages of the short host at a real redirector: whose branding they have, in which language, and from when on."""

from collections.abc import Callable

from redirect.branded_pages import FIRST
from schemas.branding import Branding
from tests.redirect.registrar import OURS, Registrar
from tests.redirect.scanner import Redirector, until

Start = Callable[..., Redirector]
Headers = dict[str, str | bytes]
HOST: Headers = {"Host": "s.example"}
GO: Headers = {"Host": "go.example"}
SHORT = "https://s.example"
THEIRS = 4


def test_a_page_has_the_branding_of_its_workspace_or_domain(start: Start, registrar: Registrar) -> None:
    registrar.code("", "over", 1, expires_at_ms=1)
    registrar.code("", "theirs", 2, THEIRS, expires_at_ms=1)
    registrar.code("", "early", 3, starts_at_ms=9_000_000_000_000)
    registrar.code("", "locked", 4, password="$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$aGFzaA")
    registrar.brand(FIRST, name="The first", accent="#b3380b")
    registrar.brand(OURS, name="Ours")
    registrar.write("go.example", branding=Branding(name="Go", message="Ask at the desk."))
    registrar.write("plain.example", not_found_text="Lost?", root_text="Hello")
    server = start(short_url=SHORT)

    def said(path: str, host: Headers = HOST, language: str = "") -> str:
        answer = server.get(path, {**host, "Accept-Language": language})
        assert answer.headers["content-length"] == str(len(answer.body))
        return answer.body.decode()

    assert ">Ours<" in said("/over") and "has expired" in said("/over")
    assert "abgelaufen" in said("/over", language="de-DE,en;q=0.5")
    assert "Ours" not in said("/theirs") and "The first" not in said("/theirs")
    assert ">Ours<" in said("/locked") and "Passwort" in said("/locked", language="de")
    # What is not there, and what has not started, look the same: they are the host's.
    assert ">The first<" in said("/never") and "--accent:#b3380b" in said("/never")
    assert said("/early") == said("/never")
    assert said("/early", GO) == said("/never", GO)
    assert said("/early", {"Host": "plain.example"}) == said("/never", {"Host": "plain.example"})
    assert "Lost?" in said("/early", {"Host": "plain.example"})
    assert "Short links live here" in said("/") and ">The first<" in said("/")
    assert "Ask at the desk." in said("/over", GO) and ">Go<" in said("/over", GO)
    assert ">Ours<" in said("/", {"Host": "plain.example"})


def test_a_form_for_what_is_not_there_looks_as_that_does(start: Start, registrar: Registrar) -> None:
    registrar.code("", "early", 3, starts_at_ms=9_000_000_000_000)
    registrar.brand(OURS, name="Ours")
    registrar.brand(FIRST, name="The first")
    server = start(short_url=SHORT)
    form: Headers = {"Content-Type": "application/x-www-form-urlencoded", "Origin": SHORT, **HOST}
    answers = [server.ask(path, form, method="POST", body=b"password=x") for path in ("/early", "/never")]
    assert [answer.status for answer in answers] == [403, 403]
    assert answers[0].body == answers[1].body and b"The first" in answers[0].body
    assert answers[0].headers["referrer-policy"] == "same-origin"


def test_a_change_is_seen_by_the_next_scan_also_of_paused_codes(start: Start, registrar: Registrar) -> None:
    registrar.code("", "off", 1, status="paused")
    registrar.write("go.example")
    server = start(short_url=SHORT)
    until(server.trusted, "trust")

    def leads_to(host: Headers) -> str:
        return server.get("/off", host).location

    assert leads_to(HOST) == leads_to(GO) == f"{SHORT}/-/paused"
    registrar.brand(OURS, name="Ours", token="abc")
    assert (leads_to(HOST), leads_to(GO)) == (f"{SHORT}/-/paused/abc", "/-/paused")
    assert b">Ours<" in server.get("/-/paused/abc", HOST).body
    assert b">Ours<" in server.get("/-/paused", GO).body
    assert b"Ours" not in server.get("/-/paused", HOST).body
    # Nobody's token: the page as it is.
    assert server.get("/-/paused/abd", HOST).body == server.get("/-/paused", HOST).body
    for n in range(30):
        registrar.brand(OURS, name=f"New {n}", token="abc")
        assert f">New {n}<".encode() in server.get("/-/paused/abc", HOST).body
    registrar.unbrand(OURS)
    assert leads_to(HOST) == leads_to(GO) == f"{SHORT}/-/paused"
