"""The audit in the background of an aggregator: round after round, at low priority, and never finished.

A round brings the sums of `scans` up to date (`part_sums`), proves the sources (`source_watch`) and compares the
rollups where something has changed (`rollup_watch`). What it has found lies in `latest`; what it need not look at
again, in a file beside the warehouse, which may be thrown away: the next round then takes longer.

All of it runs in one thread with a client of its own and one thread of the engine. After each piece of work it rests
nine times as long as that took, so it takes a tenth of a core, and less where the machine is busy.
"""

import asyncio
import logging
import secrets
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path

import msgspec
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError
from urllib3.exceptions import HTTPError

from aggregator.audit.evidence import Evidence, Unreachable
from aggregator.audit.ledger import check_ledger
from aggregator.audit.part_sums import Content, PartSums, Vanished, read_content
from aggregator.audit.proof_sharing import ProofSharing
from aggregator.audit.rechecks import Recheck
from aggregator.audit.rollup_watch import RollupMemory, watch_rollups
from aggregator.audit.source_watch import TOLD, ProvenSource, reasons_of, watch_sources
from infra.durable_files import replace_file
from infra.exposition import Reading
from schemas.event import LINE_CHECK
from schemas.proof import Proof, RedSource, judge

log = logging.getLogger(__name__)

# The part of a core that it may take.
SHARE = 0.1
# Between two rounds, at least.
EVERY_S = 30.0
# How long a query that was cancelled has before it is cancelled again.
CANCEL_S = 0.5
# No rest is longer: the work itself is in pieces of about a second.
LONGEST_REST_S = 300.0


class Kept(msgspec.Struct):
    """What a round leaves to the next one. `rule` says what the checks were made of."""

    rule: str = LINE_CHECK
    parts: dict[str, PartSums] = {}
    sources: dict[int, ProvenSource] = {}
    rollups: RollupMemory = msgspec.field(default_factory=RollupMemory)
    proof: Proof | None = None


def read_kept(path: Path) -> Kept:
    """An empty one when there is none, or none that can be used. Raises OSError."""
    try:
        kept = msgspec.msgpack.decode(path.read_bytes(), type=Kept)
    except (FileNotFoundError, msgspec.DecodeError):
        return Kept()
    return kept if kept.rule == LINE_CHECK else Kept()


def write_kept(path: Path, kept: Kept) -> None:
    """Raises OSError."""
    replace_file(path, msgspec.msgpack.encode(kept), durable=False)


class Stopping(Exception):
    """The aggregator stops; the round is given up."""


class Pace:
    """Rests after each piece of work. Raises Stopping once `stop` is set."""

    def __init__(self, stop: threading.Event, clock: Callable[[], float], share: float = SHARE) -> None:
        self._stop = stop
        self._clock = clock
        self._share = share
        self._begun = clock()

    def __call__(self) -> None:
        worked = self._clock() - self._begun
        if self._stop.wait(min(worked * (1 / self._share - 1), LONGEST_REST_S)):
            raise Stopping
        self._begun = self._clock()


def audit_round(
    client: Client,
    evidence: Evidence,
    kept: Kept,
    now_ms: Callable[[], int],
    clock: Callable[[], float] = time.monotonic,
    rest: Callable[[], None] = lambda: None,
    rechecks: Sequence[Recheck] = (),
) -> Proof:
    """One round. Brings `kept` up to date. Raises Vanished, what `rest` raises, and what the client raises."""
    began = now_ms()
    contents: list[Content] = []

    def read(client: Client) -> Content:
        contents.append(read_content(client, kept.parts, rest))
        return contents[-1]

    sources = watch_sources(client, evidence, read, kept.sources, rechecks)
    rest()
    unreached = list(sources.unreached)
    strays = 0
    if evidence.deleted is not None:
        try:
            _, found = check_ledger(client, evidence.deleted)
            strays = sum(max(stray.entries, 1) for stray in found)
        except Unreachable as error:
            unreached.append(str(error))
        rest()
    before = () if kept.proof is None else kept.proof.red_days
    rollups = watch_rollups(client, contents[0], kept.rollups, before, began, clock, rest, rechecks)
    red = [state for state in sources.states if not state.ok]
    kept.proof = Proof(
        at_ms=began,
        ended_ms=now_ms(),
        given_out=sources.given_out,
        stored=sources.stored,
        erased=sources.erased,
        refused=sources.refused,
        waiting=sum(state.waiting for state in sources.states),
        missing=sum(state.missing for state in sources.states),
        sources_proven=len(kept.sources),
        sources_open=sum(state.end == "open" and state.ok for state in sources.states),
        sources_red=len(red),
        red_sources=tuple(RedSource(state.source, reasons_of(state)) for state in red[:TOLD]),
        strays=strays,
        rollups_at_ms=rollups.at_ms,
        rollups_day=rollups.newest,
        days_waiting=rollups.waiting,
        red_days=tuple(rollups.red),
        unreached=tuple(unreached),
    )
    return kept.proof


class BackgroundAudit:
    """`connect` takes settings; `evidence` is gathered anew for each round; `rechecks` are how a round looks again at
    what seems wrong, with its client. `path` is the file in which it keeps what is proven. `sharing`: where other
    processes may do the same."""

    def __init__(
        self,
        connect: Callable[..., Client],
        evidence: Callable[[], Evidence],
        rechecks: Callable[[Client], Sequence[Recheck]],
        path: Path,
        now_ms: Callable[[], int],
        clock: Callable[[], float],
        sharing: ProofSharing | None = None,
    ) -> None:
        self.latest: Proof | None = None
        self.rounds = 0
        self._connect = connect
        self._evidence = evidence
        self._rechecks = rechecks
        self._path = path
        self._now_ms = now_ms
        self._clock = clock
        self._sharing = sharing
        self._name = f"waymark-audit-{secrets.token_hex(8)}"
        self._stop = threading.Event()
        self._reason = ""

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`; a query under way is cancelled then. Raises what is a defect."""
        finished: Future[None] = Future()

        def work() -> None:
            try:
                self._work()
            except BaseException as error:  # noqa: BLE001 (whoever awaits it gets it)
                finished.set_exception(error)
            else:
                finished.set_result(None)

        # A daemon, so that an engine that does not let go of a query does not keep the process.
        threading.Thread(target=work, name="audit", daemon=True).start()
        done = asyncio.wrap_future(finished)
        stopping = asyncio.ensure_future(stop.wait())
        try:
            await asyncio.wait([stopping, done], return_when=asyncio.FIRST_COMPLETED)  # type: ignore[type-var]
        finally:
            stopping.cancel()
            self._stop.set()
            while not done.done():
                await asyncio.to_thread(self._cancel)
                await asyncio.wait({done}, timeout=CANCEL_S)
        await done

    def _cancel(self) -> None:
        """Another client must do it: the audit's own is waiting."""
        with suppress(ClickHouseError, HTTPError, OSError):
            client = self._connect()
            try:
                client.command(f"KILL QUERY WHERE Settings['log_comment'] = '{self._name}' ASYNC")
            finally:
                client.close()

    def _work(self) -> None:
        client: Client | None = None
        kept = self._read()
        self.latest = kept.proof
        try:
            while not self._stop.is_set():
                try:
                    if self._sharing is None or self._sharing.may_begin():
                        client = client or self._connect(log_comment=self._name)
                        self._round(client, kept)
                    else:
                        self.latest = self._sharing.read()
                    self._reason = ""
                except Stopping:
                    return
                except (Vanished, Unreachable, ClickHouseError, HTTPError, OSError) as error:
                    if not self._stop.is_set() and str(error) != self._reason:
                        log.warning("the audit in the background waits: %r", error)
                    self._reason = str(error)
                self._stop.wait(EVERY_S)
        except RuntimeError:
            # An aggregator that has ended runs nothing between its batches any more.
            if not self._stop.is_set():
                raise
        finally:
            if client is not None:
                client.close()

    def _read(self) -> Kept:
        try:
            return read_kept(self._path)
        except OSError as error:
            log.warning("what was proven before cannot be read: %s", error)
            return Kept()

    def _round(self, client: Client, kept: Kept) -> None:
        before = judge(self.latest, self._now_ms()).verdict
        pace = Pace(self._stop, self._clock)
        self.latest = audit_round(
            client, self._evidence(), kept, self._now_ms, self._clock, pace, self._rechecks(client)
        )
        self.rounds += 1
        judgement = judge(self.latest, self._now_ms())
        if judgement.verdict == "red" and before != "red":
            log.error("the proof is red: %s", "; ".join(judgement.reasons))
        elif before == "red" and judgement.verdict != "red":
            log.info("the proof is no longer red")
        if self._sharing is not None:
            self._sharing.publish(self.latest)
        try:
            write_kept(self._path, kept)
        except OSError as error:
            log.warning("what was proven could not be noted down: %s", error)

    def readings(self) -> dict[str, Reading]:
        """For /metrics."""
        found, now = self.latest, self._now_ms()
        verdict = judge(found, now).verdict
        return {
            "waymark_proof_green": verdict == "green",
            "waymark_proof_red": verdict == "red",
            "waymark_proof_red_sources": 0 if found is None else found.sources_red,
            "waymark_proof_red_rollups": 0 if found is None else len(found.red_days),
            "waymark_proof_age_seconds": 0.0 if found is None else max(0.0, (now - found.ended_ms) / 1000),
            "waymark_proof_rounds_total": self.rounds,
        }
