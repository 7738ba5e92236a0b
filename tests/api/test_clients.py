"""Clients that are made from /openapi.json: they can be made, and do a round through each API of a running Waymark with
the minimal bodies of its document, from the creation of a code to a scan of it that they read; and docs/clients.md is
right."""

import importlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.servers import require
from tests.waymark.running import Up, up, wait_for

HERE = Path(__file__).parent / "clients"
PAGE = Path(__file__).parents[2] / "docs" / "clients.md"
URL = "https://example.com/spring"
LONGEST_S = 240


def run(*command: str | Path, cwd: Path, **variables: str) -> str:
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        timeout=LONGEST_S,
    )
    assert done.returncode == 0, f"{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
    return done.stdout


@pytest.fixture(scope="module")
def running() -> Iterator[Up]:
    with up() as found:
        yield found


def url(running: Up) -> str:
    return f"http://127.0.0.1:{running.api_port}"


@pytest.fixture(scope="module")
def document(running: Up, tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("document") / "openapi.json"
    found.write_bytes(requests.get(f"{url(running)}/openapi.json", timeout=30).content)
    return found


def variables(running: Up) -> dict[str, str]:
    short = f"http://localhost:{running.redirect_port}"
    return {"WAYMARK": url(running), "WAYMARK_KEY": running.key or "", "WAYMARK_SHORT": short}


def examples(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE.read_text(), re.DOTALL)


class Generated:
    """The package that openapi-python-client has made, and a client of it."""

    def __init__(self, running: Up) -> None:
        self.models = importlib.import_module("waymark_client.models")
        package = importlib.import_module("waymark_client")
        self._running = running
        self._client = package.AuthenticatedClient(url(running), token=running.key, raise_on_unexpected_status=True)

    def __call__(self, operation: str, *parts: str, **given: Any) -> Any:
        """The answer of an operation, which must be as asked."""
        found = importlib.import_module(f"waymark_client.api.{operation}")
        answer = found.sync_detailed(*parts, client=self._client, **given)
        assert answer.status_code < 300, answer.content
        return answer.parsed

    def scanned(self, slug: str, count: Callable[[], int]) -> int:
        """What `count` reads once somebody has scanned the code."""
        assert count() == 0
        assert self._running.scan(slug)[0] == 302
        wait_for(count, what="the scan is counted")
        return count()


@pytest.fixture(scope="module")
def package(document: Path) -> Path:
    """The folder that `waymark_client` is in."""
    (settings,) = examples("yaml")
    # Made to be run, and not to be read.
    (document.parent / "waymark.yaml").write_text(f"{settings}post_hooks: []\n")
    run(
        *(sys.executable, "-m", "openapi_python_client", "generate", "--meta", "none", "--fail-on-warning"),
        *("--path", document, "--output-path", "waymark_client", "--config", "waymark.yaml"),
        cwd=document.parent,
    )
    return document.parent


@pytest.fixture
def ask(running: Up, package: Path, monkeypatch: pytest.MonkeyPatch) -> Generated:
    monkeypatch.syspath_prepend(str(package))
    return Generated(running)


def test_python_openqr(ask: Generated) -> None:
    models = ask.models
    code = ask("open_qr.create_code", body=models.NewDynamicCode(destination=URL))
    assert ask("open_qr.edit_code", code.id, body=models.DynamicCodeEdit(label="Summer")).destination == URL
    items = [models.NewDynamicCode(destination=URL, label=f"Table {n}") for n in (1, 2)]
    bulk = ask("open_qr.create_codes", body=models.BulkRequest(items=items))
    assert [one.code.label for one in bulk.results] == ["Table 1", "Table 2"]
    assert "Summer" in [one.label for one in ask("open_qr.list_codes").codes]
    assert len(ask("open_qr.read_scans", code.id, days=7).analytics.daily) == 7
    assert ask.scanned(code.slug, lambda: int(ask("open_qr.read_scans", code.id).scans.total)) == 1


def test_python_asks_questions(ask: Generated) -> None:
    models = ask.models
    code = ask("open_qr.create_code", body=models.NewDynamicCode(destination=URL, tags=["asked"]))
    filters = [["or", [["is", "code:tag", ["asked"]], ["is", "scan:country", ["XK"]]]]]
    question = models.QueryRequest(
        metrics=["scans", "share"], date_range="28d", dimensions=["code"], filters=filters, compare="previous_period"
    )
    found = ask.scanned(code.slug, lambda: len(ask("open_qr.query_scans", body=question).results))
    assert found == 1
    (row,) = ask("open_qr.query_scans", body=question).results
    assert (row.dimensions, row.metrics, row.comparison.metrics) == ([str(code.id)], [1, 1.0], [0, 0.0])
    report = ask("open_qr.create_report", body=models.NewReport(name="Asked", query=question))
    assert ask("open_qr.read_report_answer", report.id).results[0].metrics == [1, 1.0]
    assert ask("open_qr.query_by_address", metrics="scans", tag="asked").results[0].metrics == [1]


def test_python_leaves_a_page_a_page(ask: Generated) -> None:
    """What is not set is not sent, whatever the document says of it."""
    models = ask.models
    content = models.Content(landing_page_content=models.LandingPageContent(title="Hello"))
    code = ask("open_qr.create_code", body=models.NewDynamicCode(type_="landing_page", content=content))
    renamed = ask("open_qr.edit_code", code.id, body=models.DynamicCodeEdit(label="Renamed"))
    assert (renamed.type_, renamed.label, renamed.destination) == ("landing_page", "Renamed", code.short_url)
    assert renamed.content.landing_page_content.title == "Hello"


def test_python_agency(ask: Generated) -> None:
    models = ask.models
    code = ask("qr_code_agency.create_qr", body=models.NewAgencyCode(name="Spring", destination_url=URL))
    edit = models.AgencyCodeEdit(name="Summer")
    assert ask("qr_code_agency.edit_qr", code.short_id, body=edit).destination_url == URL
    assert "Summer" in [one.name for one in ask("qr_code_agency.list_qrs").results]
    read = "qr_code_agency.read_analytics"
    assert ask.scanned(code.short_id, lambda: int(ask(read, code.short_id).total_scans)) == 1


def test_python_exaroutes(ask: Generated) -> None:
    models = ask.models
    code = ask("exa_routes.create_qr_code", body=models.NewQrCode(data=URL))
    assert ask("exa_routes.update_qr_code", code.id, body=models.QrCodeUpdate(destination=f"{URL}-v2")).id == code.id
    bulk = ask("exa_routes.create_qr_bulk", body=[models.NewQrCode(data=URL)])
    assert ask("exa_routes.read_qr_bulk", bulk.bulk_id).total == 1
    assert f"{URL}-v2" in [one.destination for one in ask("exa_routes.list_qr_codes").data]
    assert ask.scanned(code.id, lambda: int(ask("exa_routes.read_qr_analytics", code.id).total_scans)) == 1
    assert ask("exa_routes.read_qr_image", code.id).payload.read().startswith(b"\x89PNG")


def test_python_qravio(ask: Generated) -> None:
    models = ask.models
    new = models.NewQravioCode(
        name="Spring",
        type_="website",
        category=models.NewQravioCodeCategory.DYNAMIC,
        content=models.Content(url=URL),
        destinations=[models.NewQravioDestination(target_url=URL)],
    )
    code = ask("qravio.create_qravio_code", body=new)
    edited = ask("qravio.edit_qravio_code", code.id, body=models.QravioCodeEdit(name="Summer"))
    assert edited.destinations[0].target_url == URL
    assert "Summer" in [one.name for one in ask("qravio.list_qravio_codes")]
    read = "qravio.read_qravio_analytics"
    assert ask.scanned(code.short_code, lambda: int(ask(read, code.id).total_scans)) == 1


def test_the_documented_python(running: Up, package: Path) -> None:
    (text,) = examples("python")
    said = run(sys.executable, "-c", text, cwd=package, **variables(running))
    assert re.fullmatch(r"http://localhost:\d+/\w{7} 0\n", said)


@pytest.mark.proof
def test_typescript(running: Up, document: Path, tmp_path: Path) -> None:
    """It compiles in strict mode, and goes round; the documented program, too."""
    require.programs("node", "npm", why="clients in TypeScript")
    if not (HERE / "node_modules" / ".package-lock.json").exists():
        run("npm", "ci", "--silent", "--ignore-scripts", cwd=HERE)
    (tmp_path / "node_modules").symlink_to(HERE / "node_modules")
    (tmp_path / "package.json").write_text('{"type": "module"}')
    for name in ("round.ts", "node.d.ts"):
        (tmp_path / name).write_text((HERE / name).read_text())
    (text,) = examples("ts")
    (tmp_path / "documented.ts").write_text(text)
    tools = HERE / "node_modules" / ".bin"
    run(tools / "openapi-typescript", document, "-o", tmp_path / "waymark.d.ts", cwd=HERE)
    flags = ("--strict", "--noUncheckedIndexedAccess", "--skipLibCheck", "--target", "es2022", "--module", "nodenext")
    run(tools / "tsc", *flags, "--lib", "es2022,dom", "round.ts", "documented.ts", "node.d.ts", cwd=tmp_path)
    assert json.loads(run("node", "round.js", cwd=tmp_path, **variables(running))) == [
        ["Summer", "Table 1", 1, 30],
        [1, 1, True],
        ["landing_page", "Hello"],
        ["Summer", 1],
        [f"{URL}-v2", 1, 1],
        ["Summer", 1, 0],
    ]
    said = run("node", "documented.js", cwd=tmp_path, **variables(running))
    assert re.fullmatch(r"http://localhost:\d+/\w{7} 0\n", said)
