"""Behind a real proxy with the settings that come along, nobody chooses a country or an address."""

import http.client
import os
import re
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from redirect.geo import EDGES
from redirect.worker import listen
from schemas.event import ScanEvent
from tests.redirect.scanner import IPHONE, Publisher, redirector, until
from tests.servers import require

DEPLOY = Path(__file__).parents[2] / "deploy"
Command = list[str]


def nginx(folder: Path, port: int, behind: int, snippet: str) -> Command:
    """The server for short links as it is in deploy/nginx, without TLS, on a port of its own."""
    text = (DEPLOY / "nginx" / "waymark.conf").read_text()
    server = re.sub(r"^ *(listen \[::\]|ssl_).*\n", "", text[: text.index("\n}\n") + 3], flags=re.MULTILINE)
    server = server.replace("listen 443 ssl", f"listen 127.0.0.1:{port}").replace(
        "127.0.0.1:8001", f"127.0.0.1:{behind}"
    )
    server = server.replace("include waymark-proxy.conf", f"include {DEPLOY / 'nginx' / snippet}")
    temporary = "".join(
        f"{name}_temp_path {folder};\n" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    config = folder / "nginx.conf"
    config.write_text(
        f"daemon off; pid {folder}/pid; error_log {folder}/error.log; worker_processes 1; events {{}}\n"
        f"http {{ access_log off; {temporary} {server} }}\n"
    )
    return ["nginx", "-c", str(config), "-p", str(folder), "-e", f"{folder}/error.log"]


def caddy(folder: Path, port: int, behind: int, cloudflare: bool) -> Command:
    """The site for short links as it is in deploy/caddy, without TLS, on a port of its own."""
    text = (DEPLOY / "caddy" / "Caddyfile").read_text()
    _, snippet, site, *_ = re.findall(r"^[^#\s}][^\n]*\{\n.*?^\}\n|^\{\n.*?^\}\n", text, re.MULTILINE | re.DOTALL)
    if cloudflare:
        assert "\theader_up -CF-*\n" in snippet
        snippet = snippet.replace("\theader_up -CF-*\n", "")
    site = site.replace("go.example.com", f"http://127.0.0.1:{port}").replace("127.0.0.1:8001", f"127.0.0.1:{behind}")
    config = folder / "Caddyfile"
    config.write_text(f"{{\n\tadmin off\n\tauto_https off\n}}\n{snippet}\n{site}")
    return ["caddy", "run", "--adapter", "caddyfile", "--config", str(config)]


OURS = ("127.0.0.1",)
PLAIN = partial(nginx, snippet="waymark-proxy.conf")
# The program, how it is set up, the edge whose headers Waymark is told to believe, and from whom.
WAYS: dict[str, tuple[str, Callable[[Path, int, int], Command], str, tuple[str, ...]]] = {
    "nginx": ("nginx", PLAIN, "cloudflare", OURS),
    "nginx, another edge": ("nginx", PLAIN, "fastly", OURS),
    "nginx behind cloudflare": (
        *("nginx", partial(nginx, snippet="waymark-proxy-cloudflare.conf")),
        *("cloudflare", (*OURS, "cloudflare")),
    ),
    "caddy": ("caddy", partial(caddy, cloudflare=False), "cloudflare", OURS),
    "caddy behind cloudflare": ("caddy", partial(caddy, cloudflare=True), "cloudflare", (*OURS, "cloudflare")),
}


@contextmanager
def running(command: Command, folder: Path, port: int) -> Iterator[None]:
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder, env={"HOME": str(folder), "PATH": PATH})
    try:
        until(lambda: ask(port, "/healthz", {}, "127.0.0.1") == 200, f"{command[0]} to answer")
        yield
    finally:
        process.terminate()
        process.wait(20)


PATH = os.environ["PATH"]


def ask(port: int, path: str, headers: dict[str, str], source: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20, source_address=(source, 0))
    try:
        connection.request("GET", path, headers={"User-Agent": IPHONE, **headers})
        return connection.getresponse().status
    finally:
        connection.close()


@pytest.mark.parametrize("way", WAYS)
def test_nobody_chooses_a_country_or_an_address(way: str, publisher: Publisher) -> None:
    program, command, edge, trusted = WAYS[way]
    require.programs(program, why="a proxy in front")
    publisher.write("abc", "https://example.com/")
    claimed = {name.decode(): "FR" for name in EDGES[edge].names[:1]}
    with listen("127.0.0.1", 0) as taken:
        port = int(taken.getsockname()[1])
    with (
        tempfile.TemporaryDirectory(prefix="wm-proxy-") as folder,
        redirector(Path(folder), publisher.url, edge=edge, trusted_proxies=trusted) as server,
        running(command(Path(folder), port, server.port), Path(folder), port),
    ):
        for number in range(3):
            address = {EDGES[edge].address.decode(): f"198.51.100.{number}"} if number else {}
            chain = {"X-Forwarded-For": f"203.0.113.{number}, 172.71.0.{number}"} if number else {}
            assert ask(port, "/abc", {**claimed, **address, **chain}, "127.0.0.9") == 302
        assert ask(port, "/abc", {}, "127.0.0.10") == 302
        server.stop()
        events: list[ScanEvent] = server.events()
    assert [event.country for event in events] == [""] * 4
    visitors = [event.visitor for event in events]
    assert len({*visitors[:3]}) == 1 and visitors[3] != visitors[0]
