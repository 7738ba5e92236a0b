"""Launch `waymark up` as a process of its own, on free ports: the one launcher of benches, drills, load tests and
tests."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import psutil
import requests

from harness.ports import free_ports
from waymark.errors import UserError

ROOT = Path(__file__).parents[1]
WAYMARK = (sys.executable, "-P", "-m", "waymark")


class NotReady(UserError):
    """`waymark up` does not come up; the message has the end of its log."""


def clean_environment() -> dict[str, str]:
    """This process's environment without settings of Waymark. The rooms are those of this tree, also one that is newer
    than what is installed."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("WAYMARK_")}
    return kept | {"PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), kept.get("PYTHONPATH")]))}


class WaymarkUp:
    """One data folder and two ports, on which `up` is started, stopped, killed and started again.

    `root` is that of another tree, whose own virtual environment is used if it has one. `before_exec` runs in the
    child."""

    def __init__(
        self,
        data: Path,
        *,
        out: Path,
        err: Path | None = None,
        workers: int = 1,
        environment: Mapping[str, str] | None = None,
        program: Sequence[str] = WAYMARK,
        root: Path = ROOT,
        before_exec: Callable[[], None] | None = None,
    ) -> None:
        self.data = data
        self.out = out
        self.err = err or out
        self.workers = workers
        self.environment = clean_environment() if environment is None else dict(environment)
        self.api_port, self.redirect_port = free_ports(2)
        self.process: psutil.Popen | None = None
        self.program = program
        self._root = root
        self._before_exec = before_exec

    @property
    def arguments(self) -> list[str]:
        words: tuple[object, ...] = ("--data", self.data, "--workers", self.workers)
        words += ("--api-port", self.api_port, "--redirect-port", self.redirect_port)
        python = self._root / ".venv/bin/python"
        other = self._root != ROOT and python.exists()
        program = [str(python), *WAYMARK[1:]] if other else self.program
        return [*program, "up", *map(str, words)]

    def start(self) -> None:
        """Does not wait. The child gets a session of its own, so its process group can be killed without ours."""
        environment = dict(self.environment)
        if self._root != ROOT:
            environment["PYTHONPATH"] = str(self._root)
        with self.out.open("ab") as out, self.err.open("ab") as err:
            self.process = psutil.Popen(
                self.arguments,
                cwd=self._root,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                start_new_session=True,
                preexec_fn=self._before_exec,
            )

    @property
    def ended(self) -> bool:
        return self.process is None or self.process.poll() is not None

    def log_tail(self) -> str:
        return self.err.read_text(errors="replace")[-3000:] if self.err.exists() else ""

    def wait_until_ready(self, path: str = "/readyz", *, within_s: float = 90.0) -> None:
        """Until both ports answer `path` with 200. Raises NotReady."""
        deadline = time.monotonic() + within_s
        waiting = [self.redirect_port, self.api_port]
        while waiting:
            try:
                status = requests.get(f"http://127.0.0.1:{waiting[0]}{path}", timeout=1).status_code
            except requests.RequestException:
                status = 0
            if status == 200:
                waiting.pop(0)
                continue
            if self.ended or time.monotonic() > deadline:
                raise NotReady(f"waymark up is not ready; its log ends with\n{self.log_tail()}")
            time.sleep(0.02)

    def stop(self, within_s: float = 60.0) -> int:
        """SIGTERM; the exit status. What does not end in time is killed with its children."""
        assert self.process is not None
        self.process.terminate()
        try:
            return int(self.process.wait(within_s))
        except psutil.TimeoutExpired:
            self.kill_group()
            return -signal.SIGKILL

    def kill_group(self) -> None:
        """SIGKILL for the supervisor and all its children at once."""
        assert self.process is not None
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(30)

    def kill_supervisor(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait(30)
