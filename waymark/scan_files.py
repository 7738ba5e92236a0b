"""Files of scans for the command, which asks the running core or, without one, opens the warehouse itself."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import UTC, datetime

import msgspec
from starlette.responses import Response, StreamingResponse

from analytics import scan_rows
from analytics.query import code_names
from analytics.query.grammar import parse
from analytics.query.refusal import Refused
from analytics.scan_rows import Contents, Selection, contents
from api.context import ApiContext
from api.problems import EXPECTED_ERRORS, problem_of
from codes import workspaces
from codes.code_table import TooManyCodes
from codes.csv_safety import escape_formulas_sql
from codes.plans import known
from codes.redis_client import connect
from codes.service import Codes
from infra import fair_queue
from infra.fair_queue import Owner
from infra.migrate import migrate
from infra.raw_output import FORMATS, RawOutput, raw_output
from infra.warehouse import Warehouse
from waymark.settings import Settings
from waymark.wiring import room_settings

# The whole of a workspace: its owner is at the machine.
_MOST = 1 << 62
_LIMIT_S = 24 * 3600
ROWS = "Rows"


class NotWritten(RuntimeError):
    """Says why."""


class Wanted(msgspec.Struct, frozen=True):
    """A file of scans; `date_range`, `timezone` and `kinds` as in a question."""

    workspace: str
    format: str
    date_range: list[str] | str = "all"
    timezone: str = "UTC"
    kinds: list[str] = []


async def answer(context: ApiContext | None, body: bytes) -> Response:
    """The core's answer: the file, with the number of its rows in a header; or 400 and why there is none."""
    wanted = msgspec.json.decode(body, type=Wanted)
    if context is None:
        return Response("no API runs in this process", 400)
    complete = context.complete_until()
    try:
        selection = await _selection(context.codes, wanted, context.now(), complete)
        fair_queue.owner.set(Owner(selection.workspace, key="command"))
        found = await context.questions.ask(contents, selection, most=_MOST, escape=_escape(wanted))
    except NotWritten as error:
        return Response(str(error), 400)
    except EXPECTED_ERRORS as error:
        return Response(problem_of(error).message, 400)
    parts: AsyncIterator[bytes] = context.exports.parts(found, FORMATS[wanted.format])
    return StreamingResponse(parts, headers={ROWS: str(found.rows)})


@contextlib.contextmanager
def opened(settings: Settings, warehouse: Warehouse, redis_url: str, wanted: Wanted) -> Iterator[tuple[int, RawOutput]]:
    """The number of rows, and the file. Blocks; raises NotWritten, Unavailable of codes and what clickhouse-connect
    raises."""
    client = warehouse.connect(max_threads=1)
    try:
        migrate(client)

        async def ask(selection: Selection) -> Contents:
            return contents(client, selection, most=_MOST, escape=_escape(wanted))

        found = asyncio.run(_found(settings, redis_url, wanted, ask))
    finally:
        client.close()
    with raw_output(warehouse, found.sql, found.parameters, FORMATS[wanted.format], limit_s=_LIMIT_S) as output:
        yield found.rows, output


async def _found(
    settings: Settings, redis_url: str, wanted: Wanted, ask: Callable[[Selection], Awaitable[Contents]]
) -> Contents:
    redis = connect(redis_url)
    try:
        codes = Codes(redis, own_hosts=room_settings.own_hosts(settings), plans=known(settings.plans))
        return await ask(await _selection(codes, wanted, datetime.now(UTC), None))
    except Refused as error:
        raise NotWritten(str(error)) from None
    finally:
        await redis.aclose()


async def _selection(codes: Codes, wanted: Wanted, now: datetime, complete: datetime | None) -> Selection:
    """Raises Refused, NotWritten and Unavailable of codes."""
    found = {each.name: each for each in await workspaces.all_workspaces(codes.redis)}
    if wanted.workspace not in found:
        raise NotWritten(f"there is no workspace {wanted.workspace!r}")
    question = {"metrics": ["scans"], "date_range": wanted.date_range, "timezone": wanted.timezone}
    query = parse(question | ({"kinds": wanted.kinds} if wanted.kinds else {}))
    number = found[wanted.workspace].number
    try:
        attributes = await codes.attributes(number)
    except TooManyCodes as error:
        raise NotWritten(f"the workspace has too many codes ({error})") from None
    return Selection(code_names.named(query, attributes), number, now, min(now, complete or now), attributes)


def _escape(wanted: Wanted) -> Callable[[str], str]:
    return escape_formulas_sql if wanted.format == "csv" else scan_rows.as_it_is
