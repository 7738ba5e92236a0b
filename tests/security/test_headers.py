"""Nothing that anybody writes or sends becomes a header of its own, or a line of somebody else's."""

import contextlib
import itertools
import re
import socket
from collections.abc import Callable
from pathlib import Path

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from codes import destinations
from codes.errors import Refused
from decisions.query_forwarding import forwarded, forwarding
from schemas.files import path_of
from schemas.scan_options import Query
from tests.codes.files import PNG
from tests.redirect.conftest import publisher, start
from tests.redirect.scanner import IPHONE, Publisher, Redirector

__all__ = ["publisher", "start"]
Start = Callable[..., Redirector]

# All that stands in an answer of a redirector, whatever was asked.
KNOWN = {
    *("date", "location", "cache-control", "content-type", "content-length", "content-security-policy"),
    *("referrer-policy", "x-content-type-options", "x-robots-tag", "connection", "retry-after", "allow", "set-cookie"),
    *("content-disposition", "accept-ranges", "content-range", "etag", "last-modified", "cross-origin-resource-policy"),
}
_IMPOSSIBLE = re.compile(rb"[\x00-\x20\x7f]")
_evil = st.sampled_from(
    ["\r\n", "\n", "\r", "%0d%0a", "%0D%0ASet-Cookie: a=b", "\x00", "\u0085", "\u2028", "\u560d\u560a", " ", "\t", "é"]
)
_texts = st.lists(st.one_of(_evil, st.text(max_size=5), st.sampled_from(list("/?#&=%:@"))), max_size=8).map("".join)
many = settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))


@many
@given(_texts)
@example("\u560d\u560aSet-Cookie:x")
def test_a_destination_is_refused_or_one_line(text: str) -> None:
    url = f"https://example.com/{text}"
    try:
        destinations.parse(url)
    except Refused:
        return
    said = destinations.location_header(url).encode("ascii")
    assert not _IMPOSSIBLE.search(said)


@many
@given(st.text(max_size=12))
def test_a_host_is_refused_or_one_line(text: str) -> None:
    url = f"https://{text}.example.com/"
    with contextlib.suppress(Refused):
        destinations.parse(url)
        assert not _IMPOSSIBLE.search(destinations.location_header(url).encode("ascii"))


@many
@given(st.binary(max_size=60), _texts, st.sampled_from(["append", "override", "drop"]))
def test_what_a_scan_brings_stays_in_its_line(query: bytes, utm: str, mode: Query) -> None:
    how = forwarding(mode, {"utm_source": utm})
    said = forwarded(b"https://example.com/a?b=c#d", query, how)
    assert not _IMPOSSIBLE.search(said)


def heads(port: int, sent: bytes) -> list[bytes]:
    """The header lines of the answer, without the status. What follows its body would show in the next answer."""
    probe = b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(sent)
        came = connection.recv(65536)
        with contextlib.suppress(ConnectionError):
            connection.sendall(probe)
            while got := connection.recv(65536):
                came += got
    # What is no HTTP ends the connection.
    refused = came.startswith(b"HTTP/1.1 400")
    assert refused or (came.count(b"HTTP/1.1 ") == 2 and came.endswith(b"\r\n\r\nok\n")), came
    return came.partition(b"\r\n\r\n")[0].split(b"\r\n")[1:]


PIECES = [
    b"%0d%0aSet-Cookie:%20a=b",
    b"%0D%0A%0D%0A<script>",
    b"%00",
    b"%E5%98%8D%E5%98%8ASet-Cookie:x",
    "嘊嘍Set-Cookie:x".encode(),
    b"\xff\xfe",
    b"a\tb",
    b"a\x0bX: y",
]


def test_whatever_is_asked_a_redirector_says_its_own_headers(
    start: Start, publisher: Publisher, tmp_path: Path
) -> None:
    publisher.write("plain", "https://example.com/")
    publisher.write("forwards", "https://example.com/", birth=2, query="append", utm={"utm_source": "x"})
    key = f"{'a' * 64}.png"
    stored = path_of(tmp_path / "files", key)
    stored.parent.mkdir(parents=True)
    stored.write_bytes(PNG)
    server = start(files=tmp_path / "files")
    assert server.get(f"/f/{key}/a.png").status == 200
    paths = (b"/plain?x=%b", b"/forwards?x=%b", b"/%b", b"/q/%b/", b"/forwards/%b", b"/f/" + key.encode() + b"/%b")
    for path, piece in itertools.product(paths, PIECES):
        for host in (b"x", piece.replace(b"\x0b", b"")):
            sent = b"GET %b HTTP/1.1\r\nHost: %b\r\nUser-Agent: %b\r\n\r\n" % (path % piece, host, IPHONE.encode())
            for line in heads(server.port, sent):
                name, colon, value = line.partition(b": ")
                assert colon and name.decode().lower() in KNOWN, (path, line)
                assert name.lower() != b"set-cookie"
                assert not re.search(rb"[\x00-\x08\x0a-\x1f\x7f]", value), (path, line)
