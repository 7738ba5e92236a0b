"""What programs ask every host for is answered without Redis, and is no visit."""

from collections.abc import Callable

import pytest

from codes.errors import Conflict, Refused
from codes.slugs import check_chosen, check_imported
from redirect.paths import link_key_of_path
from schemas.probe_paths import is_probe
from tests.redirect.scanner import Publisher, Redirector

Start = Callable[..., Redirector]

NOISE = [
    *(".env", ".env.production", ".git", ".gitignore", ".aws", ".DS_Store", ".htaccess", ".well-known", "..", "."),
    *("index.php", "xmlrpc.php", "wp-login.php", "info.PHP", "x.php7", "shell.phtml", "default.aspx", "a.asp", "b.jsp"),
    *("wp-admin", "wp-content", "wp-includes", "wp-json", "wp-config.php.bak", "wp-config~", "wp-cron.php", "xmlrpc"),
    *("dump.sql", "backup.bak", "config.env", "php.ini", "x.cgi", "cgi-bin", "phpMyAdmin", ".vscode", ".ssh"),
    *("sitemap.xml", "sitemap_index.xml", "browserconfig.xml", "crossdomain.xml", "ads.txt", "app-ads.txt"),
    *("security.txt", "humans.txt", "llms.txt", "apple-touch-icon.png", "apple-touch-icon-120x120-precomposed.png"),
    *("favicon-32x32.png", "favicon.svg", "site.webmanifest", "manifest.json", "service-worker.js", "sellers.json"),
]
# Slugs that look a little like it.
LINKS = [
    *(
        "wp-summer",
        "wp",
        "wordpress",
        "php",
        "env",
        "git",
        "menu.pdf",
        "v1.2",
        "sql",
        "a~b",
        "admin",
        "login",
        "sitemap",
    ),
    *("favicon", "php-course", "robots", "k7Pm2qR", "index.html", "ads", "wp-administration", "my.env-2", "asp"),
]


@pytest.mark.parametrize("slug", NOISE)
def test_noise_has_no_place_and_is_no_slug(slug: str) -> None:
    assert is_probe(slug)
    for form in (f"/{slug}", f"/q/{slug}", f"/r/{slug}/"):
        assert link_key_of_path(form) is None
    if slug not in (".", ".."):
        with pytest.raises(Conflict, match="reserved"):
            check_imported(slug)
    with pytest.raises((Conflict, Refused)):
        check_chosen(slug)


@pytest.mark.parametrize("slug", LINKS)
def test_what_looks_like_it_is_a_link(slug: str) -> None:
    assert not is_probe(slug)
    assert link_key_of_path(f"/{slug}") == f"/{slug}"
    assert check_imported(slug) == slug


def test_noise_asks_nobody_and_is_recorded_nowhere(start: Start, publisher: Publisher) -> None:
    publisher.write("menu", "https://example.com/")
    server = start()
    assert server.get("/menu").status == 302
    lookups = server.metric("waymark_redirect_lookups_total")
    own = ["/robots.txt", "/favicon.ico", "/healthz", "/-/paused", "/metrics", "/-/tls-ask", "/.well-known/x"]
    own += ["/wp-admin/install", "/vendor/phpunit/eval-stdin.php", "/a/.git/config", "/api/v1/x", "/-/x", "/a//b"]
    for path in [f"/{slug}" for slug in NOISE if slug.strip(".")] + own:
        for method in ("GET", "HEAD"):
            answer = server.get(path, method=method)
            assert answer.status in ((200, 204) if path in own[:4] else (404,)), path
    assert server.metric("waymark_redirect_lookups_total") == lookups
    server.stop()
    assert [event.outcome for event in server.events()] == ["redirect"]


def test_what_is_answered_to_programs(start: Start) -> None:
    server = start()
    assert server.get("/robots.txt").body == b"User-agent: *\nDisallow:\n"
    assert server.get("/favicon.ico").headers["cache-control"] == "public, max-age=86400"
    answer = server.get("/.well-known/security.txt")
    assert (answer.status, answer.body) == (404, b"not found\n")
