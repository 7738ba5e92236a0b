"""Load a server on loopback, and measure its answers per second and latencies."""

import json
import re
import shutil
import subprocess
import sys
import tempfile

import msgspec

from harness.agents import HEADERS
from harness.launcher import ROOT

CONNECTIONS = 32


class Load(msgspec.Struct, frozen=True):
    """What one bout of load came to. Answers other than 302 are an error of the measurement. `cut_off`: so many more
    requests may have been answered without having been counted, since the load ended in the middle of them."""

    answers: int
    seconds: float
    p50_ms: float
    p99_ms: float
    cut_off: int = 0

    @property
    def per_second(self) -> float:
        return self.answers / self.seconds


class WrongAnswers(RuntimeError):
    """The server under load answered something else than redirects, so nothing was measured."""


def hot(
    port: int, path: str, *, seconds: float, tries: int, connections: int = CONNECTIONS, keep_alive: bool = True
) -> Load:
    """The same path over and over: for `seconds` with `wrk`, or `tries` times with our own client."""
    if not has_wrk():
        return each(port, [path] * tries, connections=connections, keep_alive=keep_alive)
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(_lua(path, keep_alive))
        script.flush()
        run = subprocess.run(
            # wrk counts whole seconds only.
            [
                *("wrk", "-t1", f"-c{connections}", f"-d{max(1, round(seconds))}s", "--latency"),
                *("-s", script.name, _url(port)),
            ],
            capture_output=True,
            text=True,
            check=True,
            timeout=60 + seconds,
        )
    return msgspec.structs.replace(_read_wrk(run.stdout), cut_off=connections)


def has_wrk() -> bool:
    return shutil.which("wrk") is not None


def each(port: int, paths: list[str], *, connections: int = CONNECTIONS, keep_alive: bool = True) -> Load:
    """Every path once, in order, by our own client."""
    command = [sys.executable, "-m", "bench.client", str(port), "--connections", str(connections)]
    run = subprocess.run(
        command if keep_alive else [*command, "--close"],
        input="\n".join(paths),
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=60 + len(paths) / 100,
    )
    if run.returncode:
        raise WrongAnswers(run.stderr[-1000:])
    said = json.loads(run.stdout)
    if set(said["statuses"]) != {"302"}:
        raise WrongAnswers(f"answers by status: {said['statuses']}")
    return Load(said["statuses"]["302"], said["seconds"], p50_ms=said["p50_ms"], p99_ms=said["p99_ms"])


def _url(port: int) -> str:
    return f"http://127.0.0.1:{port}"


def _lua(path: str, keep_alive: bool) -> str:
    """A script for wrk that goes round the agents; requests are made before the clock starts."""
    made = []
    for agent in HEADERS:
        headers = agent if keep_alive else agent | {"Connection": "close"}
        fields = ", ".join(f'["{name}"] = "{value}"' for name, value in headers.items())
        made.append(f'requests[#requests + 1] = wrk.format("GET", "{path}", {{{fields}}})')
    return "\n".join(
        [
            "local requests, turn = {}, 0",
            "function init(args)",
            *made,
            "end",
            "function request()",
            "turn = turn % #requests + 1",
            "return requests[turn]",
            "end",
        ]
    )


_SECONDS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0}
_PERCENTILE = re.compile(r"^ +(\d+)% +([\d.]+)(us|ms|s|m) *$", re.MULTILINE)


def _read_wrk(text: str) -> Load:
    """Raises WrongAnswers when wrk saw anything but 2xx and 3xx, or broken connections."""
    total = re.search(r"(\d+) requests in ([\d.]+)(m?s|m)", text)
    bad = re.search(r"Non-2xx or 3xx responses: (\d+)|Socket errors: .*", text)
    shares = {share: float(value) * _SECONDS[unit] * 1000 for share, value, unit in _PERCENTILE.findall(text)}
    if total is None or bad is not None or total[1] == "0" or not {"50", "99"} <= shares.keys():
        raise WrongAnswers(text[-1000:])
    return Load(int(total[1]), float(total[2]) * _SECONDS[total[3]], p50_ms=shares["50"], p99_ms=shares["99"])
