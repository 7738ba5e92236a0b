"""What questions need of each code of a workspace: id, slug, folder, tags, domain, destination and label, in memory.

A question over 100,000 codes cannot read them all from Redis. So each process keeps tables of the workspaces that asked
lately, and brings one up to date before each question by the workspace's stream of changes: an edit that was answered
before the question is in it. A table that cannot be brought up to date, because the stream has been cut meanwhile or
Redis was restored from a backup, is read anew.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
from redis.asyncio import Redis

from codes import index
from codes.code_store import CHANGES_KEPT
from codes.redis_client import command, raises_unavailable
from schemas import keys
from schemas.code import Code

# Codes of one workspace that are held in memory at most, about 600 bytes each; and of all workspaces together, of which
# those that asked last stay.
MAX_CODES = 500_000
MAX_ALL_CODES = 1_000_000
_PAGE = 1_000


class TooManyCodes(Exception):
    """The workspace has more than MAX_CODES codes."""


class CodeRow(msgspec.Struct, frozen=True, gc=False):
    """The attributes of one code; `number` is its birth, under which its scans are counted. "" is none."""

    number: int
    id: str
    host: str
    slug: str
    label: str
    folder_id: str
    tags: tuple[str, ...]
    destination: str


class CodeTable:
    """The codes of a workspace as they were at one moment; never changed, so threads may read it."""

    def __init__(self, rows: Mapping[int, CodeRow], by_id: Mapping[str, int]) -> None:
        self.rows = rows
        self._by_id = by_id
        self._groups: dict[str, Mapping[str, Sequence[int]]] = {}

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def by_id(self) -> Mapping[str, int]:
        return self._by_id

    def groups(self, attribute: str) -> Mapping[str, Sequence[int]]:
        """The numbers of the codes with each value of an attribute: `host`, `slug`, `label`, `folder_id`,
        `destination` or `tags`. A code without tags has the value ""; one with several is in each group."""
        found = self._groups.get(attribute)
        if found is None:
            found = self._groups[attribute] = self._grouped(attribute)
        return found

    def _grouped(self, attribute: str) -> Mapping[str, Sequence[int]]:
        groups: dict[str, list[int]] = {}
        for number, row in self.rows.items():
            value = getattr(row, attribute)
            for each in (value or ("",)) if attribute == "tags" else (value,):
                groups.setdefault(each, []).append(number)
        return groups

    def changed(self, gone: Iterable[str], rows: Iterable[CodeRow]) -> "CodeTable":
        """The table without the codes of these ids, and with these rows."""
        mine, by_id = dict(self.rows), dict(self._by_id)
        for id in gone:
            if (number := by_id.pop(id, None)) is not None:
                del mine[number]
        for row in rows:
            mine[row.number] = row
            by_id[row.id] = row.number
        return CodeTable(mine, by_id)


EMPTY = CodeTable({}, {})


class _Kept(msgspec.Struct):
    """A table, and the last change in it ("" before the first)."""

    table: CodeTable
    last: bytes


class CodeTables:
    """The tables of the workspaces that asked lately, one set for each process."""

    def __init__(self, redis: Redis, *, max_codes: int = MAX_CODES, max_all: int = MAX_ALL_CODES) -> None:
        self._redis = redis
        self._max_codes = max_codes
        self._max_all = max_all
        # Who asked last comes last.
        self._kept: OrderedDict[int, _Kept] = OrderedDict()
        self._locks: dict[int, asyncio.Lock] = {}

    @raises_unavailable
    async def table(self, workspace: int) -> CodeTable:
        """The codes of a workspace with every change that was answered before this call. Raises Unavailable and
        TooManyCodes."""
        lock = self._locks.setdefault(workspace, asyncio.Lock())
        async with lock:
            kept = await self._current(workspace)
            self._kept[workspace] = kept
            self._kept.move_to_end(workspace)
            self._forget()
            return kept.table

    async def _current(self, workspace: int) -> _Kept:
        kept = self._kept.get(workspace)
        if kept is not None and (current := await self._caught_up(workspace, kept)) is not None:
            return current
        self._kept.pop(workspace, None)
        while True:
            read = await self._read(workspace)
            # What changed while it was being read.
            if (current := await self._caught_up(workspace, read)) is not None:
                return current

    async def _caught_up(self, workspace: int, kept: _Kept) -> _Kept | None:
        """The table with the changes since; None if these are no longer known."""
        at = keys.workspace_changes(workspace)
        entries: Any = await self._redis.xrange(at, min=kept.last or "-")
        if kept.last:
            if not entries or entries[0][0] != kept.last:
                return None
            entries = entries[1:]
        elif len(entries) >= CHANGES_KEPT:
            return None
        if not entries:
            return kept
        ids = list(dict.fromkeys(fields[b"id"].decode() for _, fields in entries))
        table = kept.table
        for start in range(0, len(ids), _PAGE):
            table = await self._changed(table, ids[start : start + _PAGE])
        self._check_size(len(table))
        return _Kept(table, entries[-1][0])

    async def _changed(self, table: CodeTable, ids: list[str]) -> CodeTable:
        rows = await read_rows(self._redis, ids, {})
        found = {row.id for row in rows}
        # They are gone, or moving: a code that moves now is no less there.
        others = await index.read(self._redis, [id for id in ids if id not in found])
        rows += [row_of(code) for code in others if code is not None]
        return table.changed(ids, rows)

    async def _read(self, workspace: int) -> _Kept:
        at = keys.workspace_changes(workspace)
        last: Any = await self._redis.xrevrange(at, count=1)
        self._check_size(await index.count(self._redis, workspace))
        shared: dict[Any, Any] = {}
        rows: dict[int, CodeRow] = {}
        before = None
        while page := await index.page_before(self._redis, workspace, _PAGE, before):
            for row in await read_rows(self._redis, [id for id, _ in page], shared):
                rows[row.number] = row
            before = page[-1][1]
        table = CodeTable(rows, {row.id: row.number for row in rows.values()})
        return _Kept(table, last[0][0] if last else b"")

    def _check_size(self, codes: int) -> None:
        if codes > self._max_codes:
            raise TooManyCodes(f"{codes} codes")

    def _forget(self) -> None:
        """Forget the tables that were asked least lately, all but the last one, until the others fit."""
        held = sum(len(each.table) for each in self._kept.values())
        while held > self._max_all and len(self._kept) > 1:
            workspace, oldest = self._kept.popitem(last=False)
            held -= len(oldest.table)
            if not self._locks[workspace].locked():
                del self._locks[workspace]


def row_of(code: Code) -> CodeRow:
    return CodeRow(
        number=code.birth,
        id=code.id,
        host=code.host,
        slug=code.slug,
        label=code.label or "",
        folder_id=code.folder_id or "",
        tags=code.tags,
        destination=code.destination,
    )


class _StoredCode(msgspec.Struct, gc=False):
    """The part of a stored code that a row needs; the rest is skipped while it is decoded."""

    id: str
    birth: int
    slug: str
    destination: str
    host: str = ""
    label: str | None = None
    tags: tuple[str, ...] = ()
    folder_id: str | None = None


class _StoredRecord(msgspec.Struct, gc=False):
    code: _StoredCode | None = None


_decoder = msgspec.json.Decoder(_StoredRecord)


async def read_rows(redis: Redis, ids: list[str], shared: dict[Any, Any]) -> list[CodeRow]:
    """The rows of the live codes among `ids`, in two round trips. What many codes have in common (`shared`) is held
    once. A code that moves meanwhile is left out: its move is a change that the caller reads next."""
    pointers = await command(redis, "MGET", *map(keys.code_id, ids))
    at = [keys.code(keys.link_key(*index.split(raw))) for raw in pointers if raw]
    if not at:
        return []
    rows = []
    wanted = set(ids)
    for raw in await command(redis, "MGET", *at):
        code = _decoder.decode(raw).code if raw else None
        if code is None or code.id not in wanted:
            continue
        rows.append(
            CodeRow(
                number=code.birth,
                id=code.id,
                host=shared.setdefault(code.host, code.host),
                slug=code.slug,
                label=code.label or "",
                folder_id=shared.setdefault(code.folder_id or "", code.folder_id or ""),
                tags=shared.setdefault(code.tags, code.tags),
                destination=shared.setdefault(code.destination, code.destination),
            )
        )
    return rows
