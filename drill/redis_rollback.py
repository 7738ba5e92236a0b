"""Check scans after Redis has lost writes: `python -m drill.redis_rollback failover|restore --rounds 100`.

In each round codes are made and scanned that Redis then knows nothing of: a replica is promoted that lacks the last
writes, or an older backup is restored while journals still hold scans. Then new codes are made and scanned, one code is
deleted, and an older export is imported. Each living code must show exactly its own scans, and the lost ones must be
gone. Ends with 1 when anything was mixed up.
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
    """Something does not hold; the message says what."""


class Round(msgspec.Struct):
    """What a round has shown: how many codes were lost, and how many of their scans are stored under nobody's name."""

    lost: int = 0
    scans: int = 0


class Client:
    """The API and the redirector as one user sees them. Each call raises Wrong when it is refused for long."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        # Scans each living code was answered, by its short id.
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
        """How many scans it had been answered, and must now be gone with them."""
        self._patiently(lambda: self._api("GET", f"/api/v1/dynamic/{slug}/"), 404)
        return self.scans.pop(slug)

    def check(self) -> None:
        """Each living code shows its scans and no more. Raises Wrong."""
        until = time.monotonic() + WITHIN_S
        while True:
            shown = {slug: self._shown(slug) for slug in self.scans}
            if shown == self.scans:
                return
            # (While a batch that was cut short is repaired, sums may be anything for a moment.)
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
    """One Redis, which others may copy."""

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
    """The address stays, and what answers there is a replica that has not heard of the last writes."""
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
    """Everything is killed, Redis' folder is that of before the last codes, and journals have scans of these."""
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
    # The erasure of one takes nothing from another.
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
