"""The calls and scripts of OpenQR's two documents run against `waymark up` as they stand there, but for
base URL, key, id and the webhook's address.

What is under openqr/ is the contract: it is held word for word, so it is neither formatted nor improved.
"""

import http.server
import json
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import zxingcpp
from PIL import Image

from bench import stack
from harness.agents import HEADERS
from tests.examples.calls import curl, run, scanned, visit
from tests.servers import require

HERE = Path(__file__).parent / "openqr"
PHONE, DESKTOP = HEADERS[0]["User-Agent"], HEADERS[4]["User-Agent"]


def example(name: str, up: stack.Stack, code_id: str = "") -> str:
    text = (HERE / name).read_text()
    for theirs, ours in (("https://openqr.uk", up.api), ("oqr_live_yourkey", up.key), ("b1c2…", code_id)):
        text = text.replace(theirs, ours)
    return text


def node(name: str, up: stack.Stack, code_id: str, folder: Path, **variables: str) -> list[str]:
    require.programs("node", why="the documents' scripts are for Node")
    script = folder / name
    script.write_text(example(name, up, code_id))
    return run(["node", str(script)], folder, OPENQR_KEY=up.key, **variables).splitlines()


@pytest.fixture(scope="module")
def code(up: stack.Stack, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The document's code, scanned three times by people and once by a program."""
    require.programs("curl", why="the documents' calls are curl's")
    status, made = curl(example("create.sh", up), tmp_path_factory.mktemp("create"))
    assert status == 201
    assert made["destination"] == "https://example.com/spring-launch"
    slug: str = made["slug"]
    answers = [
        visit(up, slug, User_Agent=PHONE, CF_IPCountry="GB"),
        visit(up, slug, User_Agent=PHONE, CF_IPCountry="GB"),
        visit(up, slug, User_Agent=DESKTOP, CF_IPCountry="IE", Referer="https://t.co/abc?d=e"),
        visit(up, slug, User_Agent="curl/8.5.0", CF_IPCountry="FR"),
    ]
    assert [(answer.status_code, answer.headers["location"]) for answer in answers] == [
        (302, "https://example.com/spring-launch")
    ] * 4
    scanned(up, made["id"], 3)
    return dict(made)


@pytest.fixture
def today() -> str:
    """The UTC day; an example that runs into the next one would see another."""
    return datetime.now(UTC).date().isoformat()


def test_create_answers_what_the_document_shows(code: dict[str, Any], up: stack.Stack) -> None:
    assert {"id", "slug", "short_url", "destination"} <= code.keys()
    assert len(code["slug"]) == 7
    assert code["short_url"] == f"http://localhost:{up.redirect_port}/{code['slug']}"
    assert code["label"] == "Spring poster — bus stops"


def test_a_picture_of_the_short_url(code: dict[str, Any], up: stack.Stack, tmp_path: Path) -> None:
    script = example("qr.sh", up).replace("https://oqr.to/k7Pm2qR", code["short_url"])
    assert run(["sh", "-ec", script], tmp_path).strip() == "200"
    (found,) = zxingcpp.read_barcodes(Image.open(tmp_path / "spring-poster.png"))
    assert found.text == code["short_url"]


def test_scans(code: dict[str, Any], up: stack.Stack, tmp_path: Path, today: str) -> None:
    status, found = curl(example("scans.sh", up, code["id"]), tmp_path)
    assert status == 200
    assert list(found) == ["id", "slug", "short_url", "destination", "scans", "analytics"]
    assert found["scans"] == {"total": 3, "last7": 3, "topCountry": "GB", "topDevice": "mobile"}
    analytics = found["analytics"]
    first = (datetime.fromisoformat(today) - timedelta(days=29)).date().isoformat()
    assert len(analytics["daily"]) == 30
    assert analytics["daily"][0] == {"day": first, "n": 0}
    assert analytics["daily"][-1] == {"day": today, "n": 3}
    assert {key: analytics[key] for key in analytics if key != "daily"} == {
        "days_window": 30,
        "total": 3,
        "window_total": 3,
        "by_country": [{"value": "GB", "n": 2}, {"value": "IE", "n": 1}],
        "by_device": [{"value": "mobile", "n": 2}, {"value": "desktop", "n": 1}],
        "by_referrer": [{"value": "Direct", "n": 2}, {"value": "t.co", "n": 1}],
    }


def test_node_prints_a_summary(code: dict[str, Any], up: stack.Stack, tmp_path: Path, today: str) -> None:
    assert node("summary.mjs", up, code["id"], tmp_path) == [
        "Lifetime: 3 | last 14d: 3",
        f"Busiest day: {today} (3)",
        "Top country: GB (2)",
        "Top referrer: Direct (2)",
    ]


def test_python_prints_a_summary(code: dict[str, Any], up: stack.Stack, tmp_path: Path, today: str) -> None:
    script = tmp_path / "summary.py"
    script.write_text(example("summary.py.txt", up, code["id"]))
    assert run([sys.executable, str(script)], tmp_path, OPENQR_KEY=up.key).splitlines() == [
        "Lifetime: 3 | 14d: 3",
        f"Busiest day: {today} (3)",
        "Top country: GB (2)",
        "Top referrer: Direct (2)",
    ]


def test_node_prints_a_dashboard(code: dict[str, Any], up: stack.Stack, tmp_path: Path, today: str) -> None:
    assert node("dashboard.mjs", up, code["id"], tmp_path) == [
        "Lifetime: 3 · 30d: 3",
        f"Busiest day: {today} (3)",
        "Top country: GB (2)",
        "Top referrer: Direct (2)",
    ]


def test_node_writes_a_year_as_csv(code: dict[str, Any], up: stack.Stack, tmp_path: Path, today: str) -> None:
    assert node("csv.mjs", up, code["id"], tmp_path) == ["Wrote 365 rows."]
    rows = (tmp_path / "scans.csv").read_text().splitlines()
    assert rows[0] == "day,scans"
    assert rows[-1] == f"{today},3"
    days = [datetime.fromisoformat(row.split(",")[0]) for row in rows[1:]]
    assert all(later - sooner == timedelta(days=1) for sooner, later in pairwise(days))
    assert all(row.endswith(",0") for row in rows[1:-1])


@contextmanager
def webhook() -> Iterator[tuple[str, list[Any]]]:
    """A local server in the webhook's place: its address, and what was posted to it."""
    posted: list[Any] = []

    class Taker(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            posted.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(200)
            self.send_header("content-length", "2")
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, format: str, *args: object) -> None:
            return

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Taker) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/services/T0/B0/x", posted
        finally:
            server.shutdown()
            thread.join()


def test_node_posts_to_the_webhook(code: dict[str, Any], up: stack.Stack, tmp_path: Path, today: str) -> None:
    with webhook() as (address, posted):
        node("slack.mjs", up, code["id"], tmp_path, SLACK_WEBHOOK_URL=address)
    assert posted == [
        {
            "text": f"*oqr.to/{code['slug']}* — 3 scans on {today}\n"
            "7-day total: 3 · lifetime: 3\n"
            "Top country: GB · top referrer: Direct"
        }
    ]


def test_list(code: dict[str, Any], up: stack.Stack, tmp_path: Path) -> None:
    status, found = curl(example("list.sh", up), tmp_path)
    assert status == 200
    mine = next(one for one in found["codes"] if one["id"] == code["id"])
    assert {"id", "slug", "short_url", "destination", "label", "status", "created_at"} <= mine.keys()
    assert mine["status"] == "active"


def test_edit_then_delete(up: stack.Stack, tmp_path: Path) -> None:
    _, made = curl(example("create.sh", up), tmp_path)
    status, edited = curl(example("edit.sh", up, made["id"]), tmp_path)
    assert status == 200
    assert edited["id"] == made["id"]
    assert edited["slug"] == made["slug"]
    assert edited["destination"] == "https://example.com/spring/live"
    assert edited["label"] == "Spring poster — bus stops"
    answer = visit(up, made["slug"], User_Agent=PHONE)
    assert (answer.status_code, answer.headers["location"]) == (302, "https://example.com/spring/live")
    assert curl(example("delete.sh", up, made["id"]), tmp_path) == (200, {"deleted": True})
    assert visit(up, made["slug"], User_Agent=PHONE).status_code == 404
    assert curl(example("scans.sh", up, made["id"]), tmp_path)[0] == 404
