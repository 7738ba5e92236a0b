"""`waymark up` as a person starts it: a process of its own, on free ports, in a folder of its own."""

import contextlib
import http.client
import json
import os
import re
import resource
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

from harness.agents import PHONE
from harness.launcher import WAYMARK, WaymarkUp, clean_environment
from waymark.data_dir import DataDir, hold

KEY = "oqr_live_a-key-for-the-tests-of-waymark"


def contents(folder: Path) -> Iterator[tuple[Path, bytes]]:
    """Each file below a folder of a running Waymark, which deletes journals meanwhile."""
    for parent, _, names in os.walk(folder):
        for name in names:
            path = Path(parent, name)
            with contextlib.suppress(FileNotFoundError):
                if path.is_file():
                    yield path, path.read_bytes()


def wait_for(so: Callable[[], Any], *, within_s: float = 60.0, what: str = "") -> Any:
    """What `so` returns, once that is true."""
    until = time.monotonic() + within_s
    while time.monotonic() < until:
        if found := so():
            return found
        time.sleep(0.02)
    raise AssertionError(f"not within {within_s:g} s: {what or so}")


def _few_descriptors() -> None:
    """As most systems begin a process."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (1024, hard))


class Up(WaymarkUp):
    """With what tests ask of it: the API, scans, commands, its own words."""

    def __init__(
        self,
        folder: Path,
        *,
        workers: int = 1,
        key: str | None = KEY,
        program: Sequence[str] = WAYMARK,
        **environment: str,
    ) -> None:
        # Nobody is in front who would have to notice.
        variables = clean_environment() | {"WAYMARK_DRAIN": "0", **environment}
        if key is not None:
            variables["WAYMARK_BOOTSTRAP_KEY"] = key
        self.key = key
        super().__init__(
            folder / "data",
            out=folder / "out.log",
            err=folder / "err.log",
            workers=workers,
            environment=variables,
            before_exec=_few_descriptors,
            program=program,
        )

    def make_folder(self) -> None:
        """An empty data folder, as `up` makes it."""
        with hold(DataDir(self.data), make=True):
            pass

    def start(self, *, ready: bool = True) -> None:
        already = self.told()
        super().start()
        if ready:
            wait_for(lambda: self._says_more_than(already), within_s=60, what="up is ready")

    def _says_more_than(self, already: str) -> bool:
        assert self.process is not None
        if self.process.poll() is not None:
            raise AssertionError(f"up ended with {self.process.returncode}:\n{self.told()}{self.logged()}")
        return self.told().count("key  ") > already.count("key  ")

    def told(self) -> str:
        return self.out.read_text() if self.out.exists() else ""

    def logged(self) -> str:
        return self.err.read_text() if self.err.exists() else ""

    def children(self) -> list[psutil.Process]:
        assert self.process is not None
        return list(self.process.children(recursive=True))

    def child(self, name: str) -> list[psutil.Process]:
        """The children that run a service, or Redis."""
        found = []
        for one in self.children():
            try:
                command = one.cmdline()
            except psutil.Error:
                continue
            if (name == "redis" and "redis-server" in command[0]) or f" {name}" in " " + " ".join(command[3:5]):
                found.append(one)
        return found

    def call(
        self, method: str, path: str, body: Any = None, *, key: str | None = None, headers: dict[str, str] | None = None
    ) -> tuple[int, Any]:
        connection = http.client.HTTPConnection("127.0.0.1", self.api_port, timeout=30)
        try:
            sent = {"Authorization": f"Bearer {key or self.key}", "Content-Type": "application/json", **(headers or {})}
            connection.request(method, path, None if body is None else json.dumps(body), sent)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            connection.close()

    def create(self, destination: str = "https://example.com/one", **more: Any) -> dict[str, Any]:
        """As a client should: a 503 says to try again shortly, and a busy machine's disk can be that slow."""
        for _ in range(10):
            status, code = self.call("POST", "/v1/dynamic", {"destination": destination, **more})
            if status != 503:
                break
            time.sleep(1)
        assert status == 201, code
        return dict(code)

    def scan(self, slug: str, **headers: str) -> tuple[int, str]:
        """Status and Location."""
        connection = http.client.HTTPConnection("127.0.0.1", self.redirect_port, timeout=30)
        try:
            connection.request("GET", f"/{slug}", headers={"User-Agent": PHONE, **headers})
            answer = connection.getresponse()
            answer.read()
            return answer.status, answer.getheader("location", "")
        finally:
            connection.close()

    @property
    def status_port(self) -> int:
        """Where it said that it is."""
        found = re.findall(r"^status +http://localhost:(\d+)/metrics", self.told(), re.MULTILINE)
        return int(found[-1])

    def total(self, code: dict[str, Any]) -> int:
        status, answer = self.call("GET", f"/v1/dynamic/{code['id']}/scans")
        assert status == 200, answer
        return int(answer["scans"]["total"])

    def command(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*self.program, *words, "--data", str(self.data)],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=400,
        )

    def audit(self) -> dict[str, Any]:
        """The report, which must be clean."""
        done = self.command("audit", "--json")
        assert done.returncode == 0, done.stdout + done.stderr + self.logged()
        report = json.loads(done.stdout)
        assert report["clean"]
        return dict(report)


@contextmanager
def up(**settings: Any) -> Iterator[Up]:
    """Started and ready; gone with all its children, however the test went."""
    with tempfile.TemporaryDirectory(prefix="wm-up-") as folder:
        one = Up(Path(folder), **settings)
        try:
            one.start()
            yield one
        finally:
            end(one)


def end(one: Up) -> None:
    if one.process is None or one.process.poll() is not None:
        return
    children = one.children()
    one.kill_group()
    _, alive = psutil.wait_procs(children, timeout=30)
    assert not alive


def shown_key(text: str) -> str | None:
    found = re.search(r"^key\s+(oqr_live_\w+)$", text, re.MULTILINE)
    return found[1] if found else None
