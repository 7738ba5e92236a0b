"""Create the codes of bulks in the background: a few jobs at a time, each for a turn of some items.

Runs in every process that serves the API. One process at a time holds a job (`codes.jobs`). After a crash another
process repeats the items under way, and finds the codes that exist already by their ids.
"""

import asyncio
import logging
import secrets
import uuid
from collections import deque
from contextlib import suppress
from hashlib import blake2b
from typing import Literal

import msgspec

from api.context import ApiContext
from api.dialects.exaroutes import from_wire
from api.dialects.exaroutes.to_wire import redirect_url
from api.parsing import parse_object
from api.problems import EXPECTED_ERRORS, Problem, problem_of
from codes.errors import Unavailable
from codes.jobs import Job, Jobs, Result
from codes.work_signals import WorkSignals
from infra.fair_queue import TooMany
from schemas.code import Code

_log = logging.getLogger("waymark.api")

# How many jobs have a turn concurrently, how many items of each are under way, and how many items a turn has. So a huge
# job takes no more of the loop and of Redis than a few callers do, and a small job waits for a turn, not for its end.
CONCURRENT_JOBS = 2
CONCURRENT_ITEMS = 3
ITEMS_A_TURN = 25
# How often an idle worker that nobody tells of jobs looks for them, and how often one while others hold them all.
POLL_S = 0.5


# Whether a job had a turn; if not, whether there are any.
Turn = Literal["worked", "held", "none"]


class Created(msgspec.Struct, frozen=True, omit_defaults=True):
    """An item that became a code, with all that its picture needs."""

    id: str
    url: str
    format: str
    style: dict[str, object] | None = None


class Failed(msgspec.Struct, frozen=True):
    """Why an item failed."""

    code: str
    message: str
    field: str | None = None


def success(code: Code, base: str) -> Result:
    created = Created(code.slug, redirect_url(code, base), code.image_format or "png", code.style)
    return Result(True, msgspec.json.encode(created))


def failure(problem: Problem) -> Result:
    return Result(False, msgspec.json.encode(Failed(problem.code, problem.message, problem.field)))


async def run(context: ApiContext, stop: asyncio.Event, *, poll_s: float = POLL_S) -> None:
    """Work until `stop`; then finish the items under way and leave the rest to another process."""
    jobs = Jobs(context.codes.redis, plans=context.codes.plans)
    signals = context.signals or WorkSignals(context.codes.redis)
    async with asyncio.TaskGroup() as tasks:
        for _ in range(CONCURRENT_JOBS):
            tasks.create_task(_run_turns(context, jobs, signals, stop, poll_s))


async def _run_turns(context: ApiContext, jobs: Jobs, signals: WorkSignals, stop: asyncio.Event, poll_s: float) -> None:
    news = asyncio.Event()
    stopping = asyncio.create_task(_set_after(stop, news))
    try:
        with signals.setting("jobs", news):
            while not stop.is_set():
                news.clear()
                turn: Turn = "held"
                # Unavailable: nothing is lost, items without a result stay pending.
                with suppress(Unavailable):
                    turn = await run_turn(context, jobs, stop)
                if turn != "worked" and not stop.is_set():
                    with suppress(TimeoutError):
                        await asyncio.wait_for(news.wait(), poll_s if turn == "held" else signals.patience(poll_s))
    finally:
        stopping.cancel()


async def _set_after(stop: asyncio.Event, news: asyncio.Event) -> None:
    await stop.wait()
    news.set()


async def run_turn(context: ApiContext, jobs: Jobs, stop: asyncio.Event) -> Turn:
    """Give one job a turn, if there is one that no process holds. Raises Unavailable."""
    waiting = await jobs.waiting()
    for one in waiting:
        token = secrets.token_hex(8)
        if not await jobs.lease(one, token):
            continue
        job = await jobs.get(one.id)
        try:
            if job is not None and job.state in ("queued", "processing"):
                await _work(context, jobs, job, token, stop)
                return "worked"
            await jobs.close(one)
        finally:
            # A lease that cannot be released expires by itself.
            with suppress(Unavailable):
                await jobs.release(one, token)
    return "held" if waiting else "none"


async def _work(context: ApiContext, jobs: Jobs, job: Job, token: str, stop: asyncio.Event) -> None:
    waiting = deque(await jobs.pending(job, ITEMS_A_TURN))

    async def do() -> None:
        while waiting and not stop.is_set():
            at, raw = waiting.popleft()
            (found,) = await asyncio.gather(create_item(context, job, at, raw), return_exceptions=True)
            if not await jobs.record(job, token, at, _result(found, job, at)):
                waiting.clear()

    async def renew() -> None:
        while True:
            await asyncio.sleep(jobs.lease_ms / 3000)
            if not await jobs.renew(job.id, token):
                waiting.clear()

    renewing = asyncio.create_task(renew())
    try:
        found = await asyncio.gather(*(do() for _ in range(CONCURRENT_ITEMS)), return_exceptions=True)
    finally:
        renewing.cancel()
        await asyncio.gather(renewing, return_exceptions=True)
    for error in found:
        if error is not None:
            raise error


def _result(found: Result | BaseException, job: Job, at: int) -> Result:
    """An item that triggers a defect fails alone; it must not stop the others, now and after every restart."""
    if isinstance(found, Result):
        return found
    if isinstance(found, Unavailable) or not isinstance(found, Exception):
        raise found
    _log.error("item %d of bulk %s", at, job.id, exc_info=found)
    return failure(problem_of(found))


async def create_item(context: ApiContext, job: Job, at: int, raw: bytes) -> Result:
    """Create the code of an item, once however often this runs, or fail with the reason. Raises Unavailable."""
    try:
        new = await from_wire.new_code(context, parse_object(raw), job.created_by, job.workspace)
        new = msgspec.structs.replace(new, id=item_id(job.id, at), one_of_many=True)
        async with context.replication.confirmed():
            code = await context.codes.create(job.workspace, new)
        return success(code, context.settings.short_url)
    except EXPECTED_ERRORS as error:
        problem = from_wire.with_sent_field(problem_of(error))
        if problem.status == 503 or isinstance(error, TooMany):
            raise Unavailable(problem.message) from error
        return failure(problem)


def item_id(job: str, at: int) -> str:
    """The id of an item's code: the same at every attempt, and unique."""
    digest = blake2b(f"{job}:{at}".encode(), digest_size=16).digest()
    return str(uuid.UUID(bytes=digest, version=4))
