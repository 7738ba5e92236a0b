"""Whatever is sent, over a real connection: a 4xx that says why in our shape, or an honest answer; never a 5xx."""

import json
import re
import socket
import string
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from infra.warehouse import Warehouse
from tests.api.served import Served, serving
from tests.servers.redis import RedisServer

DESTINATION = "https://example.com/a"
LONG = "a" * 300


@pytest.fixture(scope="module")
def served(redis_server: RedisServer, warehouse: Warehouse) -> Iterator[Served]:
    redis_server.flush()
    with serving(redis_server.url, warehouse) as found:
        yield found


@pytest.fixture(scope="module")
def client(served: Served) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=served.url, headers={"Authorization": f"Bearer {served.key}"}) as client:
        yield client


@pytest.fixture(scope="module")
def id(client: httpx.Client) -> str:
    return str(client.post("/v1/dynamic", json={"destination": DESTINATION}).json()["id"])


def field_at_fault(response: httpx.Response, status: int = 400) -> str | None:
    assert response.status_code == status, response.text
    error = response.json()["error"]
    assert set(error) == {"code", "message", "field"} and error["code"] and error["message"]
    return error["field"]  # type: ignore[no-any-return]


# Field → values that can never be taken.
BAD: dict[str, list[Any]] = {
    "destination": [None, 1, True, [], {}, "", " ", "x", "https://a" * 300, "//example.com", "https://exa mple.com"],
    "label": [1, 1.5, False, [], {}, "a" * 256],
    "slug": [None, 1, True, [], {}, "", "a", "a" * 49, "UPPER", "a--b", "../../etc", "a\u0000b"],
    "tags": [None, 1, True, {}, "a", [1], [None], [["a"]], [{}], [""], ["a" * 51], [f"t{n}" for n in range(11)]],
    "status": [None, 1, True, [], {}, "", "Active", "deleted", "expired"],
    "style": [None, 1, True, [], "a", {"a": "b" * 16_384}],
    "folder_id": [1, True, [], {}, "", "none-such", "00000000-0000-4000-8000-000000000000"],
    "domain": [1, True, [], {}, "", "go.example.com"],
    "type": [None, 1, "", "Website", "vcard_minus", "page"],
    "content": [1, [], "a", {"url": "https://example.com"}],
    "page_design": [1, [], "a", {"a": "b" * 16_384}],
    "starts_at": [1, True, [], {}, "", "tomorrow", "2026-05-21", "2026-05-21T15:00:00", "2026-13-01T00:00:00Z"],
    "expires_at": [1, True, [], {}, "", "2026-05-21T25:00:00Z", "0001-01-01T00:00:00Z", "2026-05-21T15:00:00 CET"],
    "expired_destination": [1, [], "", "x", "http://127.0.0.1/", "javascript:alert(1)", "https://s.example.net/a"],
    "scan_limit": [0, -1, 1.5, True, "1", [], {}, 2**63 - 1],
    "password": [1, True, [], {}, "", "abc", "a" * 129],
    "locked": [None, 0, "true", []],
    "query": [None, 1, "", "keep", []],
    "sticky": [None, 1, "", "always", []],
    "variants": [None, 1, "a", {}, [1], [[]], [None], [{"url": "https://example.com"}] * 11],
    "rules": [None, 1, "a", {}, [1], [[]], [None]],
    "apps": [1, "a", [], True],
    "utm": [None, 1, "a", [], {"source": 1}],
    "has_passwords": [True],
    "colour": [None, 1, "red"],
    "number": [1],
    "": [1],
}


@pytest.mark.parametrize(("field", "value"), [(field, value) for field, values in BAD.items() for value in values])
def test_each_field_is_refused_by_its_name(client: httpx.Client, id: str, field: str, value: object) -> None:
    before = client.get(f"/v1/dynamic/{id}").json()
    count = len(client.get("/v1/dynamic").json()["codes"])
    for response in (
        client.post("/v1/dynamic", json={"destination": DESTINATION, field: value}),
        client.patch(f"/v1/dynamic/{id}", json={"label": "changed", field: value}),
    ):
        assert field_at_fault(response) == field
    assert client.get(f"/v1/dynamic/{id}").json() == before
    assert len(client.get("/v1/dynamic").json()["codes"]) == count


@pytest.mark.parametrize("field", ["id", "short_url", "created_at", "updated_at", "has_password"])
def test_read_only_fields_are_ignored(client: httpx.Client, id: str, field: str) -> None:
    before = client.get(f"/v1/dynamic/{id}").json()
    values: list[object] = [None, 1, [], "x", before[field]]
    for value in values:
        assert client.patch(f"/v1/dynamic/{id}", json={field: value}).json() == before
        assert client.post("/v1/dynamic", json={"destination": DESTINATION, field: value}).status_code == 201


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"", "body"),
        (b"not json", "body"),
        (b"[]", "body"),
        (b"null", "body"),
        (b'"text"', "body"),
        (b"\x80\x81", "body"),
        (b'{"label": "\xff"}', "body"),
        (b'{"label": NaN}', "label"),
        (b'{"label": "a", "label": "b"}', "label"),
        (b'{"label": "\\ud800"}', "label"),
        (b'{"label": 1e999}', "label"),
        (b'{"style": {"a": ' + b"9" * 5000 + b"}}", "style"),
        (b'{"style": {"a": Infinity}}', "style"),
        (b'{"style": ' + b"[" * 400_000, "body"),
        (b'{"style": ' + b'{"a":' * 40 + b"1" + b"}" * 40 + b"}", "style"),
        (b"\x1f\x8b\x08\x00", "body"),
    ],
)
def test_each_body_is_refused(client: httpx.Client, id: str, body: bytes, field: str) -> None:
    for response in (client.post("/v1/dynamic", content=body), client.patch(f"/v1/dynamic/{id}", content=body)):
        assert field_at_fault(response) == field


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
_bodies = st.dictionaries(st.sampled_from([*BAD, "id", "created_at"]) | st.text(max_size=8), _json, max_size=5)
_quick = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@_quick
@given(sent=_bodies, patch=st.booleans(), good=st.booleans())
def test_any_object(client: httpx.Client, id: str, sent: dict[str, Any], patch: bool, good: bool) -> None:
    if good:
        sent["destination"] = DESTINATION
    content = json.dumps(sent).encode()
    response = client.request(
        "PATCH" if patch else "POST", f"/v1/dynamic/{id}" if patch else "/v1/dynamic", content=content
    )
    if response.status_code in (200, 201):
        shown = response.json()
        for name, value in sent.items():
            if name in ("label", "slug", "status", "style"):
                assert shown[name] == value
    elif response.status_code == 409:
        assert field_at_fault(response, 409) in ("slug", "destination")
    else:
        field = field_at_fault(response)
        named = {*(name[:64] for name in sent), "destination", "content", "body"}
        assert field in named or re.split(r"[.\[]", field or "")[0] in named


_anything = "".join(chr(code) for code in range(256))


@_quick
@given(
    path=st.text(alphabet=string.printable + _anything, max_size=40),
    method=st.sampled_from([b"GET", b"POST", b"PATCH", b"DELETE", b"PUT", b"HEAD", b"OPTIONS"]),
    header=st.binary(max_size=60),
    deep=st.booleans(),
)
def test_any_path_and_header(served: Served, path: str, method: bytes, header: bytes, deep: bool) -> None:
    target = (b"/v1/dynamic/" if deep else b"/") + path.encode("latin-1")
    head = b"%s %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer %s\r\nX-Any: %s\r\n\r\n"
    answer = served.raw(head % (method, target, served.key.encode(), header))
    assert answer.startswith(b"HTTP/1.1 "), answer
    status = int(answer[9:12])
    assert 200 <= status < 500, answer


@pytest.mark.parametrize(
    "header",
    [
        b"Authorization: Bearer \xff\xfe\xfd",
        b"Authorization: \x80",
        b"Authorization: Bearer \xc3\xa9",
        b"Authorization: " + b"Bearer " * 1000,
        b"Authorization: Bearer " + b"a" * 16_384,
        b"X-Long: " + b"a" * 16_384,
        b"\xff: 1",
        b"Content-Length: -1",
        b"Content-Length: 99999999999999999999",
        b"Content-Length: x",
        b"Transfer-Encoding: nonsense",
        b"No colon",
    ],
)
@pytest.mark.parametrize(
    "path", [b"/v1/dynamic", b"/v1/dynamic/%ff%fe", b"/v1/dynamic/\xff\xfe", b"/v1/dynamic?days=%ff&limit=\xff"]
)
def test_headers_that_are_no_headers(served: Served, path: bytes, header: bytes) -> None:
    answer = served.raw(b"GET %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n%s\r\n\r\n" % (path, header))
    assert 400 <= int(answer[9:12]) < 500, answer


def test_a_body_that_claims_to_be_huge_is_not_waited_for(served: Served) -> None:
    head = b"POST /v1/dynamic HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Length: 999999999999\r\n\r\n{"
    answer = served.raw(head % served.key.encode())
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert json.loads(answer.split(b"\r\n\r\n", 1)[1])["error"]["field"] == "body"


def test_a_body_sent_without_a_length_is_bounded_too(client: httpx.Client) -> None:
    def endless() -> Iterator[bytes]:
        for _ in range(40):
            yield b" " * 65_536

    assert field_at_fault(client.post("/v1/dynamic", content=endless()), 413) == "body"


def test_a_client_that_hangs_up_is_no_fault_of_ours(served: Served, client: httpx.Client) -> None:
    head = b"POST /v1/dynamic HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Length: 50\r\n\r\n{"
    counted = 'waymark_api_requests_total{method="POST",route="/v1/dynamic",status="400"}'

    def refused() -> float:
        found = [line for line in served.metrics().splitlines() if line.startswith(counted)]
        return float(found[0].rsplit(" ", 1)[1]) if found else 0

    before = refused()
    with socket.create_connection(("127.0.0.1", served.port)) as connection:
        connection.sendall(head % served.key.encode())
    deadline = time.monotonic() + 30
    while refused() == before and time.monotonic() < deadline:
        time.sleep(0.02)
    assert refused() == before + 1


def test_it_still_works_after_all_that(served: Served, client: httpx.Client) -> None:
    assert 'status="5' not in served.metrics()
    code = client.post("/v1/dynamic", json={"destination": DESTINATION}).json()
    assert client.get(f"/v1/dynamic/{code['id']}").json() == code
