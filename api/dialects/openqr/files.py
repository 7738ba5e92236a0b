"""`/v1/files`: upload, list and delete the files that pages show."""

import asyncio
import logging
from contextlib import suppress
from typing import Annotated

import msgspec
from msgspec import Meta
from starlette.responses import Response

from api import upload
from api.context import ApiContext
from api.dialect import Call, Route
from api.dialects.openqr import examples
from api.dialects.openqr.schemas import Deleted
from api.parameters import Parameter
from api.problems import not_found
from api.responses import Json
from codes.errors import Missing, Unavailable
from schemas.files import StoredFile

RECLAIM_EVERY_S = 15 * 60.0

_log = logging.getLogger("waymark.api")


class File(msgspec.Struct, frozen=True):
    """A file, as `content` takes it (`fileContent`, `imagesContent`)."""

    file_id: str
    file_path: Annotated[str, Meta(description="The path where every short host serves it.")]
    file_name: str
    content_type: Annotated[str, Meta(description="Detected from its first bytes.")]
    size_bytes: int


class FileList(msgspec.Struct, frozen=True):
    files: list[File]


ID = Parameter("id", "path", "The file's `file_id`.", {"type": "string", "format": "uuid"})


def _file(file: StoredFile) -> File:
    return File(file.id, file.path, file.name, file.content_type, file.size)


async def reclaim_files(context: ApiContext, stop: asyncio.Event) -> None:
    """Delete what crashes have left of uploads and deletions, every 15 minutes until `stop`."""
    while not stop.is_set():
        try:
            await context.files.reclaim()
        except Unavailable as error:
            # Nothing is forgotten; the next round tries again.
            _log.warning("files were not reclaimed: %s", error)
        with suppress(TimeoutError):
            async with asyncio.timeout(RECLAIM_EVERY_S):
                await stop.wait()


async def upload_file(call: Call) -> Response:
    part = await upload.sent_file(call.request)
    kept = await call.context.files.put(
        call.key.workspace,
        part.filename or "",
        part.content_type or "",
        upload.chunks(part),
        id=call.id(),
        created_by=call.key.id,
    )
    return Json(_file(kept), 201)


async def list_files(call: Call) -> Response:
    return Json(FileList([_file(file) for file in await call.context.files.all(call.key.workspace)]))


async def delete_file(call: Call) -> Response:
    try:
        await call.context.files.delete(call.key.workspace, call.request.path_params["id"])
    except Missing:
        raise not_found("there is no file with this id") from None
    return Json(Deleted())


ROUTES = (
    Route(
        method="POST",
        path="/v1/files",
        scope="write",
        summary="Upload a file",
        description="PDF, PNG, JPEG, GIF, WebP, AVIF, MP3, MP4 or WebM; the type is detected from the first bytes. The "
        "answer fits into `content` as it is.",
        handler=upload_file,
        status=201,
        answer=File,
        upload=True,
        creates=True,
        problems=(400,),
        example=examples.FILE,
    ),
    Route(
        method="GET",
        path="/v1/files",
        scope="read",
        summary="List files",
        description="All files of the workspace, newest first.",
        handler=list_files,
        status=200,
        answer=FileList,
        example={"files": [examples.FILE]},
    ),
    Route(
        method="DELETE",
        path="/v1/files/{id}",
        scope="write",
        summary="Delete a file",
        description="It is no longer served. Pages that show it have a gap in its place.",
        handler=delete_file,
        status=200,
        answer=Deleted,
        parameters=(ID,),
        problems=(404,),
        example={"deleted": True},
    ),
)
