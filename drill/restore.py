"""Lose Redis in the middle of edits and restore it: `python -m drill.restore --seed 1 --runs 100`.

Each run creates, edits and deletes codes from several clients; the core is killed in half of the runs; then Redis is
killed and its folder deleted while they go on. `waymark restore --codes` fills a new Redis from the change log, which
takes the old one's address. Every acknowledged code must then be at its newest acknowledged destination, or at one that
was asked for later and not acknowledged; every acknowledged deletion stays; a new number is above all that were given
out. Exits with 1 otherwise.
"""

import argparse
import asyncio
import http.client
import json
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import msgspec
import psutil

from drill.redis_rollback import Server, Wrong
from drill.stack import KEY, Stack, closing
from harness.agents import FIREFOX
from waymark.errors import UserError

CLIENTS = 4
WITHIN_S = 60.0
# A run's edits before Redis is lost.
FEWEST, MOST = 15, 60


class State(msgspec.Struct, frozen=True):
    """Where a code leads; no destination: it is deleted."""

    slug: str
    destination: str | None


class Known(msgspec.Struct):
    """Of one code: its states from the last acknowledged one on, with those that were asked for since."""

    number: int
    states: list[State]

    def may_be(self, state: State) -> bool:
        if state.destination is None:
            return any(one.destination is None for one in self.states)
        return state in self.states


class Totals(msgspec.Struct):
    acknowledged: int = 0
    unanswered: int = 0
    core_kills: int = 0
    codes: int = 0
    deleted: int = 0
    restore_s: float = 0.0


class Api:
    """Calls as one user. A call without an answer, or with one that is no success, may have happened."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack

    def call(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
        return self._ask(self._stack.api_port, method, path, headers, None if body is None else json.dumps(body))

    def location(self, slug: str) -> tuple[int, str | None]:
        connection = http.client.HTTPConnection("127.0.0.1", self._stack.redirect_port, timeout=10)
        try:
            connection.request("GET", f"/{slug}", headers={"User-Agent": FIREFOX})
            answer = connection.getresponse()
            answer.read()
            return answer.status, answer.getheader("Location")
        except (OSError, http.client.HTTPException):
            return 503, None
        finally:
            connection.close()

    @staticmethod
    def _ask(port: int, method: str, path: str, headers: dict[str, str], body: str | None) -> tuple[int, Any]:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            raw = answer.read()
            return answer.status, json.loads(raw) if raw.startswith((b"{", b"[")) else None
        except (OSError, http.client.HTTPException) as error:
            return 503, repr(error)
        finally:
            connection.close()


class Client(threading.Thread):
    """One user, who edits codes that nobody else does."""

    def __init__(self, api: Api, name: str, dice: random.Random, codes: list[Known], totals: Totals) -> None:
        super().__init__(name=name)
        self._api, self._dice, self._codes, self._totals = api, dice, codes, totals
        self.stop = threading.Event()
        self.done = 0
        self.defect: str | None = None

    def run(self) -> None:
        while not self.stop.is_set():
            alive = [one for one in self._codes if one.states[-1].destination is not None and len(one.states) < 4]
            what = self._dice.random()
            if not alive or what < 0.25:
                self._create()
            else:
                self._edit(self._dice.choice(alive), what)
            self.done += 1

    def _create(self) -> None:
        url = self._url()
        status, said = self._api.call("POST", "/api/v1/dynamic/", {"name": "drill", "destination_url": url})
        if self._counted(status) and isinstance(said, dict):
            self._codes.append(Known(said["id"], [State(said["short_id"], url)]))

    def _edit(self, code: Known, what: float) -> None:
        now = code.states[-1]
        if what < 0.35:
            wanted = State(now.slug, None)
            status, _ = self._api.call("DELETE", f"/api/v1/dynamic/{code.states[0].slug}/")
        else:
            wanted = State(now.slug, self._url())
            body = {"destination_url": wanted.destination}
            status, _ = self._api.call("PATCH", f"/api/v1/dynamic/{now.slug}/", body)
        if self._counted(status):
            code.states = [wanted]
        else:
            code.states.append(wanted)

    def _url(self) -> str:
        return f"https://example.com/{self.name}/{self._dice.getrandbits(40):x}"

    def _counted(self, status: int) -> bool:
        done = status in (200, 201, 204)
        self._totals.acknowledged += done
        self._totals.unanswered += not done
        if not done:
            self.stop.wait(0.02)
        return done


def run(folder: Path, runs: int, seed: int, *, fewest: int = FEWEST, most: int = MOST) -> Totals:
    address = folder / "redis.sock"
    server = Server(folder / "redis0")
    address.symlink_to(server.socket)
    totals, known = Totals(), [list[Known]() for _ in range(CLIENTS)]
    with closing(Stack(folder, redis_url=f"unix://{address}")) as stack:
        try:
            stack.start()
            asyncio.run(stack.ready())
            api = Api(stack)
            for number in range(1, runs + 1):
                dice = random.Random(f"{seed}-{number}")
                _lose(
                    stack,
                    server,
                    [
                        Client(api, f"{number}-{at}", random.Random(dice.random()), codes, totals)
                        for at, codes in enumerate(known)
                    ],
                    dice,
                    totals,
                    dice.randint(fewest, most),
                )
                server = Server(folder / f"redis{number}")
                began = time.monotonic()
                _restore(stack, f"unix://{server.socket}")
                totals.restore_s += time.monotonic() - began
                swapped = folder / "redis.new"
                swapped.symlink_to(server.socket)
                swapped.replace(address)
                _check(api, known)
                print(f"{number} of {runs} runs", file=sys.stderr, flush=True)
            totals.codes = sum(len(codes) for codes in known)
            totals.deleted = sum(code.states[0].destination is None for codes in known for code in codes)
        finally:
            server.kill()
    return totals


def _lose(stack: Stack, server: Server, clients: list[Client], dice: random.Random, totals: Totals, edits: int) -> None:
    """Edit, and lose the core perhaps, and Redis with its folder."""
    kill_core_at = dice.randint(1, edits) if dice.random() < 0.5 else None
    for client in clients:
        client.start()
    until = time.monotonic() + WITHIN_S
    try:
        while (done := sum(client.done for client in clients)) < edits:
            if time.monotonic() > until:
                raise Wrong("edits are not answered")
            if kill_core_at is not None and done >= kill_core_at:
                kill_core_at = None
                totals.core_kills += _kill_core(stack)
            time.sleep(0.002)
        server.kill()
        shutil.rmtree(server.socket.parent)
    finally:
        for client in clients:
            client.stop.set()
        for client in clients:
            client.join()


def _kill_core(stack: Stack) -> int:
    assert stack.process is not None
    for child in psutil.Process(stack.process.pid).children():
        if "core" in child.cmdline():
            child.kill()
            return 1
    return 0


def _restore(stack: Stack, url: str) -> None:
    words = ["-P", "-m", "waymark", "restore", "--codes", "--json", "--data", str(stack.folder.path)]
    done = subprocess.run(
        [sys.executable, *words],
        env={**stack.environment, "WAYMARK_REDIS_URL": url},
        capture_output=True,
        text=True,
        timeout=120,
    )
    if done.returncode or not json.loads(done.stdout)["complete"]:
        raise Wrong(f"waymark restore: {done.stdout}{done.stderr}")


def _check(api: Api, known: list[list[Known]]) -> None:
    """Raises Wrong. What is found is what counts from now on."""
    made = _patiently(
        lambda: api.call("POST", "/api/v1/dynamic/", {"name": "new", "destination_url": "https://example.com/"})
    )
    highest = max((code.number for codes in known for code in codes), default=0)
    if made["id"] <= highest:
        raise Wrong(f"the number {made['id']} was given out, after {highest}")
    known[0].append(Known(made["id"], [State(made["short_id"], "https://example.com/")]))
    for codes in known:
        for code in codes:
            slug = code.states[0].slug
            found = _patiently(lambda slug=slug: api.call("GET", f"/api/v1/dynamic/{slug}/"))
            state = State(slug, None if found is None else str(found["destination_url"]))
            if not code.may_be(state):
                raise Wrong(f"{state} is none of {code.states}")
            status, location = _led(api, slug)
            if (status, location) != ((404, None) if state.destination is None else (302, state.destination)):
                raise Wrong(f"{slug} answers {status} {location}, and is {state}")
            code.states = [state]


def _led(api: Api, slug: str) -> tuple[int, str | None]:
    until = time.monotonic() + WITHIN_S
    while (found := api.location(slug))[0] >= 500 and time.monotonic() < until:
        time.sleep(0.05)
    return found


def _patiently(call: Any) -> Any:
    """The answer; None for 404."""
    until = time.monotonic() + WITHIN_S
    while True:
        status, said = call()
        if status in (200, 201):
            return said
        if status == 404:
            return None
        # (The key is unknown to a core that has not found the new Redis yet.)
        if time.monotonic() > until:
            raise Wrong(f"{status}: {said}")
        time.sleep(0.05)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m drill.restore", description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    # What it has started ends with it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended from outside"))
    folder = Path(tempfile.mkdtemp(prefix="wm-restore-"))
    try:
        totals = run(folder, given.runs, given.seed)
    except UserError as defect:
        raise SystemExit(f"{defect}\nWhat is left is in {folder}") from None
    shutil.rmtree(folder, ignore_errors=True)
    print(
        f"{given.runs} runs: {totals.acknowledged:,} writes acknowledged, {totals.unanswered:,} not, "
        f"{totals.core_kills} cores killed; {totals.codes:,} codes, {totals.deleted:,} of them deleted: "
        f"0 acknowledged ones lost. A restore took {totals.restore_s / given.runs:.1f} s"
    )


if __name__ == "__main__":
    main()
