"""Doing what bulks ask for: a few jobs at a time, each a turn of so many items, then the next one's.

Runs in every process that serves the API. A job belongs to one of them at a time (`codes.jobs`); what a killed one has
begun, another does again, and finds the codes that are there already by their ids.
"""

import asyncio
import logging
import secrets
import uuid
from collections import deque
from contextlib import suppress
from hashlib import blake2b

import msgspec

from api.context import ApiContext
from api.dialects.exaroutes import from_wire
from api.dialects.exaroutes.schemas import redirect_url
from api.parsing import parse_object
from api.problems import EXPECTED_ERRORS, Problem, problem_of
from codes.errors import Unavailable
from codes.jobs import Job, Jobs, Result
from infra.fair_queue import TooMany
from schemas.code import Code

_log = logging.getLogger("waymark.api")

# How many jobs have a turn at the same time, how many items of each are under way, and how many items a turn has. So
# a huge job takes no more of the loop and of Redis than a few callers do, and a small one waits for a turn, not for
# its end.
AT_ONCE = 2
ITEMS = 3
TURN = 25
# How often to look for jobs that others have left, or that came while all were idle.
EVERY_S = 0.5


class Made(msgspec.Struct, frozen=True, omit_defaults=True):
    """An item of which there is a code now, and all that its picture needs."""

    id: str
    url: str
    format: str
    style: dict[str, object] | None = None


class Fault(msgspec.Struct, frozen=True):
    """Why there is none."""

    code: str
    message: str
    field: str | None = None


def made(code: Code, base: str) -> Result:
    found = Made(code.slug, redirect_url(code, base), code.image_format or "png", code.style)
    return Result(True, msgspec.json.encode(found))


def failed(problem: Problem) -> Result:
    return Result(False, msgspec.json.encode(Fault(problem.code, problem.message, problem.field)))


async def keep_working(context: ApiContext, stop: asyncio.Event, *, every_s: float = EVERY_S) -> None:
    """Until `stop`; then what is under way is finished, and the rest is left to whoever is next."""
    jobs = Jobs(context.codes.redis, plans=context.codes.plans)
    async with asyncio.TaskGroup() as tasks:
        for _ in range(AT_ONCE):
            tasks.create_task(_run(context, jobs, stop, every_s))


async def _run(context: ApiContext, jobs: Jobs, stop: asyncio.Event, every_s: float) -> None:
    while not stop.is_set():
        try:
            worked = await turn(context, jobs, stop)
        except Unavailable:
            # Nothing is lost by waiting: what has no result is pending still.
            worked = False
        if not worked:
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), every_s)


async def turn(context: ApiContext, jobs: Jobs, stop: asyncio.Event) -> bool:
    """One job's turn, if there is one that nobody has. Raises Unavailable."""
    for one in await jobs.waiting():
        token = secrets.token_hex(8)
        if not await jobs.lease(one, token):
            continue
        job = await jobs.get(one.id)
        try:
            if job is not None and job.state in ("queued", "processing"):
                await _work(context, jobs, job, token, stop)
                return True
            await jobs.close(one)
        finally:
            # A lease that cannot be given back ends by itself.
            with suppress(Unavailable):
                await jobs.release(one, token)
    return False


async def _work(context: ApiContext, jobs: Jobs, job: Job, token: str, stop: asyncio.Event) -> None:
    waiting = deque(await jobs.pending(job, TURN))

    async def do() -> None:
        while waiting and not stop.is_set():
            at, raw = waiting.popleft()
            (found,) = await asyncio.gather(outcome(context, job, at, raw), return_exceptions=True)
            if not await jobs.record(job, token, at, _result(found, job, at)):
                waiting.clear()

    async def renew() -> None:
        while True:
            await asyncio.sleep(jobs.lease_ms / 3000)
            if not await jobs.renew(job.id, token):
                waiting.clear()

    renewing = asyncio.create_task(renew())
    try:
        found = await asyncio.gather(*(do() for _ in range(ITEMS)), return_exceptions=True)
    finally:
        renewing.cancel()
        await asyncio.gather(renewing, return_exceptions=True)
    for error in found:
        if error is not None:
            raise error


def _result(found: Result | BaseException, job: Job, at: int) -> Result:
    """A defect that an item brings to light must not stop all others, at this start and at every other."""
    if isinstance(found, Result):
        return found
    if isinstance(found, Unavailable) or not isinstance(found, Exception):
        raise found
    _log.error("item %d of bulk %s", at, job.id, exc_info=found)
    return failed(problem_of(found))


async def outcome(context: ApiContext, job: Job, at: int, raw: bytes) -> Result:
    """The item as a code, made once however often it is asked for, or why it cannot be one. Raises Unavailable."""
    try:
        new = await from_wire.new_code(context, parse_object(raw), job.created_by, job.workspace)
        new = msgspec.structs.replace(new, id=item_id(job.id, at), one_of_many=True)
        return made(await context.codes.create(job.workspace, new), context.settings.short_url)
    except EXPECTED_ERRORS as error:
        problem = from_wire.at_data(problem_of(error))
        if problem.status == 503 or isinstance(error, TooMany):
            raise Unavailable(problem.message) from error
        return failed(problem)


def item_id(job: str, at: int) -> str:
    """The id of the code that an item becomes: the same at every attempt, and nobody else's."""
    digest = blake2b(f"{job}:{at}".encode(), digest_size=16).digest()
    return str(uuid.UUID(bytes=digest, version=4))
