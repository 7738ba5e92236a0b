"""The dashboard's page and files, at the API's own origin."""

from pathlib import Path

from starlette.applications import Starlette
from starlette.routing import Route
from starlette.testclient import TestClient

from api import dashboard_files
from tests.api.service import Service


def served(built: Path) -> TestClient:
    return TestClient(Starlette(routes=[Route(path, one) for path, one in dashboard_files.routes(built).items()]))


def test_any_view_is_the_page_and_files_are_kept_for_ever(tmp_path: Path) -> None:
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text("<p>the page")
    (tmp_path / "assets" / "index-1.js").write_text("go()")
    (tmp_path / "secret.txt").write_text("no")
    client = served(tmp_path)
    for path in ("/", "/codes", "/codes/an-id", "/settings/keys"):
        page = client.get(path)
        assert (page.status_code, page.text, page.headers["cache-control"]) == (200, "<p>the page", "no-cache")
        assert page.headers["content-type"].startswith("text/html")
        policy = page.headers["content-security-policy"]
        assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy and "http" not in policy
    script = client.get("/assets/index-1.js")
    assert (script.text, script.headers["content-type"]) == ("go()", "text/javascript; charset=utf-8")
    assert "immutable" in script.headers["cache-control"]
    for path in ("/assets/none.js", "/assets/../secret.txt", "/assets/%2e%2e%2fsecret.txt", "/secret.txt"):
        assert client.get(path).status_code == 404


def test_the_document_of_previews_runs_nothing_and_is_framed_here_alone(tmp_path: Path) -> None:
    page = served(tmp_path).get("/preview")
    policy = dict(part.strip().partition(" ")[::2] for part in page.headers["content-security-policy"].split(";"))
    assert (policy["default-src"], policy["frame-ancestors"]) == ("'none'", "'self'")
    assert policy["sandbox"] == "allow-same-origin" and "script-src" not in policy


def test_without_a_build_the_page_says_how_to_make_one(tmp_path: Path) -> None:
    page = served(tmp_path).get("/")
    assert page.status_code == 200
    assert "make setup" in page.text


async def test_it_takes_no_path_from_the_apis(api: Service) -> None:
    assert (await api.client.get("/")).headers["content-type"].startswith("text/html")
    assert (await api.client.get("/v1/nothing")).json()["error"]["code"] == "not_found"
    assert (await api.client.get("/elsewhere")).status_code == 404
    assert (await api.client.post("/")).status_code == 405
