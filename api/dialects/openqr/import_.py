"""`POST /v1/import`: codes from an export of another service, with what came of each entry as it happens.

The answer is a stream of lines, so that whoever waits sees the progress, and nothing is kept for them. An import that
was cut off is sent again: each code is made once (`codes.importing.importer`).
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from typing import Annotated, Any

import msgspec
from msgspec import Meta
from starlette.responses import Response, StreamingResponse

from api import upload
from api.dialect import Call, Route
from api.parameters import Parameter
from api.problems import invalid
from codes import folders
from codes.errors import Unavailable
from codes.importing.formats import FORMATS, Export
from codes.importing.importer import ImportOptions, Outcome, outcomes
from codes.importing.types import UnreadableFile
from infra.fair_queue import FairQueue

MAX_BYTES = 8 << 20
# Of one workspace; a third is refused.
WAITING = 1
MEDIA = "application/x-ndjson"
_OWN = b'{"is":"waymark"'

FORMAT = Parameter(
    "format",
    "query",
    "The service whose export it is. Without it that is found out from the fields.",
    {"type": "string", "enum": list(FORMATS)},
)
DRY_RUN = Parameter(
    "dry_run",
    "query",
    "`1`: say what would be made, and make nothing.",
    {"type": "string", "enum": ["0", "1"], "default": "0"},
)
ONLY = Parameter(
    "only", "query", "Only links of this domain of the export.", {"type": "string", "examples": ["go.example.com"]}
)
ONTO = Parameter(
    "onto",
    "query",
    "The verified domain of the workspace that gets the codes.",
    {"type": "string", "examples": ["go.example.com"]},
)
FOLDER = Parameter("folder_id", "query", "The folder of the new codes.", {"type": "string", "format": "uuid"})


class ImportBegin(msgspec.Struct, frozen=True):
    """The first line."""

    format: str
    title: str
    entries: int
    missing: Annotated[int, Meta(description="How many links of the service are not in the file.")]


class ImportEntry(msgspec.Struct, frozen=True):
    """A line for each entry of the file, in its order; of a CSV, `entry` is the line of the file."""

    entry: int
    outcome: str
    slug: str
    aliases: tuple[str, ...]
    destination: str
    id: str
    reason: str
    left_out: list[str]


class ImportEnd(msgspec.Struct, frozen=True):
    """The last line; an answer without it was cut off."""

    counts: dict[str, int]
    # Why it ended before the last entry.
    error: str | None = None


async def import_codes(call: Call) -> Response:
    options = _options(call)
    if options.folder_id and not await folders.exists(call.context.codes.redis, call.key.workspace, options.folder_id):
        raise invalid("folder_id", "there is no such folder", "unknown_folder")
    if options.onto and not await call.context.domains.is_usable(call.key.workspace, options.onto):
        raise invalid("onto", "onto must be a verified domain of this workspace", "unknown_domain")
    part = await upload.sent_file(call.request)
    content = await part.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise invalid(
            "file",
            f"the file has at most {MAX_BYTES >> 20} MB here; `waymark import` on the server takes larger ones",
            "file_too_large",
        )
    if content.startswith(_OWN):
        raise invalid(
            "file", "this is an export of Waymark: `waymark import` on the server reads it", "unreadable_file"
        )
    queue = call.context.imports
    await queue.enter(call.key.workspace, WAITING)
    try:
        # Reading takes a second or two.
        export = await asyncio.to_thread(Export, content, options.service or None, call.context.now_ms)
    except UnreadableFile as error:
        queue.leave(call.key.workspace)
        raise invalid("file", str(error), "unreadable_file") from None
    except BaseException:
        queue.leave(call.key.workspace)
        raise
    lines = _lines(call, export, msgspec.structs.replace(options, service=export.format.NAME))
    return _Stream(lines, queue, call.key.workspace)


def _options(call: Call) -> ImportOptions:
    query = call.request.query_params
    name = query.get("format", "")
    if name and name not in FORMATS:
        raise invalid("format", f"format must be one of {', '.join(FORMATS)}")
    dry_run = query.get("dry_run", "0")
    if dry_run not in ("0", "1"):
        raise invalid("dry_run", "dry_run must be 0 or 1")
    return ImportOptions(
        call.key.workspace,
        query.get("onto", "").lower(),
        query.get("only", ""),
        dry_run == "1",
        name,
        folder_id=query.get("folder_id") or None,
    )


class _Stream(StreamingResponse):
    """Leaves the queue when it ends, however it ends."""

    def __init__(self, lines: AsyncIterator[bytes], queue: FairQueue, workspace: int) -> None:
        super().__init__(lines, media_type=MEDIA, headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        self._leave = (queue, workspace)

    async def __call__(self, *asgi: Any) -> None:
        queue, workspace = self._leave
        try:
            await super().__call__(*asgi)
        finally:
            queue.leave(workspace)


async def _lines(call: Call, export: Export, options: ImportOptions) -> AsyncIterator[bytes]:
    yield _line(ImportBegin(export.format.NAME, export.format.TITLE, len(export), export.missing))
    counts: Counter[str] = Counter()
    error = None
    try:
        async for outcome in outcomes(call.context.codes, export.entries(), options):
            counts[outcome.outcome] += 1
            yield _line(_entry(outcome))
    except Unavailable:
        error = "The store of codes does not answer. Import the same file again: each code is made once."
    yield _line(ImportEnd(dict(counts), error))


def _entry(outcome: Outcome) -> ImportEntry:
    return ImportEntry(
        outcome.entry,
        outcome.outcome,
        outcome.slug,
        outcome.aliases,
        outcome.destination,
        outcome.id,
        outcome.reason,
        [str(lost) for lost in outcome.left_out],
    )


def _line(struct: msgspec.Struct) -> bytes:
    return msgspec.json.encode(struct) + b"\n"


ROUTES = (
    Route(
        method="POST",
        path="/v1/import",
        scope="write",
        summary="Import codes",
        description="An export of Bitly, Shlink, YOURLS, Kutt, Dub or Chhoto URL, or a CSV with `slug` and "
        "`destination`, of up to 8 MB. Answers with lines of JSON as the import goes on: one that says what was found, "
        "one for each entry (`made`, `there` from an earlier import, `would be made`, `skipped` with its `reason`; "
        "`left_out` is what of it does not fit), and one with the counts. Send the same file again after an "
        "interruption: each code is made once. Past scans stay behind; `waymark import` brings them along.",
        handler=import_codes,
        status=200,
        answer=None,
        upload=True,
        parameters=(FORMAT, DRY_RUN, ONLY, ONTO, FOLDER),
        problems=(400,),
        media=(MEDIA,),
    ),
)
