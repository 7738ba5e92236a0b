"""Fail a primary over in the middle of edits: `python -m drill.failover --runs 100 --seed 1`.

Each run kills the primary of Redis with SIGKILL while clients create and edit codes, and loses what is on its way to
the replica, which hears of everything late. The replica is promoted, and each acknowledged code must lead to its newest
acknowledged destination, or to one that was asked for later without an answer. Exits with 1 when one does not.

`--replicas 0` shows what happens when acknowledgements do not wait for the replica.
"""

import argparse
import asyncio
import http.client
import json
import random
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from drill.stack import KEY, Stack, closing
from harness.link import Link
from harness.redis_servers import RedisNode, wait_until

EDITORS = 4
# How late the replica hears of everything, at most; and for how long codes are edited before the primary dies.
LATE_S = 0.02
BEFORE_S = (0.1, 0.4)
WITHIN_S = 60.0


class Api(msgspec.Struct, frozen=True):
    port: int
    key: str

    def call(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        """The status is 0 where there is no answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            headers = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"}
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            answer = connection.getresponse()
            text = answer.read()
            return answer.status, json.loads(text) if text else None
        except (OSError, http.client.HTTPException, ValueError):
            return 0, None
        finally:
            connection.close()


class Pair:
    """A primary behind an address that a failover keeps, and a replica behind a slow line."""

    def __init__(self, folder: Path, dice: random.Random) -> None:
        self._folder = folder
        self._dice = dice
        self._made = 0
        self.address = folder / "s"
        self.primary = self._node()
        self.address.symlink_to(self.primary.socket)
        self.replica: RedisNode | None = None
        self._link: Link | None = None

    @property
    def url(self) -> str:
        return f"unix://{self.address}"

    def _node(self) -> RedisNode:
        self._made += 1
        node = RedisNode(self._folder / str(self._made))
        node.start()
        return node

    def join(self) -> None:
        """A new replica follows."""
        self._link = Link(self.primary.port)
        self.replica = self._node()
        self.replica.follow_port(self._link.port)
        self._link.delay_s = self._dice.uniform(0, LATE_S)

    def kill_primary(self) -> None:
        assert self._link is not None
        first, then = self.primary.kill, self._link.lose
        if self._dice.random() < 0.5:
            first, then = then, first
        first()
        then()

    def promote(self) -> None:
        assert self.replica is not None
        self.replica.call("REPLICAOF", "NO", "ONE")
        swapped = self._folder / "new"
        swapped.symlink_to(self.replica.socket)
        swapped.replace(self.address)
        shutil.rmtree(self.primary.folder, ignore_errors=True)
        self.primary, self.replica = self.replica, None

    def end(self) -> None:
        for node in (self.primary, self.replica):
            if node is not None:
                node.kill()
        if self._link is not None:
            self._link.lose()


@contextmanager
def pair(folder: Path, dice: random.Random) -> Iterator[Pair]:
    made = Pair(folder, dice)
    try:
        yield made
    finally:
        made.end()


class Asked(msgspec.Struct):
    """All destinations that were asked for, in order, and which of them was the newest to be acknowledged."""

    destinations: list[str]
    acknowledged: int = 0


class Outcome(msgspec.Struct):
    """`changes` were acknowledged, of `codes`; `wrong` says what is not as it was acknowledged."""

    codes: int = 0
    changes: int = 0
    refused: int = 0
    wrong: list[str] = []


class Editor:
    """One client, which creates codes and edits its own, one change after the other."""

    def __init__(self, api: Api, seed: int) -> None:
        self._api = api
        self._dice = random.Random(seed)
        self._stopped = threading.Event()
        self.codes: dict[str, Asked] = {}
        self.changes = 0
        self.refused = 0
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join(WITHIN_S)

    def _run(self) -> None:
        while not self._stopped.is_set():
            destination = f"https://example.com/{self._dice.getrandbits(48):x}"
            if not self.codes or self._dice.random() < 0.2:
                status, said = self._api.call("POST", "/v1/dynamic", {"destination": destination})
                if status == 201:
                    self.codes[said["id"]] = Asked([destination])
            else:
                id = self._dice.choice(sorted(self.codes))
                asked = self.codes[id]
                asked.destinations.append(destination)
                status, _ = self._api.call("PATCH", f"/v1/dynamic/{id}", {"destination": destination})
                if status == 200:
                    asked.acknowledged = len(asked.destinations) - 1
            if status in (200, 201):
                self.changes += 1
            else:
                self.refused += 1
                self._stopped.wait(0.02)


def run(api: Api, servers: Pair, dice: random.Random) -> Outcome:
    """One failover. Raises TimeoutError if the API does not come back."""
    servers.join()
    editors = [Editor(api, dice.getrandbits(32)) for _ in range(EDITORS)]
    try:
        wait_until(lambda: all(editor.changes for editor in editors), "nothing can be edited", WITHIN_S)
        time.sleep(dice.uniform(*BEFORE_S))
        servers.kill_primary()
    finally:
        for editor in editors:
            editor.stop()
    servers.promote()
    outcome = Outcome()
    for editor in editors:
        outcome.changes += editor.changes
        outcome.refused += editor.refused
        for id, asked in editor.codes.items():
            outcome.codes += 1
            found = _destination(api, id)
            if found not in asked.destinations[asked.acknowledged :]:
                outcome.wrong.append(f"{id} leads to {found}, not to {asked.destinations[asked.acknowledged]}")
    return outcome


def _destination(api: Api, id: str) -> str | None:
    """Where a code leads; None if there is none."""
    said: Any = None

    def answered() -> bool:
        nonlocal said
        status, said = api.call("GET", f"/v1/dynamic/{id}")
        return status in (200, 404)

    wait_until(answered, "the API does not come back", WITHIN_S)
    found = said.get("destination")
    return None if found is None else str(found)


def failovers(folder: Path, runs: int, seed: int, replicas: int) -> Outcome:
    total = Outcome()
    with pair(folder, random.Random(seed)) as servers:
        (folder / "stack").mkdir()
        more = {"WAYMARK_REDIS_REPLICAS": str(replicas)}
        with closing(Stack(folder / "stack", redis_url=servers.url, more=more)) as stack:
            # The first key is a change, too.
            servers.join()
            stack.start()
            asyncio.run(stack.ready())
            api = Api(stack.api_port, KEY)
            assert servers.replica is not None
            servers.primary.wait_for(servers.replica)
            servers.kill_primary()
            servers.promote()
            for number in range(seed, seed + runs):
                outcome = run(api, servers, random.Random(number))
                total.codes += outcome.codes
                total.changes += outcome.changes
                total.refused += outcome.refused
                total.wrong += [f"seed {number}: {line}" for line in outcome.wrong]
                done = number - seed + 1
                if done % 10 == 0 or outcome.wrong:
                    print(f"{done} of {runs}: {total.changes} changes, {len(total.wrong)} lost", flush=True)
    return total


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m drill.failover", description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--replicas", type=int, default=1, choices=(0, 1))
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="wm-failover-") as folder:
        total = failovers(Path(folder), chosen.runs, chosen.seed, chosen.replicas)
    print(
        f"{chosen.runs} failovers, {total.codes} codes, {total.changes} acknowledged changes, "
        f"{total.refused} refused or unanswered: {len(total.wrong)} lost"
    )
    if total.wrong:
        raise SystemExit("\n".join(total.wrong[:20]))


if __name__ == "__main__":
    main()
