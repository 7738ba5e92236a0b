"""A rolling restart under load: `python -m drill.rolling`, or `make rolling`.

Starts `waymark up` with two redirectors in a temporary folder and scans it with clients that keep their connections
(and with wrk, where that is installed), while the redirectors are ended one after the other, again and again, by
SIGTERM to each and by SIGHUP to `up`. Every request that is not answered by its redirect counts as failed. Ends with 1
when there was one, or when the audit is not clean.
"""

import argparse
import asyncio
import contextlib
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from drill.processes import send
from drill.stack import WORKERS, Stack, closing
from harness.agents import FIREFOX
from harness.launcher import NotReady
from harness.ports import free_ports
from harness.scanners import Connection
from waymark.net import until

CLIENTS = 8
WRK_CONNECTIONS = 8
REPLACED_WITHIN_S = 60.0
LONGEST_S = 240.0
# Timeout of a client; a machine that starts processes is busy.
PATIENCE_S = 10
REASONS = 20


class Tally(msgspec.Struct):
    answered: int = 0
    failed: int = 0
    # The reasons of the first few failures.
    reasons: list[str] = []
    # How often a server announced the end of a connection.
    told: int = 0


async def keep_scanning(port: int, slug: str, tally: Tally, stop: asyncio.Event, pause_s: float = 0.0) -> None:
    """Scan until `stop`, on a connection kept as long as the server allows, pausing before each request; count every
    failure."""
    connection: Connection | None = None
    while not stop.is_set():
        await asyncio.sleep(pause_s)
        status, headers, reason = 0, dict[str, str](), ""
        fresh = connection is None
        try:
            if connection is None:
                connection = await Connection.open(port)
            scan = connection.request(f"GET /{slug} HTTP/1.1\r\nUser-Agent: {FIREFOX}")
            status, headers, _ = await asyncio.wait_for(scan, PATIENCE_S)
        except (OSError, EOFError, TimeoutError) as error:
            status, reason = 0, f"{error!r} on a {'new' if fresh else 'kept'} connection"
        if status == 302:
            tally.answered += 1
        else:
            tally.failed += 1
            if len(tally.reasons) < REASONS:
                tally.reasons.append(reason or f"status {status}")
        last = not status or headers.get("connection", "").lower() == "close"
        if last and connection is not None:
            tally.told += bool(status)
            connection.close()
            connection = None
    if connection is not None:
        connection.close()


async def wrk(port: int, slug: str, seconds: int) -> tuple[int, int]:
    """Run wrk, which keeps its connections too; return its answered and failed requests."""
    command = ["wrk", "-t1", f"-c{WRK_CONNECTIONS}", f"-d{seconds}s", "--timeout", f"{PATIENCE_S}s"]
    command += ["-H", f"User-Agent: {FIREFOX}"]
    process = await asyncio.create_subprocess_exec(
        *command, f"http://127.0.0.1:{port}/{slug}", stdout=asyncio.subprocess.PIPE
    )
    said = (await process.communicate())[0].decode()
    answered = re.search(r"(\d+) requests in", said)
    errors = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", said)
    other = re.search(r"Non-2xx or 3xx responses: (\d+)", said)
    failed = sum(map(int, errors.groups())) if errors else 0
    if errors:
        print(errors[0])
    return int(answered[1]) if answered else 0, failed + (int(other[1]) if other else 0)


async def roll(stack: Stack, *, hang_up: bool) -> None:
    """Replace every redirector's process: by SIGTERM to each in turn, or by SIGHUP to `up`. Raises NotReady."""
    before = [one.pid for one in stack.processes("redirect")]
    if hang_up:
        assert stack.process is not None
        stack.process.send_signal(signal.SIGHUP)
        await _replaced(stack, before)
    else:
        for one in stack.processes("redirect"):
            send(one, signal.SIGTERM)
            await _replaced(stack, [one.pid])


async def _replaced(stack: Stack, before: list[int]) -> None:
    async def so() -> bool:
        now = {one.pid for one in stack.processes("redirect")}
        if len(now) != WORKERS or not now.isdisjoint(before):
            return False
        sockets = [stack.folder.redirector_socket(worker + 1) for worker in range(WORKERS)]
        return all(await asyncio.gather(*map(serves, sockets)))

    if not await until(so, within_s=REPLACED_WITHIN_S, unless=lambda: stack.ended):
        raise NotReady(f"a redirector was not replaced. The log ends with:\n{stack.last_words()}")


async def serves(socket: Path) -> bool:
    """Return whether the redirector behind `socket` accepts new requests, and does not just finish its last ones."""
    try:
        async with asyncio.timeout(1):
            reader, writer = await asyncio.open_unix_connection(socket)
            writer.write(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            said = await reader.readline()
            writer.close()
    except (OSError, TimeoutError):
        return False
    return said.startswith(b"HTTP/1.1 200 ")


async def rolling(stack: Stack, port: int, requests: int, turns: int, say: Callable[[str], None]) -> Tally:
    """Tally at least so many requests over at least so many restarts of all redirectors."""
    stop = asyncio.Event()
    tally = Tally()
    clients = [asyncio.create_task(keep_scanning(port, stack.slugs[0], tally, stop)) for _ in range(CLIENTS)]
    began = time.monotonic()
    turn = 0
    while (tally.answered < requests or turn < turns) and time.monotonic() - began < LONGEST_S:
        await roll(stack, hang_up=turn % 2 == 1)
        turn += 1
        say(f"{turn} restarts of all redirectors: {tally.answered:,} answered, {tally.failed} failed")
    stop.set()
    await asyncio.gather(*clients)
    return tally


@contextlib.contextmanager
def nginx(folder: Path, behind: int) -> Iterator[int]:
    """Run nginx with kept connections to the port behind it; yield its port."""
    [port] = free_ports(1)
    places = "".join(
        f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (folder / "nginx.conf").write_text(
        f"daemon off; master_process off; pid {folder}/pid; error_log {folder}/nginx.log;"
        f"events {{ worker_connections 512; }} http {{ access_log off; {places}"
        f"upstream redirectors {{ server 127.0.0.1:{behind}; keepalive 16; }}"
        f"server {{ listen 127.0.0.1:{port}; location / {{ proxy_pass http://redirectors; proxy_http_version 1.1;"
        f'proxy_set_header Connection ""; proxy_set_header Host $host; }} }} }}'
    )
    # (The folder of nginx's first log is compiled in, and may not exist.)
    log = folder / "nginx.log"
    process = subprocess.Popen(["nginx", "-e", str(log), "-p", str(folder), "-c", str(folder / "nginx.conf")])
    try:
        yield port
    finally:
        process.terminate()
        process.wait(10)
        print(log.read_text()[-1000:] if log.exists() else "", end="")


async def run(folder: Path, requests: int, seconds_of_wrk: int, *, proxy: bool = False) -> bool:
    """Run the drill; return whether no request failed and the audit is clean."""
    with closing(Stack(folder)) as stack, contextlib.ExitStack() as beneath:
        stack.start()
        await stack.ready()
        await stack.make_codes()
        asked = beneath.enter_context(nginx(folder, stack.redirect_port)) if proxy else stack.redirect_port
        beside = asyncio.create_task(wrk(asked, stack.slugs[0], seconds_of_wrk)) if seconds_of_wrk else None
        tally = await rolling(stack, asked, requests, 2, print)
        print(f"clients that keep connections: {tally.answered:,} answered, {tally.failed} failed")
        for reason in tally.reasons:
            print(f"  {reason}")
        failed = tally.failed
        if beside is not None:
            while not beside.done():
                await roll(stack, hang_up=True)
            answered, of_wrk = await beside
            failed += of_wrk
            print(f"wrk: {answered:,} answered, {of_wrk} failed")
        if await stack.stop():
            print("waymark up did not stop as it should")
            return False
        report = (await asyncio.to_thread(stack.read)).report
        print(f"audit: {report.stored:,} stored, {'clean' if report.clean else 'not clean'}")
        return not failed and report.clean


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m drill.rolling", description=__doc__)
    parser.add_argument("--requests", type=int, default=50_000, help="of the clients that keep connections (50000)")
    parser.add_argument("--wrk", type=int, default=30, help="seconds of wrk beside them; 0 for none (30)")
    parser.add_argument("--proxy", action="store_true", help="nginx in front, which keeps connections, too")
    given = parser.parse_args()
    seconds = given.wrk if shutil.which("wrk") else 0
    with tempfile.TemporaryDirectory(prefix="wm-rolling-") as folder:
        return 0 if asyncio.run(run(Path(folder), given.requests, seconds, proxy=given.proxy)) else 1


if __name__ == "__main__":
    raise SystemExit(main())
