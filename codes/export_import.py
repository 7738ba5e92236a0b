"""Export and import of everything: one JSON object a line, the last line with their number.

An export holds workspaces, keys (as digests), folders, reports, styles, shared views, scheduled exports, webhooks
(without secrets), codes with their history, static codes, slugs that were given up, erasures, the metadata of deleted
codes, and the counters; not the visitors' salts, which are meant to be thrown away. Both directions may run while the
service does. An import that was interrupted is run again: what is there already stays as it is.
"""

import asyncio
import re
import secrets
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from pathlib import Path

import msgspec
from redis.asyncio import Redis

from codes import (
    apikeys,
    brandings,
    code_store,
    deleted_codes,
    folders,
    history,
    index,
    intents,
    numbers,
    reports,
    scheduled_exports,
    shared_views,
    slugs,
    static_codes,
    styles,
    webhook_endpoints,
    workspaces,
)
from codes.code_store import LinkChange, WriteResult
from codes.errors import Conflict
from codes.export_lines import (
    BrandingLine,
    CodeLine,
    DeletedCodeLine,
    End,
    ErasureLine,
    ExportLine,
    FolderLine,
    Header,
    KeyLine,
    Line,
    ReportLine,
    SharedViewLine,
    StaticLine,
    StyleLine,
    TombstoneLine,
    WebhookLine,
    WorkspaceLine,
)
from codes.redis_client import command, raises_unavailable
from schemas import keys
from schemas.branding import PLAIN
from schemas.code import (
    Code,
    DeletedCode,
    Erasure,
    StaticCode,
    Workspace,
)
from schemas.route import decode_route

FORMAT = 2
_CHUNK = 100

# Called with how many lines are done and how many there will be (about, while exporting).
Progress = Callable[[int, int], None]


_decoder: msgspec.json.Decoder[Line] = msgspec.json.Decoder(Line)
_host = re.compile(r"[a-z0-9.:_-]{0,255}")


class UnreadableExport(Exception):
    """The file is no complete export, or conflicts with what is stored. Names the line."""


@raises_unavailable
async def export_all(
    redis: Redis, write: Callable[[bytes], object], progress: Progress = lambda done, of: None
) -> Counter[str]:
    """Pass every line to `write`; return the count of each kind (`code`, …). Raises Unavailable."""
    about = await _count(redis)
    done = 0
    counts: Counter[str] = Counter()
    async for line in _everything(redis):
        write(msgspec.json.encode(line) + b"\n")
        done += 1
        counts[str(line.__struct_config__.tag)] += 1
        if done % _CHUNK == 0:
            progress(done, max(done, about))
    counters = [int(await command(redis, "GET", at) or 0) for at in (keys.NUMBERS, keys.WORKSPACE_NUMBERS)]
    write(msgspec.json.encode(End(done, *counters)) + b"\n")
    progress(done, done)
    return counts


async def _everything(redis: Redis) -> AsyncIterator[Line]:
    yield Header(FORMAT)
    for workspace in await workspaces.all_workspaces(redis):
        yield WorkspaceLine(workspace)
        for key in await apikeys.list_keys(redis, workspace.number):
            yield KeyLine(key)
        for folder in await folders.list_folders(redis, workspace.number):
            yield FolderLine(folder)
        for report in await reports.list_reports(redis, workspace.number):
            yield ReportLine(report)
        for style in await styles.list_styles(redis, workspace.number):
            yield StyleLine(style)
        for view in await shared_views.list_views(redis, workspace.number):
            yield SharedViewLine(view)
        for export in await scheduled_exports.list_exports(redis, workspace.number):
            if (period := await scheduled_exports.next_period(redis, export)) is not None:
                yield ExportLine(export, period.first)
        for endpoint in await webhook_endpoints.list_endpoints(redis, workspace.number):
            yield WebhookLine(endpoint)
        if (branding := await brandings.get(redis, workspace.number)) != PLAIN:
            yield BrandingLine(workspace.number, branding)
        before = None
        while rows := await index.page_before(redis, workspace.number, _CHUNK, before):
            for found in await asyncio.gather(*(index.find(redis, id) for id, _ in rows)):
                if found and found.link.code and found.link.route:
                    code = found.link.code
                    used = await command(redis, "GET", keys.scans_used(code.birth))
                    changed = tuple(one.entry for one in await history.read(redis, code, history.KEPT))
                    yield CodeLine(code, found.link.route.version, int(used or 0), changed[::-1])
            before = rows[-1][1]
        async for _, raw in redis.hscan_iter(keys.workspace_statics(workspace.number), count=_CHUNK):
            yield StaticLine(msgspec.json.decode(raw, type=StaticCode))
    async for at in redis.scan_iter(keys.route("*"), count=1000):
        raw = await command(redis, "GET", at)
        route = decode_route(raw) if raw else None
        if route is not None and route.gone:
            host, slug = keys.host_and_slug(at.decode())
            yield TombstoneLine(host, slug, route)
    async for _, raw in redis.hscan_iter(keys.ERASURES):
        yield ErasureLine(msgspec.json.decode(raw, type=Erasure))
    # Unfinished deletions: the code is gone, its erasure is not ordered yet.
    async for _, intent in intents.abandoned(redis, older_than_ms=-intents.SWEEP_MS):
        if intent.op == "delete" and await index.find(redis, intent.id) is None:
            yield ErasureLine(deleted_codes.erasure_of(intent, intent.at_ms))
            if intent.deleted_code is not None:
                yield DeletedCodeLine(intent.deleted_code)
    async for at in redis.scan_iter(keys.deleted_codes(), count=1000):
        raw = await command(redis, "GET", at)
        if raw:
            yield DeletedCodeLine(msgspec.json.decode(raw, type=DeletedCode))


async def _count(redis: Redis) -> int:
    total = 0
    for workspace in await workspaces.all_workspaces(redis):
        total += 1 + await command(redis, "ZCARD", keys.workspace_codes(workspace.number))
        total += await command(redis, "HLEN", keys.workspace_statics(workspace.number))
    return total + int(await command(redis, "HLEN", keys.ERASURES))


def read_lines(path: Path) -> Iterator[tuple[int, Line]]:
    """Yield the lines with their numbers. Raises UnreadableExport."""
    with path.open("rb") as file:
        for number, raw in enumerate(file, 1):
            try:
                line = _decoder.decode(raw)
            except msgspec.DecodeError as error:
                raise UnreadableExport(f"line {number}: {error}") from error
            except RecursionError:
                raise UnreadableExport(f"line {number}: it is nested too deep") from None
            if isinstance(line, CodeLine):
                for slug in code_store.slugs_of(line.code):
                    _check_link_key(number, line.code.host, slug)
                if not index.is_id(line.code.id):
                    raise UnreadableExport(f"line {number}: {line.code.id!r} is not the id of a code")
            if isinstance(line, TombstoneLine):
                _check_link_key(number, line.host, line.slug)
            yield number, line


def _check_link_key(number: int, host: str, slug: str) -> None:
    if not slugs.is_possible(slug) or not _host.fullmatch(host):
        raise UnreadableExport(f"line {number}: {host!r} and {slug!r} are not a host and a slug")


def check_whole(path: Path) -> tuple[End, set[int]]:
    """Read the whole file. Return its counters, raised to the highest numbers in it, and the births of deleted codes,
    those deleted while the export ran included."""
    end, last, highest = None, 0, [0, 0]
    erased: set[int] = set()
    for number, line in read_lines(path):
        if end is not None or (number == 1) != isinstance(line, Header):
            raise UnreadableExport(f"line {number}: an export begins with a line of its own and ends with one")
        last = number
        match line:
            case Header(format=format) if format != FORMAT:
                raise UnreadableExport(f"line 1: format {format} is not known here, only {FORMAT}")
            case CodeLine(code=Code(number=given)) | StaticLine(code=StaticCode(number=given)):
                highest[0] = max(highest[0], given)
            case ErasureLine(erasure=Erasure(birth=given)):
                erased.add(given)
            case WorkspaceLine(workspace=Workspace(number=given)):
                highest[1] = max(highest[1], given)
            case End():
                end = line
    if end is None or end.lines != last - 1:
        raise UnreadableExport(f"the file has been cut: its last line is {last} and not the end")
    return End(end.lines, max(end.numbers, highest[0]), max(end.workspaces, highest[1])), erased


@raises_unavailable
async def import_file(
    redis: Redis, path: Path, *, now_ms: Callable[[], int], progress: Progress = lambda done, of: None
) -> Counter[str]:
    """Import what is not there yet. Return how many of each kind were new (`code`, …) and how many were there already
    (`code there`, …). Raises UnreadableExport, before anything is written if the file is incomplete."""
    end, erased = check_whole(path)
    # First, so that no new code gets a number of the file.
    await numbers.raise_counter(redis, keys.NUMBERS, end.numbers)
    await numbers.raise_counter(redis, keys.WORKSPACE_NUMBERS, end.workspaces)
    counts: Counter[str] = Counter()
    done = 0
    for chunk in _chunks(read_lines(path)):
        outcomes = await asyncio.gather(
            *(_import_line(redis, number, line, now_ms) for number, line in _without(erased, chunk))
        )
        counts.update(outcome for outcome in outcomes if outcome)
        done += len(chunk)
        progress(min(done, end.lines), end.lines)
    return counts


def _chunks(lines: Iterable[tuple[int, Line]]) -> Iterator[list[tuple[int, Line]]]:
    """Group lines that may be imported concurrently: a few, of one kind."""
    chunk: list[tuple[int, Line]] = []
    for number, line in lines:
        if chunk and (len(chunk) >= _CHUNK or type(line) is not type(chunk[0][1])):
            yield chunk
            chunk = []
        chunk.append((number, line))
    if chunk:
        yield chunk


def _without(erased: set[int], lines: list[tuple[int, Line]]) -> Iterator[tuple[int, Line]]:
    """Yield the lines, with tombstones in place of codes that were deleted while the export ran."""
    for number, line in lines:
        if isinstance(line, CodeLine) and line.code.birth in erased:
            for slug in code_store.slugs_of(line.code):
                yield number, TombstoneLine(line.code.host, slug, code_store.tombstone_of(line.code, line.version))
        else:
            yield number, line


async def _import_line(redis: Redis, number: int, line: Line, now_ms: Callable[[], int]) -> str:
    try:
        match line:
            case WorkspaceLine():
                return _named("workspace", await workspaces.import_workspace(redis, line.workspace))
            case KeyLine():
                return _named("key", await apikeys.import_key(redis, line.key))
            case FolderLine():
                return _named("folder", await folders.import_folder(redis, line.folder))
            case ExportLine():
                return _named("export", await scheduled_exports.import_export(redis, line.export, line.next))
            case ReportLine():
                return _named("report", await reports.import_report(redis, line.report))
            case StyleLine():
                return _named("style", await styles.import_style(redis, line.style))
            case SharedViewLine():
                return _named("shared view", await shared_views.import_view(redis, line.view))
            case WebhookLine():
                return _named("webhook", await webhook_endpoints.import_endpoint(redis, line.webhook))
            case BrandingLine():
                return _named("branding", await brandings.import_branding(redis, line.workspace, line.branding))
            case CodeLine():
                return _named("code", await _put_code(redis, line, now_ms()))
            case StaticLine(code=code):
                await _check_number(redis, code)
                return _named("static", await static_codes.put(redis, b"", code, code))
            case TombstoneLine():
                return _named("tombstone", await _put_tombstone(redis, line, now_ms()))
            case ErasureLine(erasure=erasure):
                return _named("erasure", await _put_erasure(redis, erasure))
            case DeletedCodeLine():
                return _named("remains", await deleted_codes.store(redis, line.deleted_code))
            case _:
                return ""
    except Conflict as conflict:
        raise UnreadableExport(f"line {number}: {conflict.message}") from conflict


def _named(kind: str, new: bool) -> str:
    return kind if new else f"{kind} there"


async def _put_code(redis: Redis, line: CodeLine, now_ms: int) -> bool:
    """Import a code; return whether it was new. One that was deleted here stays deleted; one that is here stays."""
    code = line.code
    if await command(redis, "HEXISTS", keys.ERASURES, code.birth) or await index.find(redis, code.id):
        return False
    await _check_number(redis, code)
    at = index.pointer(code.host, code.slug, secrets.token_hex(16))
    while True:
        link = await code_store.read_link(redis, code.host, code.slug)
        written = link.code is not None and link.code.id == code.id
        if not written:
            changes = await code_store.changes_for(redis, link, code, now_ms=now_ms, at_least=line.version + 1)
            if line.used:
                # Before the code, so that no scan passes that was used up elsewhere.
                await command(redis, "SET", keys.scans_used(code.birth), line.used, "NX")
            await history.restore(redis, code, line.history)
            written = await code_store.write(redis, changes, nonce="", imported=True) is WriteResult.DONE
        if written:
            await index.add(redis, code, at)
            return True


async def _put_erasure(redis: Redis, erasure: Erasure) -> bool:
    """Import an erasure; return whether it was new. A live code must not lose its scans to a deletion elsewhere."""
    living = await index.find(redis, erasure.id)
    if living is not None and living.link.code is not None and living.link.code.birth == erasure.birth:
        raise Conflict("erasure", "code_lives", f"the code {erasure.id} was deleted there and lives here: delete one")
    return bool(await command(redis, "HSETNX", keys.ERASURES, erasure.birth, msgspec.json.encode(erasure)))


async def _check_number(redis: Redis, code: Code | StaticCode) -> None:
    """Numbers must be unique in a workspace: lists and Agency's ids tell codes apart by them."""
    holders = await index.with_number(redis, code.workspace, code.number)
    if any(id != code.id for id in holders):
        raise Conflict("number", "number_taken", f"the number {code.number} is another code's here, of id {holders[0]}")


async def _put_tombstone(redis: Redis, line: TombstoneLine, now_ms: int) -> bool:
    link = await code_store.read_link(redis, line.host, line.slug)
    if link.route is not None or link.record is not None:
        return False
    route = msgspec.structs.replace(line.route, version=max(now_ms, line.route.version + 1))
    return await code_store.write(redis, [LinkChange(link, None, route)], nonce="") is WriteResult.DONE
