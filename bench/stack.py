"""A whole `waymark up` in a folder and on ports of its own, for benches and for tests of whole examples."""

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import msgspec
import psutil
import redis
import requests

from harness.launcher import ROOT, WaymarkUp, clean_environment
from schemas import keys
from schemas.route import Route
from waymark import embedded_redis
from waymark.data_dir import DataDir

KEY = "oqr_live_bench0123456789abcdef0123456789"
# Written at once; more would only make Redis's answer wait for longer.
ROUTES_AT_ONCE = 5_000
NO_MORE: Mapping[str, str] = {}


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
    data: Path,
    log: Path,
    *,
    workers: int = 1,
    edge: str = "none",
    root: Path = ROOT,
    more: Mapping[str, str] = NO_MORE,
) -> tuple[WaymarkUp, Stack]:
    """Start `waymark up` without waiting for it. `root`: that of another tree; `more`: further settings."""
    environment = clean_environment()
    environment |= {"WAYMARK_BOOTSTRAP_KEY": KEY, "WAYMARK_HOST": "127.0.0.1", "PYTHONUNBUFFERED": "1"}
    environment |= {"WAYMARK_EDGE": edge, **more}
    up = WaymarkUp(data, out=log, workers=workers, environment=environment, root=root)
    up.start()
    assert up.process is not None
    return up, Stack(process=up.process.pid, data=data, api_port=up.api_port, redirect_port=up.redirect_port, log=log)


@contextmanager
def running(
    kept: Path | None = None,
    *,
    workers: int = 1,
    edge: str = "none",
    root: Path = ROOT,
    more: Mapping[str, str] = NO_MORE,
) -> Iterator[Stack]:
    """A ready `waymark up`; everything of it is gone afterwards, but for what is in the folder `kept`."""
    with tempfile.TemporaryDirectory(prefix="wm-bench-", ignore_cleanup_errors=True) as temporary:
        folder = kept or Path(temporary)
        up, stack = spawn(folder / "data", folder / "log", workers=workers, edge=edge, root=root, more=more)
        try:
            up.wait_until_ready()
            yield stack
        finally:
            up.stop()
