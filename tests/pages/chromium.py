"""Pages in a real browser: a small server that answers with them, and Chromium to open them."""

import json
import mimetypes
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from pages import Page
from tests.servers import require

HERE = Path(__file__).parent
LONGEST_S = 240
PHONE = {"width": 390, "height": 780}
DESKTOP = {"width": 1280, "height": 800}
# axe-core looks at each scheme and at each size once.
VIEWS = [
    {"name": f"{device}-{scheme}", "scheme": scheme, "axe": axe == scheme, **size}
    for device, size, axe in (("phone", PHONE, "light"), ("desktop", DESKTOP, "dark"))
    for scheme in ("light", "dark")
]


class Answer(NamedTuple):
    status: int
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()


def of_page(page: Page, status: int = 200) -> Answer:
    return Answer(status, page.body, tuple((name.decode(), value.decode()) for name, value in page.headers))


def of_file(name: str, body: bytes) -> Answer:
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    return Answer(200, body, (("content-type", kind), ("content-length", str(len(body)))))


# From method, path and body to an answer.
Site = Callable[[str, str, bytes], Answer]


@contextmanager
def serving(site: Site) -> Iterator[str]:
    """The base address of a server that answers what `site` says."""

    class Handler(BaseHTTPRequestHandler):
        def handle_one(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            path = self.path if urlsplit(self.path).path != "/favicon.ico" else ""
            answer = site(self.command, path, body) if path else Answer(204)
            self.send_response_only(answer.status)
            for name, value in answer.headers:
                self.send_header(name, value)
            if not any(name == "content-length" for name, _ in answer.headers):
                self.send_header("content-length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)

        do_GET = do_POST = handle_one

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def visit(
    pages: list[dict[str, Any]],
    *,
    views: list[dict[str, Any]] = VIEWS,
    axe: bool = False,
    downloads: Path | None = None,
) -> list[dict[str, Any]]:
    """What Chromium saw of each page in each view (`browser.mjs`). Installs what drives it, the first time."""
    require.programs("chromium", "node", "npm", why="a page in a real browser")
    if not (HERE / "node_modules" / ".package-lock.json").exists():
        subprocess.run(["npm", "ci", "--silent", "--ignore-scripts"], cwd=HERE, check=True, timeout=LONGEST_S)
    job = {"pages": pages, "views": views, "axe": axe, "chromium": shutil.which("chromium")}
    done = subprocess.run(
        ["node", "browser.mjs"],
        cwd=HERE,
        input=json.dumps({**job, "downloads": str(downloads or "")}),
        capture_output=True,
        text=True,
        timeout=LONGEST_S,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return [json.loads(line) for line in done.stdout.splitlines()]
