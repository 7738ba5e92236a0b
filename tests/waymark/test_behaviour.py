"""What a code may do, written through the API and seen by scanners: `waymark up` with two redirectors."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from tests.waymark.running import Up, up

WEB = "https://example.com/web"
A, B = "https://example.com/a", "https://example.com/b"
ELSEWHERE = "https://example.com/elsewhere"


@pytest.fixture(scope="module")
def running() -> Iterator[Up]:
    with up(workers=2) as one:
        yield one


def edited(running: Up, code: dict[str, object], **fields: object) -> None:
    status, answer = running.call("PATCH", f"/v1/dynamic/{code['id']}", fields)
    assert status == 200, answer


def test_every_edit_is_seen_by_the_next_scan(running: Up) -> None:
    code = running.create(WEB)
    slug = code["slug"]

    def scans(count: int = 6) -> set[tuple[int, str]]:
        return {running.scan(f"{slug}?table=7") for _ in range(count)}

    now = datetime.now(UTC)
    assert scans() == {(302, WEB)}
    edited(running, code, query="append")
    assert scans() == {(302, f"{WEB}?table=7")}
    edited(running, code, query="drop", utm={"source": "poster"})
    assert scans() == {(302, f"{WEB}?utm_source=poster")}
    edited(running, code, utm={}, variants=[{"url": A}, {"url": B, "weight": 0}])
    assert scans() == {(302, A)}
    edited(running, code, rules=[{"if": {"query": {"table": ["7"]}, "device": "mobile"}, "to": B}])
    assert scans() == {(302, B)}
    edited(running, code, rules=[], variants=[], apps={"ios": A})
    assert scans() == {(302, A)}
    edited(running, code, apps=None, expires_at=(now - timedelta(days=1)).isoformat())
    assert {status for status, _ in scans()} == {410}
    edited(running, code, expired_destination=ELSEWHERE)
    assert scans() == {(302, ELSEWHERE)}
    edited(running, code, expires_at=None, starts_at=(now + timedelta(days=1)).isoformat())
    assert {status for status, _ in scans()} == {404}
    edited(running, code, starts_at=None, password="open sesame")
    assert scans() == {(200, "")}
    edited(running, code, password=None, status="paused")
    assert all(status == 302 and location != WEB for status, location in scans())
    edited(running, code, status="active", locked=True)
    assert scans() == {(302, WEB)}
    assert running.call("PATCH", f"/v1/dynamic/{code['id']}", {"destination": A})[0] == 409
    assert scans() == {(302, WEB)}


def test_a_limit_is_kept_by_all_redirectors_together(running: Up) -> None:
    code = running.create(WEB, scan_limit=5, expired_destination=ELSEWHERE)
    ends = Counter(running.scan(code["slug"]) for _ in range(12))
    assert ends == {(302, WEB): 5, (302, ELSEWHERE): 7}
    edited(running, code, scan_limit=6)
    assert [running.scan(code["slug"])[1] for _ in range(2)] == [WEB, ELSEWHERE]


def test_a_code_becomes_a_page_and_a_link_again(running: Up) -> None:
    code = running.create(WEB)
    edited(running, code, type="vcard_plus", content={"vCardContent": {"first_name": "Ada", "last_name": "Lovelace"}})
    assert {running.scan(code["slug"]) for _ in range(4)} == {(200, "")}
    edited(running, code, type="website", destination=A)
    assert {running.scan(code["slug"]) for _ in range(4)} == {(302, A)}


def test_schemes_are_allowed_by_the_command(running: Up) -> None:
    code = running.create(WEB)
    sent = {"apps": {"ios": "myapp://open"}}
    status, answer = running.call("PATCH", f"/v1/dynamic/{code['id']}", sent)
    assert (status, answer["error"]["code"]) == (400, "scheme_not_allowed")
    assert running.command("workspace", "schemes", "default").stdout.strip() == "none besides https"
    assert running.command("workspace", "schemes", "default", "myapp", "fb").stdout.strip() == "myapp, fb"
    edited(running, code, **sent)
    assert running.scan(code["slug"]) == (302, "myapp://open")
    refused = running.command("workspace", "schemes", "default", "javascript")
    assert refused.returncode == 1 and "must start with https" in refused.stderr
    assert running.command("workspace", "schemes", "default", "--none", "--json").stdout.strip() == "[]"
