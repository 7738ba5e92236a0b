"""Uploads: a file that is sent as a form, as browsers and curl do."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from hashlib import blake2b

from starlette.datastructures import UploadFile
from starlette.requests import Request

from api.problems import invalid
from infra.fair_queue import FairQueue

CHUNK = 256 * 1024
# A form may have other fields beside its file; they are ignored.
MAX_FIELDS = 8

# A file is on the disk while it is sent and kept: so many of one workspace at a time, and of all.
OWN_AT_ONCE = 4
AT_ONCE = 16
MAX_WAITING = 16


def upload_queue() -> FairQueue:
    """Where uploads of one process take turns."""
    return FairQueue(AT_ONCE, own_at_once=OWN_AT_ONCE)


@asynccontextmanager
async def turn(queue: FairQueue, workspace: int) -> AsyncIterator[None]:
    """Raises TooMany."""
    await queue.enter(workspace, MAX_WAITING)
    try:
        yield
    finally:
        queue.leave(workspace)


async def sent_file(request: Request) -> UploadFile:
    """The part named `file`, which lives until the request is closed. Raises Problem (400)."""
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        raise invalid("file", "the body must be a form (multipart/form-data) with a part named file", "missing_field")
    part = (await request.form(max_files=1, max_fields=MAX_FIELDS)).get("file")
    if not isinstance(part, UploadFile):
        raise invalid("file", "file is missing: a part of the form, with a file name", "missing_field")
    return part


async def chunks(part: UploadFile) -> AsyncIterator[bytes]:
    """The whole file, from its beginning."""
    await part.seek(0)
    while chunk := await part.read(CHUNK):
        yield chunk


async def digest(request: Request) -> bytes:
    """Equal for the same file, however the client built the form."""
    part = await sent_file(request)
    found = blake2b(f"{part.filename}\n{part.content_type}\n".encode(), digest_size=20)
    async for chunk in chunks(part):
        found.update(chunk)
    return found.digest()
