"""Runs what a document shows, with its own tool, in an empty folder."""

import json
import os
import subprocess
import time
from pathlib import Path
from typing import Any

import requests

from bench import stack

# Beside what an example says of itself: how curl tells the status, without a change to the example.
CURLRC = 'silent\nshow-error\nwrite-out = "\\n%{http_code}"\n'


def run(command: list[str], folder: Path, **variables: str) -> str:
    """What it prints. Raises CalledProcessError when it fails, with what it said on standard error."""
    (folder / ".curlrc").write_text(CURLRC)
    environment = {"PATH": os.environ["PATH"], "CURL_HOME": str(folder), "HOME": str(folder), "LANG": "C.UTF-8"}
    done = subprocess.run(
        command, cwd=folder, env=environment | variables, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def curl(script: str, folder: Path, **variables: str) -> tuple[int, Any]:
    """Status and JSON body of the answer to a script of one call."""
    body, status = run(["sh", "-ec", script], folder, **variables).rsplit("\n", 1)
    return int(status), json.loads(body)


def scanned(up: stack.Stack, code_id: str, expected: int) -> Any:
    """The analytics of a code, once they have so many scans."""
    deadline = time.monotonic() + 60
    while True:
        with up.session() as session:
            found = session.get(f"{up.api}/v1/dynamic/{code_id}/scans", timeout=30).json()
        if found["scans"]["total"] >= expected:
            return found
        assert time.monotonic() < deadline, f"{found['scans']} after 20 s, of {expected}"
        time.sleep(0.05)


def visit(up: stack.Stack, slug: str, **headers: str) -> requests.Response:
    return requests.get(
        f"{up.short}/{slug}",
        headers={name.replace("_", "-"): value for name, value in headers.items()},
        allow_redirects=False,
        timeout=30,
    )
