"""Check scans after Redis has lost writes: `python -m drill.redis_rollback failover|restore --rounds 100`.

Each round creates and scans codes that Redis then forgets: it promotes a replica that lacks the last
writes, or restores an older backup while journals still hold scans. Then it creates and scans new codes, deletes one
code, and imports an older export. Each living code must show exactly its own scans, and those of lost codes must be
gone. Exits with 1 when scans were mixed up.
"""

import argparse
import asyncio
import http.client
import json
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import redis

from aggregator.audit.report import render
from drill.stack import KEY, Stack, closing
from harness.agents import FIREFOX
from harness.ports import free_ports
from waymark import redis_program
from waymark.errors import UserError

LOST = 2
NEW = 3
WITHIN_S = 60.0


class Wrong(UserError):
    """A check failed; the message names it."""


class Round(msgspec.Struct):
    """The result of a round: lost codes, and how many of their scans are stored without a code."""

    lost: int = 0
    scans: int = 0


class Client:
    """One user's client of the API and the redirector. Each call raises Wrong if it is refused for long."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        # Answered scans of each living code, by short id.
        self.scans: dict[str, int] = {}
        self.numbers: set[int] = set()

    def create(self) -> str:
        body = {"name": "drill", "destination_url": "https://example.com/drill"}
        made = self._patiently(lambda: self._api("POST", "/api/v1/dynamic/", body), 201)
        if made["id"] in self.numbers:
            raise Wrong(f"the number {made['id']} was given out twice")
        self.numbers.add(made["id"])
        slug = str(made["short_id"])
        self.scans[slug] = 0
        return slug

    def scan(self, slug: str, times: int) -> None:
        for _ in range(times):
            self._patiently(lambda: self._scan(slug), 302)
            self.scans[slug] += 1

    def delete(self, slug: str) -> None:
        self._patiently(lambda: self._api("DELETE", f"/api/v1/dynamic/{slug}/"), 204)
        del self.scans[slug]

    def lose(self, slug: str) -> int:
        """Check that a lost code is gone (404); forget it, and return how many answered scans must be gone with it."""
        self._patiently(lambda: self._api("GET", f"/api/v1/dynamic/{slug}/"), 404)
        return self.scans.pop(slug)

    def check(self) -> None:
        """Check that each living code shows exactly its scans. Raises Wrong."""
        until = time.monotonic() + WITHIN_S
        while True:
            shown = {slug: self._shown(slug) for slug in self.scans}
            if shown == self.scans:
                return
            # (Sums may be wrong for a moment, while an interrupted batch is repaired.)
            if time.monotonic() > until:
                different = {slug: (n, shown[slug]) for slug, n in self.scans.items() if n != shown[slug]}
                raise Wrong(f"codes show scans that are not theirs, or lack some (scanned, shown): {different}")
            time.sleep(0.1)

    def _shown(self, slug: str) -> int:
        return int(self._patiently(lambda: self._api("GET", f"/api/v1/dynamic/{slug}/"), 200)["scan_count"])

    def _patiently(self, call: Callable[[], tuple[int, Any]], wanted: int) -> Any:
        until = time.monotonic() + WITHIN_S
        while True:
            try:
                status, said = call()
            except (OSError, http.client.HTTPException) as error:
                status, said = 503, repr(error)
            if status == wanted:
                return said
            if (status < 500 and status != 404) or time.monotonic() > until:
                raise Wrong(f"{status} instead of {wanted}: {said}")
            time.sleep(0.05)

    def _api(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
        return _asked(self._stack.api_port, method, path, headers, body)

    def _scan(self, slug: str) -> tuple[int, Any]:
        return _asked(self._stack.redirect_port, "GET", f"/{slug}", {"User-Agent": FIREFOX}, None)


def _asked(port: int, method: str, path: str, headers: dict[str, str], body: object) -> tuple[int, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request(method, path, json.dumps(body) if body is not None else None, headers)
        answer = connection.getresponse()
        raw = answer.read()
        return answer.status, json.loads(raw) if raw.startswith((b"{", b"[")) else raw
    finally:
        connection.close()


class Server:
    """One Redis server, which others can replicate."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.socket = folder / "redis.sock"
        (self.port,) = free_ports(1)
        flags = {"port": self.port, "unixsocket": self.socket, "dir": folder, "logfile": folder / "log"}
        flags |= {"appendonly": "yes", "appendfsync": "always", "save": "", "maxmemory-policy": "noeviction"}
        flags |= {"bind": "127.0.0.1", "repl-diskless-sync": "yes", "repl-diskless-sync-delay": 0}
        words = [str(word) for name, value in flags.items() for word in (f"--{name}", value)]
        self.process = subprocess.Popen([str(redis_program.bundled()), *words], stdout=subprocess.DEVNULL)
        self.client = redis.Redis(unix_socket_path=str(self.socket))
        _wait(self._answers, "a Redis does not start")

    def _answers(self) -> bool:
        try:
            return bool(self.client.ping())
        except redis.RedisError:
            return False

    def follow(self, primary: "Server") -> None:
        self.client.replicaof("127.0.0.1", primary.port)
        _wait(lambda: bool(primary.client.wait(1, 1000)), "a replica does not follow")

    def promote(self) -> None:
        self.client.replicaof("NO", "ONE")

    def kill(self) -> None:
        self.client.close()
        self.process.kill()
        self.process.wait()


def _wait(so: Callable[[], bool], otherwise: str) -> None:
    until = time.monotonic() + WITHIN_S
    while not so():
        if time.monotonic() > until:
            raise Wrong(otherwise)
        time.sleep(0.02)


def failovers(folder: Path, rounds: int, dice: random.Random) -> Round:
    """Fail over: behind the same address now answers a replica that lacks the last writes."""
    address = folder / "redis.sock"
    primary = Server(folder / "redis0")
    address.symlink_to(primary.socket)
    total = Round()
    with closing(Stack(folder, redis_url=f"unix://{address}")) as stack:
        try:
            stack.start()
            asyncio.run(stack.ready())
            client = Client(stack)
            for number in range(1, rounds + 1):
                client.scan(client.create(), dice.randint(1, 3))
                replica = Server(folder / f"redis{number}")
                replica.follow(primary)
                replica.promote()
                lost = _made_and_scanned(client, LOST, dice)
                swapped = folder / "redis.new"
                swapped.symlink_to(replica.socket)
                swapped.replace(address)
                primary.kill()
                primary = replica
                _count(client, lost, total, dice)
                _say(number, rounds)
            _audited(stack, client)
        finally:
            primary.kill()
    return total


def restores(folder: Path, rounds: int, dice: random.Random) -> Round:
    """Kill everything and restore Redis' folder from before the last codes, while journals hold scans of these."""
    total = Round()
    stack = Stack(folder)
    with closing(stack):
        stack.start()
        asyncio.run(stack.ready())
        client = Client(stack)
        for number in range(1, rounds + 1):
            client.scan(client.create(), dice.randint(1, 3))
            export = folder / "older.ndjson"
            _command(stack, "export", str(export))
            shutil.copytree(stack.folder.redis, folder / "backup", dirs_exist_ok=True)
            lost = _made_and_scanned(client, LOST, dice)
            time.sleep(dice.choice((0.0, 0.0, 0.5)))
            stack.kill_group()
            shutil.rmtree(stack.folder.redis)
            (folder / "backup").rename(stack.folder.redis)
            stack.start()
            asyncio.run(stack.ready())
            _count(client, lost, total, dice)
            _command(stack, "import", str(export))
            client.check()
            _say(number, rounds)
        _audited(stack, client)
    return total


def _made_and_scanned(client: Client, codes: int, dice: random.Random) -> list[str]:
    slugs = [client.create() for _ in range(codes)]
    for slug in slugs:
        client.scan(slug, dice.randint(1, 4))
    return slugs


def _count(client: Client, lost: list[str], total: Round, dice: random.Random) -> None:
    for slug in lost:
        total.scans += client.lose(slug)
        total.lost += 1
    _made_and_scanned(client, NEW, dice)
    # Erasing one code's scans must not touch another's.
    client.delete(dice.choice(sorted(client.scans)))
    client.check()


def _audited(stack: Stack, client: Client) -> None:
    until = time.monotonic() + WITHIN_S
    while not (report := stack.audit()).clean:
        if time.monotonic() > until:
            raise Wrong(f"the audit says\n{render(report)}")
        time.sleep(0.5)
    client.check()


def _command(stack: Stack, name: str, file: str) -> None:
    words = ["-P", "-m", "waymark", name, file, "--data", str(stack.folder.path)]
    done = subprocess.run([sys.executable, *words], capture_output=True, text=True, timeout=120)
    if done.returncode:
        raise Wrong(f"waymark {name}: {done.stdout}{done.stderr}")


def _say(number: int, rounds: int) -> None:
    if number % 10 == 0 or number == rounds:
        print(f"{number} of {rounds} rounds", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m drill.redis_rollback", description=(__doc__ or "").split("\n\n")[0]
    )
    parser.add_argument("how", choices=["failover", "restore"])
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="wm-rollback-"))
    run = failovers if given.how == "failover" else restores
    try:
        total = run(folder, given.rounds, random.Random(given.seed))
    except UserError as trouble:
        raise SystemExit(f"{trouble}\nWhat is left is in {folder}") from None
    shutil.rmtree(folder, ignore_errors=True)
    print(f"{given.rounds} rounds: {total.lost} codes lost with {total.scans} scans; 0 codes show scans of others")


if __name__ == "__main__":
    main()
