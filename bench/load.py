"""Drives a server on loopback and says how many answers it gave in which time."""

import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import msgspec

from bench.agents import HEADERS

ROOT = Path(__file__).parents[1]
CONNECTIONS = 32


class Load(msgspec.Struct, frozen=True):
    """What one bout of load came to. Answers other than 302 are an error of the measurement."""

    answers: int
    seconds: float

    @property
    def per_second(self) -> float:
        return self.answers / self.seconds


class WrongAnswers(RuntimeError):
    """The server under load answered something else than redirects, so nothing was measured."""


def hot(port: int, path: str, *, seconds: float, tries: int) -> Load:
    """The same path over and over: for `seconds` with `wrk`, or `tries` times with our own client."""
    if shutil.which("wrk") is None:
        return each(port, [path] * tries)
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(_lua(path))
        script.flush()
        run = subprocess.run(
            # wrk counts whole seconds only.
            ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{max(1, round(seconds))}s", "-s", script.name, _url(port)],
            capture_output=True,
            text=True,
            check=True,
            timeout=60 + seconds,
        )
    return _read_wrk(run.stdout)


def each(port: int, paths: list[str]) -> Load:
    """Every path once, in order, by our own client."""
    run = subprocess.run(
        [sys.executable, "-m", "bench.client", str(port), "--connections", str(CONNECTIONS)],
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
    return Load(answers=said["statuses"]["302"], seconds=said["seconds"])


def _url(port: int) -> str:
    return f"http://127.0.0.1:{port}"


def _lua(path: str) -> str:
    """A script for wrk that goes round the agents; requests are made before the clock starts."""
    made = []
    for headers in HEADERS:
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


def _read_wrk(text: str) -> Load:
    """Raises WrongAnswers when wrk saw anything but 2xx and 3xx, or broken connections."""
    total = re.search(r"(\d+) requests in ([\d.]+)(m?s|m)", text)
    bad = re.search(r"Non-2xx or 3xx responses: (\d+)|Socket errors: .*", text)
    if total is None or bad is not None or total[1] == "0":
        raise WrongAnswers(text[-1000:])
    scale = {"ms": 0.001, "s": 1.0, "m": 60.0}[total[3]]
    return Load(answers=int(total[1]), seconds=float(total[2]) * scale)
