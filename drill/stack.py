"""A `waymark up` in a separate folder, for a drill to start, query, stop and kill."""

import asyncio
import contextlib
import http.client
import json
import math
import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
import psutil

from aggregator.audit.report import Report
from drill.clock import Clock
from drill.disk import Disk, small
from drill.kafka import KafkaServer
from drill.processes import Process, below, send
from drill.redis_engines import RedisEngine
from drill.volume import Volume, age_journals, make_volume
from harness.launcher import ROOT, NotReady, WaymarkUp, clean_environment
from waymark import core_client
from waymark.data_dir import DataDir
from waymark.net import until

KEY = "oqr_live_drill0123456789abcdef0123456789"
WORKERS = 2
CODES = 3
TRIES = 60
READY_S = 90.0
STOP_S = 90.0


class Stored(msgspec.Struct, frozen=True):
    """The contents of a stopped stack's warehouse: rows of each campaign, and the audit's report."""

    campaigns: list[tuple[str, int]]
    report: Report


class Stack:
    """One data folder and the processes that run on it. `slugs` can be scanned; `given` counts the redirects in all
    client logs of this stack."""

    def __init__(
        self,
        folder: Path,
        *,
        broker: KafkaServer | None = None,
        steps_clock: bool = False,
        small_disk: bool = False,
        redis_url: str | None = None,
        redis: RedisEngine | None = None,
        own_volume: bool = False,
        more: Mapping[str, str] = {},
        workers: int = WORKERS,
    ) -> None:
        """`more` settings than those that every drill has."""
        self.volume: Volume | None = make_volume(folder / "volume") if own_volume else None
        self.folder = DataDir((folder if self.volume is None else self.volume.folder) / "data")
        # The times of the power cut and of the end of the last process, on the event loop's clock.
        self.dark: tuple[float, float] | None = None
        self.broker = broker
        # Instead of the one that `up` starts.
        self.redis = redis
        self.redis_url = redis_url if redis is None else redis.url
        self._more = more
        self.topic = f"drill-{secrets.token_hex(4)}"
        self.clock = Clock(folder / "clock") if steps_clock else None
        self.disk: Disk | None = small(folder / "disk") if small_disk else None
        self.slugs: list[str] = []
        self.given = 0
        self._up = WaymarkUp(self.folder.path, out=folder / "log", workers=workers, environment=self._environment())
        self.api_port, self.redirect_port = self._up.api_port, self._up.redirect_port

    @property
    def process(self) -> psutil.Popen | None:
        return self._up.process

    @property
    def environment(self) -> dict[str, str]:
        """For commands beside it."""
        return dict(self._up.environment)

    def start(self) -> None:
        self._up.start()

    def _environment(self) -> dict[str, str]:
        variables = clean_environment()
        variables["WAYMARK_BOOTSTRAP_KEY"] = KEY
        # Each visit is a separate campaign, and must stay distinct.
        variables["WAYMARK_DISTINCT_VALUES"] = "65535"
        if self.volume is not None:
            # Almost no reserve, so that the engine does meet a full disk.
            variables["WAYMARK_WAREHOUSE_FREE"] = "1MiB"
        if self.clock is not None:
            variables |= self.clock.environment(variables.get("PYTHONPATH"))
        if self.disk is not None:
            variables["WAYMARK_JOURNAL"] = str(self.disk.folder)
        if self.redis_url is not None:
            variables["WAYMARK_REDIS_URL"] = self.redis_url
        variables |= self._more
        if self.broker is not None:
            variables |= {
                **self.broker.waymark,
                "WAYMARK_KAFKA_TOPIC": self.topic,
                "WAYMARK_KAFKA_GROUP": self.topic,
            }
        return variables

    async def ready(self) -> None:
        """Wait until the stack serves. Raises NotReady."""
        await asyncio.to_thread(self._up.wait_until_ready, "/healthz", within_s=READY_S)

    async def make_codes(self) -> None:
        """Create the codes to scan. Raises NotReady."""
        for number in range(CODES):
            for _ in range(TRIES):
                status, said = await asyncio.to_thread(self.ask, "POST", "/v1/dynamic", _destination(number))
                if status != 503:
                    break
                # The answer says to retry shortly, and a busy machine's disk can be that slow.
                await asyncio.sleep(0.5)
            if status != 201:
                raise NotReady(f"a code could not be made: {status} {said}")
            self.slugs.append(said["slug"])

    def ask(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        connection = http.client.HTTPConnection("127.0.0.1", self.api_port, timeout=30)
        try:
            headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            answer = connection.getresponse()
            text = answer.read()
            return answer.status, json.loads(text) if text else None
        except (OSError, http.client.HTTPException) as error:
            return 503, repr(error)
        finally:
            connection.close()

    def scan_and_delete(self, scans: int) -> None:
        """Create a code, scan it and delete it, so that its scans are erased. Blocks. Raises NotReady."""
        status, said = self.ask("POST", "/v1/dynamic", _destination(CODES))
        if status != 201:
            raise NotReady(f"a code could not be made: {status} {said}")
        connection = http.client.HTTPConnection("127.0.0.1", self.redirect_port, timeout=30)
        try:
            for _ in range(scans):
                connection.request("GET", f"/{said['slug']}", headers={"Host": "localhost", "User-Agent": "drill"})
                connection.getresponse().read()
        except (OSError, http.client.HTTPException) as error:
            raise NotReady(f"a code could not be scanned: {error!r}") from None
        finally:
            connection.close()
        status, said = self.ask("DELETE", f"/v1/dynamic/{said['id']}")
        if status not in (200, 204):
            raise NotReady(f"a code could not be deleted: {status} {said}")

    def cut_power(self) -> None:
        assert self.volume is not None
        began = asyncio.get_running_loop().time()
        self.volume.cut()
        self.kill_group()
        self.dark = began, math.inf

    async def restore_power(self) -> None:
        assert self.volume is not None and self.dark is not None
        await asyncio.to_thread(self.volume.restore)
        age_journals(self.folder.path / "journal")
        # By now scanners have read the answers that were on their way.
        self.dark = self.dark[0], asyncio.get_running_loop().time()

    @property
    def ended(self) -> bool:
        return self._up.ended

    def last_words(self) -> str:
        return self._up.log_tail()

    def processes(self, *roles: str) -> list[Process]:
        """List the processes of these services, or of all known ones."""
        if self.process is None:
            return []
        return [one for one in below(self.process.pid) if one.role in roles or (not roles and one.role)]

    async def one(self, role: str) -> list[Process]:
        """Wait until a service has a process; return its processes."""
        await until(self._runs(role), within_s=30, unless=lambda: self.ended)
        return self.processes(role)

    def _runs(self, role: str) -> Any:
        async def so() -> bool:
            return bool(self.processes(role))

        return so

    def inserts(self) -> set[str]:
        """Return a name for each insert that runs now, or ran when the core was killed: each has a temporary file."""
        try:
            return set(os.listdir(self.folder.temporary))
        except OSError:
            return set()

    def audit(self) -> Report:
        """Audit the running stack. Blocks. Raises CoreUnavailable and CoreError."""
        return msgspec.convert(core_client.call(self.folder, "/audit", lambda *_: None), Report)

    def kill_group(self) -> None:
        self._up.kill_group()

    def kill_supervisor(self) -> None:
        self._up.kill_supervisor()

    async def stop(self) -> int:
        """Stop the stack as a person does, and kill it after a timeout; return the exit status."""
        return await asyncio.to_thread(self._up.stop, STOP_S)

    def read(self) -> Stored:
        """Read the stored scans, once nothing of the stack runs. Blocks for some seconds. Raises NotReady."""
        journals = self.disk.folder if self.disk is not None else self.folder.path / "journal"
        folders = (str(self.folder.path.absolute()), str(journals.absolute()))
        # In a separate process: a process can open only one chDB folder in its life.
        done = subprocess.run(
            [*(sys.executable, "-m", "drill.stored_scans"), *folders, *([self.redis_url] if self.redis_url else [])],
            cwd=ROOT,
            capture_output=True,
            timeout=120,
        )
        if done.returncode:
            raise NotReady(f"the warehouse could not be read: {done.stderr[-2000:].decode(errors='replace')}")
        return msgspec.json.decode(done.stdout, type=Stored)

    def close(self) -> None:
        """End everything that still runs."""
        if not self.ended:
            for process in self.processes():
                # SIGKILL ends a stopped process too, but its supervisor would wait for it.
                send(process, signal.SIGCONT)
            self.kill_group()
        if self.disk is not None:
            self.disk.give_back()
        if self.volume is not None:
            self.volume.give_back()


def _destination(number: int) -> dict[str, str]:
    return {"destination": f"https://example.com/drill/{number}"}


@contextlib.contextmanager
def closing(stack: Stack) -> Iterator[Stack]:
    try:
        yield stack
    finally:
        stack.close()
