"""Two regions, and what the line between them costs: `python -m drill.regions`.

At home are the primary of Redis and a whole Waymark; far away a redirector beside a replica, behind a line that delays
and can be cut (`harness.link`). For each round trip it measures scans and edits, looks for scans that were led to an
old destination after the edit was answered, uses up a scan limit from both sides, and cuts the line. In the end every
scan of both must be stored once. Exits with 1 when a promise was broken.
"""

import argparse
import asyncio
import http.client
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

import msgspec

from drill.failover import Api
from drill.stack import KEY, Stack, closing
from harness.agents import FIREFOX
from harness.launcher import ROOT, clean_environment
from harness.link import Link
from harness.ports import free_ports
from harness.redis_servers import redis_node, wait_until

ROUND_TRIPS_MS = (0, 40, 80, 160)
TIMES = 30
CUT_S = 3.0


class Figures(msgspec.Struct):
    """Medians in milliseconds, of one round trip of the line. `old`: scans that were led to an old destination after
    the edit was answered. `cut_edit` and `mended`: the edit during the cut, and until the region follows it."""

    round_trip: int
    hot: float = 0.0
    miss: float = 0.0
    limited: float = 0.0
    edit: float = 0.0
    cut_edit: float = 0.0
    cut_scan: float = 0.0
    mended: float = 0.0
    old: int = 0
    wrong: list[str] = []


class Scanner:
    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        self.given = 0

    def scan(self, slug: str) -> tuple[int, str, float]:
        """Status, destination, milliseconds."""
        began = time.perf_counter()
        self._connection.request("GET", f"/{slug}", headers={"User-Agent": FIREFOX})
        answer = self._connection.getresponse()
        answer.read()
        self.given += answer.status == 302
        return answer.status, answer.getheader("Location") or "", 1000 * (time.perf_counter() - began)


@contextmanager
def region(folder: Path, redis_url: str, replica_url: str, journal: Path) -> Iterator[int]:
    """A redirector of its own; yields its port. Its journal is where the one bus takes it from."""
    port, status = free_ports(2)
    folder.mkdir()
    environment = {
        **clean_environment(),
        "WAYMARK_DATA": str(folder),
        "WAYMARK_REDIS_URL": redis_url,
        "WAYMARK_REDIS_REPLICA_URL": replica_url,
        "WAYMARK_REDIRECT_PORT": str(port),
        "WAYMARK_STATUS_PORT": str(status),
        "WAYMARK_JOURNAL": str(journal),
        "WAYMARK_PRELOAD": "100",
    }
    with (folder / "log").open("wb") as log:
        command = [sys.executable, "-P", "-m", "waymark", "redirect"]
        process = subprocess.Popen(command, env=environment, cwd=ROOT, stdout=log, stderr=log)
    try:
        wait_until(lambda: _answers(port), f"the region's redirector does not start: {folder / 'log'}")
        yield port
    finally:
        process.terminate()
        process.wait(30)


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


class Measured:
    def __init__(self, api: Api, home: Scanner, away: Scanner, link: Link) -> None:
        self._api, self._home, self._away, self._link = api, home, away, link

    def _created(self, **more: object) -> tuple[str, str]:
        status, said = self._api.call("POST", "/v1/dynamic", {"destination": "https://example.com/0", **more})
        if status != 201:
            raise TimeoutError(f"a code cannot be created: {status} {said}")
        return said["id"], said["slug"]

    def _edited(self, id: str, destination: str) -> float:
        began = time.perf_counter()
        status, said = self._api.call("PATCH", f"/v1/dynamic/{id}", {"destination": destination})
        if status != 200:
            raise TimeoutError(f"a code cannot be edited: {status} {said}")
        return 1000 * (time.perf_counter() - began)

    def line(self, round_trip_ms: int) -> Figures:
        self._link.delay_s = round_trip_ms / 2000
        found = Figures(round_trip_ms)
        time.sleep(2)
        codes = [self._created() for _ in range(TIMES)]
        time.sleep(1.2)
        found.miss = median(self._away.scan(slug)[2] for _, slug in codes)
        id, slug = codes[0]
        found.hot = median(self._away.scan(slug)[2] for _ in range(10 * TIMES))
        edits = []
        for n in range(TIMES):
            destination = f"https://example.com/{round_trip_ms}/{n}"
            edits.append(self._edited(id, destination))
            found.old += sum(one.scan(slug)[1] != destination for one in (self._away, self._home))
        found.edit = median(edits)
        _, few = self._created(scan_limit=TIMES)
        answers = [one.scan(few) for _ in range(TIMES) for one in (self._home, self._away)]
        if (led := sum(status == 302 for status, _, _ in answers)) != TIMES:
            found.wrong.append(f"{led} scans of a code that may have {TIMES}")
        found.limited = median(took for _, _, took in answers[1:TIMES:2])
        self._cut(found, id, slug)
        return found

    def _cut(self, found: Figures, id: str, slug: str) -> None:
        before = self._away.scan(slug)[1]
        after = f"https://example.com/{found.round_trip}/after"
        _, unseen = self._created()
        self._link.cut()
        found.cut_edit = self._edited(id, after)
        if self._home.scan(slug)[1] != after:
            found.old += 1
        until = time.monotonic() + CUT_S
        scans = []
        while time.monotonic() < until:
            status, destination, took = self._away.scan(slug)
            scans.append(took)
            if (status, destination) != (302, before):
                found.wrong.append(f"{status} {destination} during the cut")
        found.cut_scan = median(scans)
        self._link.mend()
        mended = time.perf_counter()
        wait_until(lambda: self._away.scan(slug)[1] == after, "the region does not come back")
        found.mended = 1000 * (time.perf_counter() - mended)
        wait_until(lambda: self._away.scan(unseen)[0] == 302, "a new code is not found in the region")


def regions(folder: Path, say: Callable[[Figures], None]) -> int:
    """Return how many scans were answered and stored. Raises TimeoutError when they are not stored once."""
    with redis_node(folder / "a") as primary, redis_node(folder / "b") as replica:
        link = Link(primary.port)
        try:
            replica.follow_port(link.port)
            (folder / "home").mkdir()
            with closing(Stack(folder / "home", redis_url=f"unix://{primary.socket}")) as stack:
                stack.start()
                asyncio.run(stack.ready())
                at, beside = f"redis://127.0.0.1:{link.port}", f"unix://{replica.socket}"
                with region(folder / "away", at, beside, stack.folder.path / "journal") as port:
                    home, away = Scanner(stack.redirect_port), Scanner(port)
                    measured = Measured(Api(stack.api_port, KEY), home, away, link)
                    for round_trip in ROUND_TRIPS_MS:
                        say(measured.line(round_trip))
                wait_until(lambda: stack.audit().clean, "the audit is not clean")
                return home.given + away.given
        finally:
            link.lose()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m drill.regions", description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    lines: list[Figures] = []

    def say(found: Figures) -> None:
        lines.append(found)
        if not chosen.json:
            figures = {
                name: round(value, 1) for name, value in msgspec.structs.asdict(found).items() if name != "wrong"
            }
            print(", ".join(f"{name} {value}" for name, value in figures.items()), *found.wrong, flush=True)

    with tempfile.TemporaryDirectory(prefix="wm-regions-") as folder:
        given = regions(Path(folder), say)
    if chosen.json:
        print(json.dumps([msgspec.structs.asdict(one) for one in lines]))
    else:
        print(f"{given} redirects of both regions, the audit is clean")
    raise SystemExit(any(one.old or one.wrong for one in lines))


if __name__ == "__main__":
    main()
