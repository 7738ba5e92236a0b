"""`python -m drill.stream_resumes`: a reader of the stream is cut off again and again while scans come in, and the core
is killed meanwhile.

It resumes each time from the last id that it has seen, and must have each scan exactly once.
"""

import random
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import click
import httpx
import msgspec
from httpx_sse import connect_sse

from drill.processes import kill_core
from harness.agents import PHONE
from harness.launcher import WaymarkUp, clean_environment

PATIENCE_S = 60.0
KEY = "oqr_live_a-key-for-the-drill-of-streams"
HEADERS = {"Authorization": f"Bearer {KEY}"}


class Outcome(msgspec.Struct):
    """`read` counts every event, `distinct` each scan once."""

    scans: int
    read: int
    distinct: int
    resumed: int
    kills: int

    @property
    def exact(self) -> bool:
        return self.read == self.distinct == self.scans


class Reader:
    """Keeps the last id that it has seen, as the WHATWG says."""

    def __init__(self, port: int, last: str) -> None:
        self.read: list[tuple[str, str]] = []
        self.resumed = 0
        self._url = f"http://127.0.0.1:{port}/v1/stream"
        self._last = last

    def read_on(self, enough: int) -> None:
        """Until so many scans are read in all, or until the connection ends."""
        self.resumed += 1
        try:
            with (
                httpx.Client(timeout=PATIENCE_S) as http,
                connect_sse(http, "GET", self._url, headers=HEADERS | {"Last-Event-ID": self._last}) as source,
            ):
                if source.response.status_code in (502, 503):
                    return
                source.response.raise_for_status()
                for event in source.iter_sse():
                    self._last = event.id or self._last
                    if event.event == "scan":
                        scan = event.json()
                        self.read.append((scan["placement"], scan["utm_content"]))
                        if len(self.read) >= enough:
                            return
        except httpx.TransportError:
            time.sleep(0.1)


def position(port: int) -> str:
    """Where the stream stands."""
    with httpx.Client(timeout=PATIENCE_S, headers=HEADERS) as http:
        text = http.get(f"http://127.0.0.1:{port}/v1/stream", params={"follow": "false"}).text
    return text.partition("id: ")[2].partition("\n")[0]


def _scan(port: int, slug: str, total: int, per_s: int) -> None:
    """Each with a pair of labels of its own. (A redirector keeps a thousand different ones of a kind.)"""
    began = time.monotonic()
    with httpx.Client(timeout=PATIENCE_S, headers={"User-Agent": PHONE}) as http:
        for number in range(total):
            answer = http.get(
                f"http://127.0.0.1:{port}/{slug}", params={"p": f"n{number // 100}", "utm_content": f"n{number % 100}"}
            )
            if answer.status_code != 302:
                raise RuntimeError(f"a scan was answered {answer.status_code}")
            time.sleep(max(0.0, began + number / per_s - time.monotonic()))


def run(scans: int, resumes: int, kills: int, *, seed: int, per_s: int, say: Callable[[str], None]) -> Outcome:
    """Raises TimeoutError if the scans do not come."""
    dice = random.Random(seed)
    # With room for cuts that come early: a killed core cuts, too.
    most = max(1, 2 * scans // resumes - 2)
    with tempfile.TemporaryDirectory(prefix="wm-stream-") as name:
        more = {"WAYMARK_BOOTSTRAP_KEY": KEY, "WAYMARK_DRAIN": "0"}
        up = WaymarkUp(Path(name) / "data", out=Path(name) / "log", environment=clean_environment() | more)
        up.start()
        try:
            up.wait_until_ready()
            with httpx.Client(base_url=f"http://127.0.0.1:{up.api_port}", timeout=PATIENCE_S, headers=HEADERS) as http:
                answer = http.post("/v1/dynamic", json={"destination": "https://example.com/one"})
                slug = answer.raise_for_status().json()["slug"]
            reader = Reader(up.api_port, position(up.api_port))
            scanning = threading.Thread(target=_scan, args=(up.redirect_port, slug, scans, per_s))
            scanning.start()
            killed = 0
            until = time.monotonic() + PATIENCE_S + 4 * scans / per_s + 10 * kills
            while len(reader.read) < scans:
                reader.read_on(min(scans, len(reader.read) + dice.randint(1, most)))
                if killed < kills and len(reader.read) > (killed + 1) * scans // (kills + 1):
                    killed += kill_core(up)
                if reader.resumed % 10 == 0:
                    say(f"resumed {reader.resumed} times, {len(reader.read)} of {scans} scans read")
                if time.monotonic() > until:
                    raise TimeoutError(f"{len(reader.read)} of {scans} scans read")
            scanning.join()
        finally:
            if not up.ended:
                up.kill_group()
    return Outcome(scans, len(reader.read), len(set(reader.read)), reader.resumed, killed)


@click.command(name="stream_resumes")
@click.option("--scans", type=click.IntRange(min=1), default=2_000, show_default=True)
@click.option("--resumes", type=click.IntRange(min=1), default=100, show_default=True, help="About as many.")
@click.option("--kills", type=click.IntRange(min=0), default=5, show_default=True, help="Of the core.")
@click.option("--per-second", type=click.IntRange(min=1), default=50, show_default=True)
@click.option("--seed", type=int, default=1, show_default=True)
def main(scans: int, resumes: int, kills: int, per_second: int, seed: int) -> None:
    """Resume the stream again and again while scans come in and the core is killed.

    Exits with 1 if a scan is missing or came twice.
    """
    outcome = run(scans, resumes, kills, seed=seed, per_s=per_second, say=lambda line: click.echo(line, err=True))
    click.echo(
        f"{outcome.scans:,} scans: read {outcome.read:,}, distinct {outcome.distinct:,}; "
        f"resumed {outcome.resumed} times, core killed {outcome.kills} times"
    )
    raise SystemExit(not outcome.exact)


if __name__ == "__main__":
    main()
