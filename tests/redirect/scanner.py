"""A redirector as it really runs, in a process of its own, and what a scanner and a publisher do to it."""

import http.client
import json
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import redis

from redirect.settings import RedirectSettings
from redirect.worker import listen
from schemas import keys
from schemas.event import ScanEvent, decode_event, is_note
from schemas.route import Route, RouteChange

IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/17.0 Mobile/15E148 Safari/604.1"
)

# A connection is not used again after so long: the redirector closes idle ones.
IDLE_S = 15.0

# As `codes` publishes: counted in the same step.
PUBLISH = "redis.call('INCR', ARGV[1]) return redis.call('PUBLISH', ARGV[2], ARGV[3])"

_PROGRAM = """
import logging, sys, msgspec
from redirect.worker import run
from redirect.settings import RedirectSettings
logging.basicConfig(level="DEBUG")
settings = msgspec.json.decode(sys.argv[1], type=RedirectSettings, dec_hook=lambda kind, value: kind(value))
run(settings, fds=[int(sys.argv[2])], status_fds=[int(sys.argv[3])])
"""


class Answer(msgspec.Struct):
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def location(self) -> str:
        return self.headers["location"]


class Redirector:
    """One process on a socket of its own."""

    def __init__(self, folder: Path, redis_url: str, **settings: Any) -> None:
        self.journal = folder / "journal"
        self.log_path = folder / "log"
        self.settings = RedirectSettings(redis_url=redis_url, journal=self.journal, **settings)
        listener, status = listen("127.0.0.1", 0), listen("127.0.0.1", 0)
        self.port, self.status_port = (int(one.getsockname()[1]) for one in (listener, status))
        said = msgspec.json.encode(self.settings, enc_hook=str).decode()
        with self.log_path.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-c", _PROGRAM, said, str(listener.fileno()), str(status.fileno())],
                stdout=log,
                stderr=log,
                pass_fds=[listener.fileno(), status.fileno()],
            )
        listener.close()
        status.close()
        self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        self._asked_at = time.monotonic()

    def wait(self) -> None:
        """Until it answers. Raises AssertionError, with its log, when it ends instead."""

        def answers() -> bool:
            assert self.process.poll() is None, self.log_path.read_text()
            return self.get("/healthz").status == 200

        until(answers, "the redirector to answer")

    def get(self, path: str, headers: "dict[str, str | bytes] | None" = None, method: str = "GET") -> Answer:
        return self.ask(path, {"User-Agent": IPHONE, **(headers or {})}, method=method)

    def ask(
        self, path: str, headers: "dict[str, str | bytes]", *, method: str = "GET", body: bytes | None = None
    ) -> Answer:
        if time.monotonic() - self._asked_at > IDLE_S:
            # Before the redirector does it, just as the next request leaves.
            self.connection.close()
        self._asked_at = time.monotonic()
        try:
            self.connection.request(method, path, body, headers)
            response = self.connection.getresponse()
            body = response.read()
        except (OSError, http.client.HTTPException):
            self.connection.close()
            raise
        return Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, body)

    def status(self, path: str) -> Answer:
        """What the port for operators answers."""
        connection = http.client.HTTPConnection("127.0.0.1", self.status_port, timeout=20)
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            return Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())
        finally:
            connection.close()

    def metric(self, name: str) -> float:
        text = self.status("/metrics").body.decode()
        return sum(float(line.rpartition(" ")[2]) for line in text.splitlines() if line.startswith(name))

    def ready(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.get("/readyz").body)
        return found

    def trusted(self) -> bool:
        return self.metric("waymark_redirect_trusted") == 1

    def signal(self, number: int) -> None:
        os.kill(self.process.pid, number)

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.terminate()
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.connection.close()

    def lines(self) -> list[bytes]:
        return [line for log in sorted(self.journal.rglob("*.log")) for line in log.read_bytes().splitlines()]

    def events(self) -> list[ScanEvent]:
        return [decode_event(line) for line in self.lines() if not is_note(line)]


@contextmanager
def redirector(folder: Path, redis_url: str, **settings: Any) -> Iterator[Redirector]:
    running = Redirector(folder, redis_url, **settings)
    try:
        running.wait()
        yield running
    finally:
        running.stop()


def until(true: Any, what: str, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            if true():
                return
        except (OSError, http.client.HTTPException):
            pass
        time.sleep(0.02)
    raise AssertionError(f"waited in vain for {what}")


class Publisher:
    """Writes routes as `codes` does: with a growing version, published, and waited for."""

    def __init__(self, redis_url: str) -> None:
        self.url = redis_url
        self.redis = redis.Redis.from_url(redis_url)
        self.version = int(time.time() * 1000)

    def close(self) -> None:
        self.redis.close()

    def _do(self, *command: object) -> Any:
        return self.redis.execute_command(*command)  # type: ignore[no-untyped-call]

    def write(self, slug: str, destination: str, **more: Any) -> Route:
        """Without a word to anyone."""
        self.version += 1
        route = Route(**{"version": self.version, "birth": 7, "workspace": 3, "destination": destination, **more})
        self.redis.set(keys.route(keys.link_key("", slug)), msgspec.json.encode(route))
        return route

    def names(self) -> set[bytes]:
        return set(self._do("ZRANGEBYSCORE", keys.REDIRECTORS, time.time(), "+inf"))

    def publish(self, slug: str, route: Route) -> str:
        nonce = secrets.token_hex(8)
        change = RouteChange(keys.route(keys.link_key("", slug)), route, nonce)
        self._do("EVAL", PUBLISH, 0, keys.CHANGES, keys.ROUTES, msgspec.json.encode(change))
        return nonce

    def edit(self, slug: str, destination: str, **more: Any) -> float:
        """As PATCH: returns when all have acknowledged, or after a second; with the seconds it took."""
        began = time.monotonic()
        missing = self.names()
        nonce = self.publish(slug, self.write(slug, destination, **more))
        published = time.monotonic()
        missing |= self.names()
        while missing and (left := published + 1 - time.monotonic()) > 0:
            popped = self._do("BLPOP", keys.ack(nonce), max(round(left, 3), 0.01))
            if popped:
                missing.discard(popped[1])
        return time.monotonic() - began
