"""A whole `waymark up` in a folder and on ports of its own, for benches and for tests of whole examples."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec
import psutil
import redis
import requests

from bench.baseline import free_port
from schemas import keys
from schemas.route import Route
from waymark import embedded_redis
from waymark.data_dir import DataDir

ROOT = Path(__file__).parents[1]
KEY = "oqr_live_bench0123456789abcdef0123456789"
# Written at once; more would only make Redis's answer wait for longer.
ROUTES_AT_ONCE = 5_000


class Stack(msgspec.Struct, frozen=True):
    """What a running `waymark up` can be reached by. `log` is where its processes write."""

    process: int
    data: Path
    api_port: int
    redirect_port: int
    log: Path
    key: str = KEY

    @property
    def api(self) -> str:
        return f"http://127.0.0.1:{self.api_port}"

    @property
    def short(self) -> str:
        return f"http://127.0.0.1:{self.redirect_port}"

    def session(self) -> requests.Session:
        session = requests.Session()
        session.headers["Authorization"] = f"Bearer {self.key}"
        return session

    def workers(self) -> list[int]:
        """The process numbers of the redirect workers."""
        return [child.pid for child in psutil.Process(self.process).children() if "redirect" in child.cmdline()]

    def others(self) -> list[int]:
        """Those of everything else: the supervisor, the core that stores the scans, Redis."""
        supervisor = psutil.Process(self.process)
        return sorted({self.process, *(child.pid for child in supervisor.children(recursive=True))} - {*self.workers()})

    def scans(self, code: str) -> int:
        """How many scans of the code are stored, as the API tells it. Raises requests.HTTPError."""
        with self.session() as session:
            answer = session.get(f"{self.api}/v1/dynamic/{code}/scans", params={"days": 7}, timeout=60)
        answer.raise_for_status()
        total: int = answer.json()["scans"]["total"]
        return total

    def worker(self) -> int:
        """That of the only one. Raises LookupError when there is not exactly one."""
        found = self.workers()
        if len(found) != 1:
            raise LookupError(f"redirect workers: {found}")
        return found[0]

    def create(self, destination: str) -> dict[str, str]:
        """A code through the API. Raises requests.HTTPError."""
        with self.session() as session:
            answer = session.post(f"{self.api}/v1/dynamic", json={"destination": destination}, timeout=30)
        answer.raise_for_status()
        made: dict[str, str] = answer.json()
        return made

    def write(self, slug: str, route: Route) -> None:
        """One route, straight into Redis."""
        with redis.Redis.from_url(embedded_redis.url(DataDir(self.data))) as client:
            client.set(keys.route(keys.link_key("", slug)), msgspec.json.encode(route))

    def write_routes(self, slugs: list[str], *, first_birth: int) -> None:
        """Routes for so many slugs, straight into Redis: through the API they would take an hour."""
        encode = msgspec.json.Encoder().encode
        with redis.Redis.from_url(embedded_redis.url(DataDir(self.data))) as client:
            for at in range(0, len(slugs), ROUTES_AT_ONCE):
                client.mset(
                    {
                        keys.route(keys.link_key("", slug)): encode(
                            Route(
                                version=1, birth=first_birth + at + place, workspace=1, destination=_destination(slug)
                            )
                        )
                        for place, slug in enumerate(slugs[at : at + ROUTES_AT_ONCE])
                    }
                )


def _destination(slug: str) -> str:
    return f"https://www.example.com/campaigns/2026/spring/landing?code={slug}"


def spawn(
    data: Path, log: Path, *, workers: int = 1, edge: str = "none", root: Path = ROOT
) -> tuple[subprocess.Popen[bytes], Stack]:
    """Starts `waymark up` and does not wait for it. `root`: that of another tree, with its own environment where it has
    one."""
    api_port, redirect_port = free_port(), free_port()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("WAYMARK_")}
    environment |= {"WAYMARK_BOOTSTRAP_KEY": KEY, "WAYMARK_HOST": "127.0.0.1", "PYTHONUNBUFFERED": "1"}
    environment["WAYMARK_EDGE"] = edge
    python = root / ".venv/bin/python"
    if root != ROOT:
        environment["PYTHONPATH"] = str(root)
    with log.open("ab") as output:
        process = subprocess.Popen(
            [
                str(python) if root != ROOT and python.exists() else sys.executable,
                *("-P", "-m", "waymark", "up", "--data", str(data)),
                *("--api-port", str(api_port), "--redirect-port", str(redirect_port), "--workers", str(workers)),
            ],
            cwd=root,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    return process, Stack(process=process.pid, data=data, api_port=api_port, redirect_port=redirect_port, log=log)


def wait_until_ready(process: subprocess.Popen[bytes], stack: Stack, patience_s: float = 60) -> None:
    """Until both faces say so. Raises RuntimeError with the end of the log when they do not."""
    deadline = time.monotonic() + patience_s
    waiting = [f"{stack.short}/readyz", f"{stack.api}/readyz"]
    while waiting:
        with suppress(requests.RequestException):
            if requests.get(waiting[0], timeout=1).status_code == 200:
                del waiting[0]
                continue
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"waymark up is not ready; its log ends with\n{stack.log.read_text()[-3000:]}")
        time.sleep(0.02)


def stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(60)
    except subprocess.TimeoutExpired:
        # Its children end with it.
        process.kill()
        process.wait()


@contextmanager
def running(*, workers: int = 1, edge: str = "none", root: Path = ROOT) -> Iterator[Stack]:
    """A ready `waymark up`; everything of it is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="wm-bench-", ignore_cleanup_errors=True) as folder:
        process, stack = spawn(Path(folder) / "data", Path(folder) / "log", workers=workers, edge=edge, root=root)
        try:
            wait_until_ready(process, stack)
            yield stack
        finally:
            stop(process)
