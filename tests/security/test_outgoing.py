"""Who opens connections, and where to: what a stranger writes is fetched in one place only, and guarded there."""

import ast
from pathlib import Path

from api import logos
from webhooks import receivers

ROOT = Path(__file__).parents[2]
ROOMS = (
    "infra",
    "schemas",
    "redirect",
    "ingest",
    "pages",
    "codes",
    "api",
    "analytics",
    "aggregator",
    "qr",
    "waymark",
    "webhooks",
)
# By which modules and calls a program reaches out.
MODULES = {
    *("http.client", "urllib.request", "ftplib", "smtplib", "telnetlib", "imaplib", "poplib", "xmlrpc.client"),
    *(
        "requests",
        "httpx",
        "httpx2",
        "httpcore2",
        "aiohttp",
        "urllib3",
        "websockets",
        "dns.asyncresolver",
        "dns.resolver",
    ),
}
CALLS = {"open_connection", "create_connection", "open_unix_connection", "create_unix_connection", "getaddrinfo"}
MAY = {
    "api/logos.py": "logos, at the very address that was checked",
    "codes/vetted_hosts.py": "the same, and receivers of webhooks",
    "webhooks/receivers.py": "receivers of webhooks, at the very address that was checked",
    "webhooks/mail.py": "the mail server that the operator named",
    "api/mcp_server/http.py": "the API itself, in the same process",
    "api/mcp_server/tools.py": "the API itself",
    "waymark/commands/mcp.py": "the API that the person named",
    "codes/domain_verification.py": "name servers, about a domain that somebody claims",
    "codes/resolver.py": "the system's resolver, about a destination's host",
    "codes/file_stores.py": "the bucket that the operator named",
    "redirect/file_server.py": "the same",
    "infra/s3.py": "the same",
    "redirect/redis_connection.py": "Redis",
    "infra/redis_primary.py": "the Sentinels that the operator named",
    "ingest/kafka_security.py": "the server of tokens that the operator named",
    "waymark/core_client.py": "the core's socket",
    "waymark/stats/sources.py": "the API that the person named",
    "waymark/net.py": "our own ports, before they are taken and until they answer",
}


def reaches_out(path: Path) -> bool:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import) and any(name.name in MODULES for name in node.names):
            return True
        if isinstance(node, ast.ImportFrom) and node.module in MODULES:
            return True
        if isinstance(node, ast.Attribute) and node.attr in CALLS:
            return True
    return False


def test_connections_are_opened_in_known_places() -> None:
    found = {str(path.relative_to(ROOT)) for room in ROOMS for path in (ROOT / room).rglob("*.py") if reaches_out(path)}
    assert found - set(MAY) == set()
    assert {name for name in MAY if not (ROOT / name).exists()} == set()


def test_a_redirector_never_asks_where_it_sends_people() -> None:
    """So a destination is no way into the network that Waymark stands in."""
    inside = {str(path.relative_to(ROOT)) for path in (ROOT / "redirect").rglob("*.py") if reaches_out(path)}
    assert inside == {"redirect/redis_connection.py", "redirect/file_server.py"}


def test_the_guard_is_the_one_that_was_looked_at() -> None:
    """`tests/api/test_logos.py` has its tests: redirects, names that change, private addresses in every spelling."""
    assert logos.MAX_REDIRECTS <= 3
    assert logos.PATIENCE_S <= 5
    assert logos.MAX_HEADERS <= 64 * 1024
    # `tests/webhooks/test_receivers.py` has those of webhooks; redirects are not followed at all.
    assert receivers.PATIENCE_S <= 15
    assert receivers.MAX_ANSWER <= 64 * 1024
