"""All streams of a process: one read of the feed serves every reader.

The hub follows the feed from where it ended when the first reader came, for as long as there are readers. Each read
names the workspaces that are listened to, and has a column for each selection that says which scans meet it. What a
selection gets is written once, and handed to all its readers.

A reader who resumes reads by itself (`api.stream.stream`) up to a position of the hub, and joins it there. So what the
hub hands to it begins where its own reading ended.
"""

import asyncio
import contextlib
import contextvars
import logging
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import msgspec
from clickhouse_connect.driver.client import Client

from analytics import feed
from analytics.feed import Chunk
from analytics.feed_position import Position
from analytics.query.code_sets import ALL_CODES, CodeSet, nameless
from analytics.query.filters import Parameters
from analytics.types import Unavailable
from api.stream import messages
from api.stream.reader import Reader
from api.stream.sealing import Seal
from api.stream.selection import Selection
from codes import apikeys
from codes.code_attributes import CodeAttributes
from codes.code_table import TooManyCodes
from codes.errors import Unavailable as RedisAway
from codes.position_secret import position_secret
from infra.fair_queue import TooMany
from schemas.scan_record import code_of, record_of

if TYPE_CHECKING:
    from api.context import ApiContext

log = logging.getLogger(__name__)

POLL_S = 0.25
# Scans of one read.
CHUNK = 1000
# Selections that one read can tell apart.
SELECTIONS = 200
# After a read that failed.
PAUSE_S = 1.0
# A key that is revoked ends its streams within this time.
KEYS_S = 10.0


class Full(Exception):
    """There are as many different selections as one read can tell apart."""


class _Group:
    """Readers with the same selection."""

    def __init__(self, selection: Selection) -> None:
        self.selection = selection
        self.readers: set[Reader] = set()


class _Joining(msgspec.Struct, eq=False):
    reader: Reader
    at: "asyncio.Future[Position]"


class Hub:
    """Of one process. It opens nothing before the first reader."""

    def __init__(self, context: "ApiContext") -> None:
        self.position: Position | None = None
        self.seal: Seal
        self._context = context
        self._readers: set[Reader] = set()
        self._groups: dict[str, _Group] = {}
        self._joining: list[_Joining] = []
        self._behind: list[asyncio.Future[None]] = []
        self._following: asyncio.Task[None] | None = None
        self._wake = asyncio.Event()
        self._keys_at = 0.0

    def register(self, reader: Reader) -> None:
        """Before it joins, and while it reads by itself."""
        self._readers.add(reader)
        self._begin()

    async def caught_up(self) -> Position:
        """The hub's position after it has read everything that was stored before this call."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._behind.append(future)
        self._begin()
        await future
        assert self.position is not None
        return self.position

    async def join(self, reader: Reader) -> Position:
        """From the position that this returns on, a registered reader gets its scans from the hub. Raises Full."""
        joining = _Joining(reader, asyncio.get_running_loop().create_future())
        self._joining.append(joining)
        self._begin()
        return await joining.at

    def leave(self, reader: Reader) -> None:
        self._readers.discard(reader)
        self._joining = [joining for joining in self._joining if joining.reader is not reader]
        key = reader.selection.key
        group = self._groups.get(key)
        if group is not None:
            group.readers.discard(reader)
            if not group.readers:
                del self._groups[key]

    def finish(self) -> None:
        """End all streams: the service stops. They may resume elsewhere."""
        for reader in self._readers:
            reader.finish()

    def _begin(self) -> None:
        self._wake.set()
        if self._following is None or self._following.done():
            # Not on behalf of whoever asked first.
            self._following = asyncio.create_task(self._follow(), context=contextvars.Context())

    async def _follow(self) -> None:
        trouble = ""
        try:
            while self._readers:
                try:
                    more = await self._step()
                    trouble = ""
                except (Unavailable, RedisAway, TooMany) as error:
                    # Nothing is skipped: the next read begins where this one did.
                    if not trouble:
                        log.warning("streams wait: %s", error)
                    trouble, more = str(error), False
                if not more:
                    await self._pause(PAUSE_S if trouble else POLL_S, waits=not trouble)
        except Exception:
            log.exception("streams end after a defect")
            for reader in self._readers:
                reader.finish(messages.TROUBLE)
            for joining in self._joining:
                joining.at.cancel()
            for future in self._behind:
                future.cancel()
            self._joining, self._behind = [], []
        finally:
            self.position = None

    async def _pause(self, seconds: float, *, waits: bool) -> None:
        """A client that waits for the hub ends it, but not while engines are away."""
        self._wake.clear()
        if waits and (self._joining or self._behind):
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await (self._wake.wait() if waits else asyncio.Event().wait())

    async def _step(self) -> bool:
        """One read. Whether there is more to read at once."""
        context = self._context
        if self.position is None:
            self.seal = Seal(await position_secret(context.codes.redis))
            self.position = await context.questions.ask(feed.end, context.now_ms())
        self._take_in(self.position)
        await self._check_keys()
        asked, self._behind = self._behind, []
        groups = list(self._groups.values())
        position = self.position
        try:
            chunk = await context.questions.ask(self._read, position, groups)
            payloads = await self._payloads(chunk, groups)
        except BaseException:
            self._behind += asked
            raise
        # From here on nothing waits, so that nobody joins in between.
        for group, payload in zip(groups, payloads, strict=True):
            if payload:
                for reader in group.readers:
                    reader.offer(payload)
        self.position = chunk.end
        if chunk.more:
            self._behind += asked
        else:
            for future in asked:
                if not future.done():
                    future.set_result(None)
        return chunk.more

    def _take_in(self, position: Position) -> None:
        joining, self._joining = self._joining, []
        for each in joining:
            if each.at.done():
                continue
            key = each.reader.selection.key
            if key not in self._groups and len(self._groups) >= SELECTIONS:
                each.at.set_exception(Full())
                continue
            self._groups.setdefault(key, _Group(each.reader.selection)).readers.add(each.reader)
            each.at.set_result(position)

    def _read(self, client: Client, position: Position, groups: Sequence[_Group]) -> Chunk:
        return read(client, position, [group.selection for group in groups], self._context.now_ms())

    async def _payloads(self, chunk: Chunk, groups: Sequence[_Group]) -> list[bytes]:
        """What each group gets."""
        context = self._context
        codes: dict[int, CodeAttributes] = {}
        for workspace in {scan.workspace for scan in chunk.scans}:
            try:
                codes[workspace] = await context.codes.attributes(workspace)
            except TooManyCodes:
                for group in groups:
                    if group.selection.workspace == workspace:
                        for reader in list(group.readers):
                            reader.finish(messages.TROUBLE)
        return await write(context, chunk, [group.selection for group in groups], codes, self.seal)

    async def _check_keys(self) -> None:
        """End the streams of keys that are revoked, or have expired."""
        now = asyncio.get_running_loop().time()
        if now < self._keys_at:
            return
        readers = list(self._readers)
        redis, now_ms = self._context.codes.redis, self._context.now_ms
        for workspace, key in {(reader.selection.workspace, reader.key) for reader in readers}:
            if await apikeys.get_active(redis, workspace, key, now_ms=now_ms) is None:
                for reader in readers:
                    if reader.key == key:
                        reader.finish(messages.REVOKED)
        self._keys_at = now + KEYS_S


def read(
    client: Client, position: Position, selections: Sequence[Selection], now_ms: int, upto: Position | None = None
) -> Chunk:
    """The next scans of the selections' workspaces, and which selections each of them meets, but for their codes."""
    parameters = Parameters()
    conditions = [selection.condition(client, parameters) for selection in selections]
    return feed.after(
        client,
        position,
        CHUNK,
        now_ms=now_ms,
        workspaces={selection.workspace for selection in selections},
        conditions=conditions,
        parameters=parameters.values,
        upto=upto,
    )


async def write(
    context: "ApiContext",
    chunk: Chunk,
    selections: Sequence[Selection],
    codes: Mapping[int, CodeAttributes],
    seal: Seal,
) -> list[bytes]:
    """The messages for each selection."""
    sets = await _code_sets(context, selections, codes)
    written = [bytearray() for _ in selections]
    of_workspace: dict[int, list[int]] = {}
    for place, selection in enumerate(selections):
        of_workspace.setdefault(selection.workspace, []).append(place)
    for at, scan in enumerate(chunk.scans):
        number, known = code_of(scan.record), codes.get(scan.workspace)
        text = b""
        for place in of_workspace[scan.workspace]:
            if known is None or not scan.met[place] or not _holds(sets[place], number):
                continue
            if not text:
                record = record_of(scan.record, known.id_of(number) or nameless(number))
                text = messages.message("scan", record, seal.write(chunk.position(at)))
            written[place] += text
    return [bytes(each) for each in written]


async def _code_sets(
    context: "ApiContext", selections: Sequence[Selection], codes: Mapping[int, CodeAttributes]
) -> list[CodeSet]:
    """The codes of each selection, as they are called now."""
    found = [ALL_CODES] * len(selections)
    about = [
        (place, selection)
        for place, selection in enumerate(selections)
        if selection.codes and selection.workspace in codes
    ]
    if about:

        def look_up(client: Client) -> list[CodeSet]:
            return [selection.code_set(client, codes[selection.workspace]) for _, selection in about]

        for (place, _), codes_found in zip(about, await context.questions.ask(look_up), strict=True):
            found[place] = codes_found
    return found


def _holds(codes: CodeSet, number: int) -> bool:
    return (number in codes.numbers) != codes.excluded
