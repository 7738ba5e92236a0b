"""`python -m drill.clickhouse_faults`: break the connections to a ClickHouse server, and count.

The aggregator is a process, the server another (chDB behind ClickHouse's HTTP interface), and everything between them
passes a proxy that cuts connections before, in and after a request, delivers requests twice, late, or once the
aggregator has given up. Both processes are killed as well. In between codes are erased and rollups rebuilt. Each run
ends with the account: of every source each event is stored or erased, once, and the audit is clean.
"""

import contextlib
import json
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

import click
import msgspec
from clickhouse_connect.driver.client import Client

from aggregator.audit.evidence import Evidence
from aggregator.audit.report import audit, render
from harness.clickhouse.fates import Fates
from harness.clickhouse.proxy import CUTS, Proxy
from harness.clickhouse.server import started
from harness.launcher import ROOT
from harness.ports import free_ports
from infra.migrate import migrate
from infra.warehouse import Warehouse
from ingest.journal import Journal
from ingest.reader import sources
from schemas.event import ScanEvent, body_of, encode_line
from waymark.commands.options import json_flag

# How long the aggregator waits for an answer.
TIMEOUT_S = 4
WITHIN_S = 240.0
CODES = 30
# Of requests that write, and of others, this share meets something.
WRITES, READS = 0.2, 0.02
# Mid-November: a hundred days from here touch four months and two years.
START_MS = 1_763_000_000_000


class Outcome(msgspec.Struct):
    """One run. `problems`: failed checks, in words."""

    seed: int
    events: int = 0
    stored: int = 0
    erased: int = 0
    lost: int = 0
    doubled: int = 0
    met: dict[str, int] = {}
    kills: int = 0
    server_kills: int = 0
    jobs: int = 0
    seconds: float = 0.0
    problems: list[str] = []

    @property
    def cuts(self) -> int:
        return sum(count for how, count in self.met.items() if how in CUTS)

    @property
    def failed(self) -> bool:
        return bool(self.lost or self.doubled or self.problems)


class NotStored(Exception):
    """A run that cannot be brought to its end; the message says where it stands."""


def rest(source: int, seq: int) -> bytes:
    """A line of a journal without what the journal puts before and after it; the same for the same numbers."""
    dice = random.Random(source * 1_000_003 + seq)
    event = ScanEvent(
        source=source,
        seq=seq,
        ts_ms=START_MS + dice.randrange(100 * 86_400_000),
        code=1 + dice.randrange(CODES),
        workspace=1,
        host="",
        slug="spring",
        kind=dice.choice(("human", "human", "human", "bot")),
        outcome=dice.choice(("redirect", "redirect", "redirect", "paused")),
        country=dice.choice(("DE", "FR", "US", "")),
        region="",
        city=dice.choice(("Berlin", "Paris", "")),
        lat=None,
        lon=None,
        device=dice.choice(("mobile", "desktop")),
        model="",
        os="",
        browser="Safari",
        client="",
        referrer_host="",
        referrer="",
        language="de",
        utm_source="",
        utm_medium="",
        utm_campaign="",
        utm_term="",
        utm_content="",
        variant="",
        entry="qr",
        placement="",
        visitor=dice.randrange(2**64),
    )
    return body_of(encode_line(event)[:-1])[len(b"[%d,%d," % (source, seq)) :]


class Stand:
    """The server, the proxy before it and the aggregator behind that, in one folder."""

    def __init__(self, folder: Path, seed: int, timeout_s: int) -> None:
        self.folder = folder
        self._timeout_s = timeout_s
        self.fates = Fates(seed, share=WRITES, besides=READS)
        self.fates.calm = True
        (self._port,) = free_ports(1)
        self._server: subprocess.Popen[str] | None = None
        self._aggregator: subprocess.Popen[str] | None = None
        self.said: Counter[str] = Counter()
        self.start_server()
        self.proxy = Proxy(self._port, self.fates)
        client = self.client()
        migrate(client)
        client.close()

    def start_server(self) -> None:
        self._server = started(self.folder / "warehouse", self._port)
        assert self._server.stdout is not None
        self._url = self._server.stdout.readline().strip()

    def client(self) -> Client:
        """Past the proxy."""
        return Warehouse(url=f"{self._url}/default").connect(max_threads=1)

    def start_aggregator(self) -> None:
        address = f"{self._url.rpartition(':')[0]}:{self.proxy.port}/default"
        command = [sys.executable, "-m", "drill.killed_aggregator", str(self.folder), address, str(self._timeout_s)]
        with (self.folder / "log").open("ab") as log:
            self._aggregator = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True, cwd=ROOT
            )
        assert self._aggregator.stdout is not None
        threading.Thread(target=self._listen, args=(self._aggregator.stdout,), daemon=True).start()

    def _listen(self, stream: IO[str]) -> None:
        for line in stream:
            self.said[line.strip()] += 1

    def ask(self, job: str) -> None:
        assert self._aggregator is not None and self._aggregator.stdin is not None
        print(job, file=self._aggregator.stdin, flush=True)

    @property
    def ended(self) -> bool:
        return self._aggregator is None or self._aggregator.poll() is not None

    def kill_aggregator(self) -> None:
        _kill(self._aggregator)

    def kill_server(self) -> None:
        _kill(self._server)

    def log_tail(self) -> str:
        return (self.folder / "log").read_text(errors="replace")[-2000:]

    def close(self) -> None:
        self.kill_aggregator()
        self.proxy.close()
        self.kill_server()


def _kill(process: subprocess.Popen[str] | None) -> None:
    if process is not None:
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()


class Run:
    """One seed on a stand: load and faults, then the account."""

    def __init__(self, stand: Stand, seed: int, waves: int) -> None:
        self.outcome = Outcome(seed)
        self._stand = stand
        self._waves = waves
        self._random = random.Random(seed)
        self._erased: set[int] = set()
        # What has been asked for since, and is not known to be done.
        self._jobs: Counter[str] = Counter()

    def go(self) -> Outcome:
        began, before = time.monotonic(), Counter(self._stand.proxy.met)
        try:
            self._load()
            self._drain()
        except NotStored as error:
            self.outcome.problems.append(str(error))
        self._stand.fates.calm = True
        self._stand.proxy.quiet()
        self.outcome.met = {str(how): count for how, count in (self._stand.proxy.met - before).items()}
        self.outcome.seconds = time.monotonic() - began
        return self.outcome

    def _load(self) -> None:
        self._stand.fates.calm = False
        journals = [self._journal(2 * self.outcome.seed + at) for at in (1, 2)]
        try:
            for _ in range(self._waves):
                journal = self._random.choice(journals)
                for seq in range(journal.seq + 1, journal.seq + self._random.randint(20, 300)):
                    journal.append(rest(journal.source, seq))
                time.sleep(self._random.uniform(0.05, 0.5))
                self._happens()
        finally:
            for journal in journals:
                self.outcome.events += journal.seq
                journal.close()

    def _journal(self, source: int) -> Journal:
        now_ms = lambda: START_MS  # noqa: E731
        return Journal.open(self._stand.folder / "journal", source=source, now_ms=now_ms, max_bytes=1 << 30)

    def _happens(self) -> None:
        """Sometimes a process is killed, or there is a job besides the batches."""
        drawn = self._random.random()
        if drawn < 0.08:
            self._stand.kill_aggregator()
            self._stand.start_aggregator()
            self.outcome.kills += 1
            for job in (self._jobs - self._stand.said).elements():
                self._stand.ask(job)
        elif drawn < 0.11:
            self._stand.kill_server()
            self._stand.start_server()
            self.outcome.server_kills += 1
        elif drawn < 0.19:
            self._ask(f"erase {self._random.randint(1, CODES)}")
        elif drawn < 0.22:
            self._ask("rebuild")

    def _ask(self, job: str) -> None:
        self.outcome.jobs += 1
        self._jobs[job] += 1
        self._stand.ask(job)

    def _drain(self) -> None:
        """Until all of it is stored, and every job done, under the same faults."""
        until = time.monotonic() + WITHIN_S
        while sources(self._stand.folder / "journal") or self._jobs - self._stand.said:
            if self._stand.ended:
                raise NotStored(f"the aggregator has ended; its log says\n{self._stand.log_tail()}")
            if time.monotonic() > until:
                undone = ", ".join(self._jobs - self._stand.said)
                raise NotStored(f"not stored in time (jobs: {undone}); the log says\n{self._stand.log_tail()}")
            time.sleep(0.05)


def account(stand: Stand, outcomes: list[Outcome]) -> None:
    """Fill in what is stored of each run, and what the audit says of all of them."""
    client = stand.client()
    try:
        for outcome in outcomes:
            these = tuple(2 * outcome.seed + at for at in (1, 2))
            query = f"SELECT count(), uniqExact(source, seq) FROM {{}} WHERE source IN {these}"
            rows, stored = client.query(query.format("scans")).result_rows[0]
            _, erased = client.query(query.format("ledger")).result_rows[0]
            outcome.stored, outcome.erased = stored, erased
            outcome.doubled, outcome.lost = rows - stored, outcome.events - stored - erased
        report = audit(client, Evidence())
        if not report.clean:
            outcomes[-1].problems.append(f"the audit says\n{render(report)}")
    finally:
        client.close()


@contextlib.contextmanager
def standing(seed: int, timeout_s: int) -> Iterator[Stand]:
    """Everything in a temporary folder, which stays where a run fails."""
    folder = Path(tempfile.mkdtemp(prefix="wm-clickhouse-"))
    stand = Stand(folder, seed, timeout_s)
    try:
        stand.start_aggregator()
        yield stand
    finally:
        stand.close()
    shutil.rmtree(folder, ignore_errors=True)


def drill(
    seed: int,
    runs: int,
    *,
    seconds: float | None,
    waves: int,
    say: Callable[[str], None],
    timeout_s: int = TIMEOUT_S,
) -> list[Outcome]:
    """As many of the runs as fit into the time, at least one. Stops after one that failed."""
    until = float("inf") if seconds is None else time.monotonic() + seconds
    outcomes: list[Outcome] = []
    with standing(seed, timeout_s) as stand:
        for number in range(runs):
            outcomes.append(Run(stand, seed + number, waves).go())
            account(stand, outcomes)
            say(_told(outcomes[-1]))
            if outcomes[-1].failed or time.monotonic() + outcomes[-1].seconds > until:
                break
    return outcomes


def _told(outcome: Outcome) -> str:
    return (
        f"seed {outcome.seed}: {outcome.events:,} events, {outcome.stored:,} stored, {outcome.erased:,} erased, "
        f"{outcome.cuts} cuts of {sum(outcome.met.values())} faults, {outcome.kills} kills, "
        f"{outcome.server_kills} of the server, {outcome.jobs} jobs; "
        f"{outcome.lost} lost, {outcome.doubled} doubled ({outcome.seconds:.1f} s)"
        + "".join(f"\n{problem}" for problem in outcome.problems)
    )


@click.command(name="clickhouse_faults")
@click.option("--runs", type=click.IntRange(min=1), default=10, show_default=True)
@click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True, help="First seed; runs count up.")
@click.option("--seconds", type=click.FloatRange(min=1), help="Start no run that would not end within this time.")
@click.option("--waves", type=click.IntRange(min=1), default=40, show_default=True, help="Of events, in each run.")
@click.option(
    "--timeout",
    type=click.IntRange(min=1),
    default=TIMEOUT_S,
    show_default=True,
    help="Seconds that an answer may take: more where the machine has other work, or no comparison comes to its end.",
)
@json_flag
def main(runs: int, seed: int, seconds: float | None, waves: int, timeout: int, as_json: bool) -> None:
    """Break the connections between aggregator and ClickHouse, and count lost and doubled scans.

    Exits with 1 if a scan was lost or doubled, or if the audit is not clean after a run.
    """
    say = lambda line: click.echo(line, err=True)  # noqa: E731
    outcomes = drill(seed, runs, seconds=seconds, waves=waves, say=say, timeout_s=timeout)
    met: Counter[str] = Counter()
    for outcome in outcomes:
        met.update(outcome.met)
    click.echo(", ".join(f"{how} {count}" for how, count in sorted(met.items())), err=True)
    total = {name: sum(getattr(one, name) for one in outcomes) for name in ("events", "cuts", "kills", "server_kills")}
    click.echo(
        f"{len(outcomes)} runs: {total['events']:,} events, {total['cuts']} cuts of {met.total()} faults, "
        f"{total['kills']} kills of the aggregator, {total['server_kills']} of the server; "
        f"{sum(one.lost for one in outcomes)} lost, {sum(one.doubled for one in outcomes)} doubled",
        err=as_json,
    )
    if as_json:
        click.echo(json.dumps({"runs": msgspec.to_builtins(outcomes)}))
    raise SystemExit(any(outcome.failed for outcome in outcomes))


if __name__ == "__main__":
    main()
